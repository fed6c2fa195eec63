/**
 * Registers a model; one that others see after a confirmation.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { stringify } from "yaml";
import type { NewVersion } from "../../registry/registry.ts";
import { subjectsOf } from "../../registry/principal.ts";
import { Problem } from "../problem.ts";
import { checkSettingsPolicy } from "../policy_check.ts";
import { checkedVersion } from "../version_check.ts";
import { ModelSchema, NewModelSchema } from "../wire/model.ts";
import { changeAnswer, jsonRequest, needsConfirmation, planned } from "./change_answer.ts";
import { ADDS, defineTool } from "./tool.ts";

export const registerModel = defineTool({
  name: "register_model",
  title: "Register a model",
  description: "Registers a new model with a description to find it by and, best, its first " +
    "version: the backend that runs it, its input schema and an example. A private model of the " +
    "caller is there at once; one that others may see or own is planned, and a person has to " +
    "confirm it.",
  input: NewModelSchema,
  output: changeAnswer({ model: ModelSchema.optional() }),
  scope: "models:write",
  annotations: ADDS,
  async run(caller, model) {
    const { api, gateway, principal } = caller;
    const access = {
      visibility: model.visibility ?? "private",
      owners: model.owners ?? [subjectsOf(principal)[0]!],
      readers: model.readers ?? [],
      ...(model.delegates && { delegates: model.delegates }),
    };
    if (!needsConfirmation(caller, access)) {
      const made = await api.change<z.infer<typeof ModelSchema>>("POST", "/v1/models", model);
      return { status: "done" as const, model: made };
    }
    await gateway.catalog.refresh();
    // As the registry would say: whether the name is taken is no secret, what by is.
    if (gateway.catalog.model(model.name)) throw new Problem("name-taken");
    checkSettingsPolicy(gateway, model.settings);
    if (model.version) {
      await checkedVersion(gateway, principal, model, model.version as NewVersion, "/version");
    }
    return await planned(caller, {
      action: "register_model",
      model: model.name,
      summary: `Register the model ${model.name}, ${access.visibility}, owned by ` +
        access.owners.join(", "),
      request: jsonRequest("POST", "/v1/models", model),
      after: stringify(model),
    });
  },
});
