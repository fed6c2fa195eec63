/**
 * Plans another default version.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { modelFor, versionFor } from "../lookup.ts";
import { defaultText } from "../plans/present.ts";
import { ModelSchema } from "../wire/model.ts";
import { ModelName, VersionName } from "../wire/names.ts";
import { changeAnswer, jsonRequest, needsConfirmation, planned } from "./change_answer.ts";
import { CHANGES, defineTool } from "./tool.ts";

export const setDefaultVersion = defineTool({
  name: "set_default_version",
  title: "Set the default version",
  description: "Sets which version of a model answers when none is named; null for the latest at " +
    "any time. For a model that others use it is planned, and a person has to confirm it.",
  input: z.strictObject({
    model: ModelName,
    version: VersionName.nullable().describe("A version of the model, or null for the latest."),
  }),
  output: changeAnswer({ model: ModelSchema.optional() }),
  scope: "models:write",
  annotations: CHANGES,
  async run(caller, { model, version }) {
    const { api, gateway, principal } = caller;
    await gateway.catalog.refresh();
    const found = modelFor(gateway, principal, model, "move_default");
    const where = { model: {}, version: { pointer: "/version" } };
    const chosen = version === null
      ? undefined
      : versionFor(gateway, principal, found.name, version, "read", where).version.version;
    const path = `/v1/models/${found.name}/default-version`;
    if (!needsConfirmation(caller, found)) {
      const now = chosen === undefined
        ? await api.change<z.infer<typeof ModelSchema>>("DELETE", path)
        : await api.change<z.infer<typeof ModelSchema>>("PUT", path, { version: chosen });
      return { status: "done" as const, model: now };
    }
    return await planned(caller, {
      action: "set_default_version",
      model: found.name,
      summary: `Let ${chosen === undefined ? "the latest version" : `version ${chosen}`} of ` +
        `${found.name} answer by default`,
      request: chosen === undefined
        ? { method: "DELETE", path }
        : jsonRequest("PUT", path, { version: chosen, reason: null }),
      after: defaultText(chosen),
    });
  },
});
