/**
 * Adds a version to a model; to one that others use after a confirmation.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { stringify } from "yaml";
import type { NewVersion } from "../../registry/registry.ts";
import { modelFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import { checkedVersion } from "../version_check.ts";
import { ModelName } from "../wire/names.ts";
import { NewVersionSchema, VersionSchema } from "../wire/version.ts";
import { changeAnswer, jsonRequest, needsConfirmation, planned } from "./change_answer.ts";
import { ADDS, defineTool } from "./tool.ts";

export const addVersion = defineTool({
  name: "add_version",
  title: "Add a version",
  description: "Adds a version to a model that the caller may edit; versions never change " +
    "afterwards. Where the model is the caller's alone, or another version is set as its default, " +
    "it is there at once. Where it would begin to answer others, it is planned, and a person has " +
    "to confirm it.",
  input: z.strictObject({ model: ModelName, version: NewVersionSchema }),
  output: changeAnswer({ version: VersionSchema.optional() }),
  scope: "models:write",
  annotations: ADDS,
  async run(caller, { model, version }) {
    const { api, gateway, principal } = caller;
    await gateway.catalog.refresh();
    const found = modelFor(gateway, principal, model, "edit");
    const path = `/v1/models/${found.name}/versions`;
    const answersOthers = found.defaultVersion === undefined;
    if (!needsConfirmation(caller, found) || !answersOthers && !caller.confirmsAll) {
      const added = await api.change<z.infer<typeof VersionSchema>>("POST", path, version);
      return { status: "done" as const, version: added };
    }
    if (gateway.catalog.resolve(found.name, version.version)) {
      throw new Problem("name-taken", { detail: `${found.name} has a version ${version.version}` });
    }
    await checkedVersion(gateway, principal, found, version as NewVersion, "/version");
    return await planned(caller, {
      action: "add_version",
      model: found.name,
      summary: `Add version ${version.version} to ${found.name}, where it would answer by default`,
      request: jsonRequest("POST", path, version),
      after: stringify(version),
    });
  },
});
