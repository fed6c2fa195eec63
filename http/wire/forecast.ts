/**
 * What would become of a submission, as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { LaneSchema, RouteDecisionSchema } from "./job.ts";

const unknown = z.string().optional().openapi({ description: "Why it cannot be told." });

export const ForecastSchema = z.object({
  dryRun: z.literal(true),
  model: z.string().openapi({ example: "esol" }),
  version: z.string().openapi({ description: "The version that would answer.", example: "1.0" }),
  lane: LaneSchema,
  inputDigest: z.string().openapi({ description: "SHA-256 of the input's JSON text." }),
  route: RouteDecisionSchema.optional(),
  cached: z.object({
    job: z.string().openapi({ description: "The job that computed it." }),
  }).optional().openapi({ description: "Set where a result that is kept would be the answer." }),
  quotasWithoutRoom: z.array(z.string()).openapi({
    description: "Quotas that would refuse the job now: a subject, a `;`, and the limit.",
  }),
  wait: z.object({
    seconds: z.number().optional().openapi({
      description: "Jobs ahead by their mean run time, over those that run at once.",
    }),
    ahead: z.int().openapi({ description: "Jobs that would be started before it." }),
    running: z.int().openapi({ description: "Jobs of the model that run now." }),
    unknown,
  }),
  run: z.object({
    seconds: z.number().optional().openapi({ description: "The mean of those before." }),
    p95Seconds: z.number().optional().openapi({ description: "95% took no longer." }),
    unknown,
  }),
  cost: z.object({
    amount: z.number().optional().openapi({
      description: "In the operator's currency, at the mean run time.",
    }),
    perCall: z.number().optional(),
    perSecond: z.number().optional(),
    unknown,
  }),
}).openapi("Forecast", {
  description: "What would become of a submission. Nothing was queued.",
  example: {
    dryRun: true,
    model: "esol",
    version: "1.0",
    lane: "interactive",
    inputDigest: "sha256:3f1c0b5f8e0a4f6d0c1f5f4d0f9d7a4f8f1b7f7d9a5e6c3b2a190817263544f0",
    quotasWithoutRoom: [],
    wait: { seconds: 0.8, ahead: 16, running: 4 },
    run: { seconds: 0.2, p95Seconds: 0.5 },
    cost: { amount: 0.0012, perCall: 0.001, perSecond: 0.001 },
  },
});

export type Forecast = z.infer<typeof ForecastSchema>;
