/**
 * Plans the deletion of a consensus.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isConsensusModel } from "../../actors/consensus/consensus_model.ts";
import { modelFor } from "../lookup.ts";
import { notFound } from "../problem.ts";
import { ModelName } from "../wire/names.ts";
import { changeAnswer, planned } from "./change_answer.ts";
import { CHANGES, defineTool } from "./tool.ts";

export const deleteConsensus = defineTool({
  name: "delete_consensus",
  title: "Delete a consensus",
  description: "Plans the deletion of a consensus model with its versions, jobs and results; its " +
    "children stay. Nothing is deleted until a person has confirmed the plan.",
  input: z.strictObject({
    model: ModelName,
    force: z.boolean().optional().describe("True to drop unfinished jobs too."),
  }),
  output: changeAnswer({}),
  scope: "models:write",
  annotations: CHANGES,
  async run(caller, { model, force = false }) {
    const { gateway, principal } = caller;
    await gateway.catalog.refresh();
    const found = modelFor(gateway, principal, model, "read");
    if (!isConsensusModel(gateway.catalog, found.name)) {
      throw notFound("consensus model", found.name, { pointer: "/model" });
    }
    modelFor(gateway, principal, found.name, "delete");
    const path = `/v1/consensus/${found.name}`;
    return await planned(caller, {
      action: "delete_consensus",
      model: found.name,
      summary: `Delete the consensus ${found.name} with its jobs and results` +
        (force ? ", unfinished ones too" : ""),
      request: { method: "DELETE", path: force ? `${path}?force=true` : path },
      after: "",
    });
  },
});
