/**
 * Confirms a plan, with a key that may.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { ApprovalSchema, PlanId, PlanSchema, type WirePlan } from "../wire/plan.ts";
import { CHANGES, defineTool } from "./tool.ts";

export const applyPlan = defineTool({
  name: "apply_plan",
  title: "Apply a plan",
  description:
    "Does what a plan says, once. Only for keys with the scope `approve`, which agents " +
    "are not given: with any other key it is refused, and a person confirms the plan in the panel.",
  input: z.strictObject({ id: PlanId, ...ApprovalSchema.shape }),
  output: z.object({ plan: PlanSchema }),
  scope: "approve",
  annotations: CHANGES,
  async run({ api }, { id, ...approval }) {
    return { plan: await api.change<WirePlan>("POST", `/v1/plans/${id}/apply`, approval) };
  },
});
