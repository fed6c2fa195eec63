/**
 * How a plan stands.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { PlanId, PlanSchema, type WirePlan } from "../wire/plan.ts";
import { defineTool, READS } from "./tool.ts";

export const getPlan = defineTool({
  name: "get_plan",
  title: "Get a plan",
  description: "Answers how a planned change stands: open, applied, failed, rejected or expired.",
  input: z.strictObject({ id: PlanId }),
  output: z.object({ plan: PlanSchema }),
  scope: "read",
  annotations: READS,
  async run({ api }, { id }) {
    return { plan: await api.get<WirePlan>(`/v1/plans/${id}`) };
  },
});
