/**
 * Plans who may see and use a model.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { refusedChange } from "../../registry/access.ts";
import type { ModelAccess } from "../../registry/registry.ts";
import { modelFor } from "../lookup.ts";
import { accessText } from "../plans/present.ts";
import { Problem } from "../problem.ts";
import { VisibilitySchema } from "../wire/model.ts";
import { DelegatesSchema, ModelName, SubjectSchema } from "../wire/names.ts";
import { changeAnswer, jsonRequest, planned } from "./change_answer.ts";
import { CHANGES, defineTool } from "./tool.ts";

export const setAccess = defineTool({
  name: "set_access",
  title: "Set who may use a model",
  description:
    "Plans who may see and use a model: its visibility, owners, readers and delegates. " +
    "What is not named stays as it is; a list replaces the one before. Nothing changes until a " +
    "person has confirmed the plan.",
  input: z.strictObject({
    model: ModelName,
    visibility: VisibilitySchema.optional(),
    owners: z.array(SubjectSchema).min(1).max(100).optional(),
    readers: z.array(SubjectSchema).max(1000).optional(),
    delegates: DelegatesSchema.optional(),
  }),
  output: changeAnswer({}),
  scope: "access:write",
  annotations: CHANGES,
  async run(caller, { model, ...asked }) {
    const { gateway, principal } = caller;
    await gateway.catalog.refresh();
    const found = modelFor(gateway, principal, model, "manage_access");
    const next: ModelAccess = {
      visibility: asked.visibility ?? found.visibility,
      owners: asked.owners ?? found.owners,
      readers: asked.readers ?? found.readers,
      ...(asked.delegates && { delegates: asked.delegates }),
    };
    const refused = refusedChange(principal, found, next);
    if (refused) {
      throw new Problem("forbidden", {
        detail: `the caller may not change the ${refused} of ${found.name} so`,
        errors: [{ pointer: `/${refused}`, expected: "what it is now, or an owner" }],
      });
    }
    return await planned(caller, {
      action: "set_access",
      model: found.name,
      summary: `Change who may use ${found.name}: ${next.visibility}, ` +
        `owners ${next.owners.join(", ")}; readers ${next.readers.join(", ") || "none"}`,
      request: jsonRequest("PUT", `/v1/models/${found.name}/access`, { ...next, reason: null }),
      after: accessText({ ...next, delegates: next.delegates ?? found.delegates }),
    });
  },
});
