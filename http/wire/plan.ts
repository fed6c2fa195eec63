/**
 * Plans as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Plan } from "../../registry/plan_store.ts";
import { lineDiff } from "../line_diff.ts";
import { pageOf } from "./page.ts";
import { Reason } from "./reason.ts";

const DIGEST = /^[0-9a-f]{64}$/;

export const PlanId = z.uuid().openapi({
  description: "Id of the plan.",
  example: "7c0a2c9e-58d1-4a6a-9d0c-6f8b3f4f2a11",
});

export const PlanParams = z.object({ id: PlanId });

const digest = z.string().regex(DIGEST, "64 hexadecimal digits").openapi({
  description: "SHA-256 over all that would be done, by whom it was asked, and its end.",
  example: "3f1c".repeat(16),
});

export const PlanStatusSchema = z.enum([
  "open",
  "applying",
  "applied",
  "failed",
  "rejected",
  "expired",
]).openapi("PlanStatus", {
  description:
    "`open` waits for a confirmation. `applying` for long means that a gateway died in " +
    "between: look at the model.",
});

export const PlanSchema = z.object({
  id: PlanId,
  digest,
  status: PlanStatusSchema,
  action: z.string().openapi({ example: "delete_consensus" }),
  model: z.string().openapi({ example: "agreed-logs" }),
  summary: z.string(),
  diff: z.string().openapi({
    description: "What differs, line by line: `-` goes, `+` comes.",
    example: "-visibility: private\n+visibility: public\n",
  }),
  planner: z.string().openapi({ description: "Who asked.", example: "user:ada" }),
  client: z.string().optional().openapi({ description: "The agent that asked." }),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  decidedAt: z.iso.datetime().optional(),
  decidedBy: z.string().optional(),
  outcome: z.string().optional().openapi({ description: "Why it failed." }),
  approveAt: z.string().openapi({
    description: "Path of the page where a person confirms it.",
    example: "/panel/plans/7c0a2c9e-58d1-4a6a-9d0c-6f8b3f4f2a11",
  }),
}).openapi("Plan", {
  description: "A change that waits for a confirmation, or has had one.",
  example: {
    id: "7c0a2c9e-58d1-4a6a-9d0c-6f8b3f4f2a11",
    digest: "3f1c".repeat(16),
    status: "open",
    action: "set_access",
    model: "esol",
    summary: "Change who may use esol: public, 1 owners, 0 readers",
    diff: "-visibility: private\n+visibility: public\n",
    planner: "user:ada",
    client: "my-agent/1.0",
    createdAt: "2026-11-20T10:00:00.000Z",
    expiresAt: "2026-11-21T10:00:00.000Z",
    approveAt: "/panel/plans/7c0a2c9e-58d1-4a6a-9d0c-6f8b3f4f2a11",
  },
});

export const PlanPageSchema = pageOf("PlanPage", PlanSchema);

export const ApprovalSchema = z.strictObject({ digest, reason: Reason }).openapi("Approval", {
  description: "The digest of the plan as it was shown to whoever confirms it.",
  example: { digest: "3f1c".repeat(16), reason: "agreed in the meeting" },
});

export const RejectionSchema = z.strictObject({ reason: Reason }).openapi("Rejection", {
  description: "Why not.",
  example: { reason: "still in use" },
});

export type WirePlan = z.infer<typeof PlanSchema>;

/** How a plan stands at a time in epoch milliseconds. */
export function planStatus(
  { state, expiresAt }: Pick<Plan, "state" | "expiresAt">,
  now: number,
): WirePlan["status"] {
  return state === "open" && expiresAt <= now ? "expired" : state;
}

/** Writes a plan. */
export function planToWire(plan: Plan, now: number): WirePlan {
  const { decidedAt, decidedBy, outcome, client } = plan;
  return {
    id: plan.id,
    digest: plan.digest,
    status: planStatus(plan, now),
    action: plan.action,
    model: plan.model,
    summary: plan.summary,
    diff: diffOf(plan),
    planner: plan.planner,
    ...(client !== undefined && { client }),
    createdAt: new Date(plan.createdAt).toISOString(),
    expiresAt: new Date(plan.expiresAt).toISOString(),
    ...(decidedAt !== undefined && { decidedAt: new Date(decidedAt).toISOString() }),
    ...(decidedBy !== undefined && { decidedBy }),
    ...(outcome !== undefined && { outcome }),
    approveAt: `/panel/plans/${plan.id}`,
  };
}

const SIGNS = { same: " ", added: "+", removed: "-" } as const;

function diffOf({ before, after }: Plan): string {
  const lines = lineDiff(before.trimEnd(), after.trimEnd()).filter(({ kind, text }) =>
    kind === "same" || text !== ""
  );
  return lines.map(({ kind, text }) => `${SIGNS[kind]}${text}\n`).join("");
}
