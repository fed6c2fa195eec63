/**
 * Submits a job, or tells what would become of it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Forecast, ForecastSchema } from "../wire/forecast.ts";
import { AcceptedJobSchema, LaneSchema } from "../wire/job.ts";
import { ModelName, VersionName } from "../wire/names.ts";
import { isIdempotencyKey } from "../wire/submission.ts";
import { ADDS, defineTool } from "./tool.ts";

export const IdempotencyKey = z.string().max(200)
  .refine(isIdempotencyKey, "1 to 200 visible ASCII characters")
  .describe("Makes a repeated call safe: the same key with the same input is the same job.");

export const submitJob = defineTool({
  name: "submit_job",
  title: "Submit a job",
  description: "Runs a model on one input: queues a job and answers its id at once. Then call " +
    "wait_for_job with that id. `input` has to fit the input schema that get_model shows, with " +
    "its exact field names; where it does not, every fault is named and nothing is queued. With " +
    "`dryRun` it only checks, and forecasts the wait and the cost. For several inputs use " +
    "submit_batch.",
  input: z.strictObject({
    model: ModelName,
    input: z.unknown().describe('By the version\'s input schema, such as {"smiles": "CCO"}.'),
    version: VersionName.optional(),
    lane: LaneSchema.optional(),
    idempotencyKey: IdempotencyKey.optional(),
    dryRun: z.boolean().optional().describe("True to check and forecast; nothing is queued."),
  }).required({ input: true }),
  output: z.object({
    job: AcceptedJobSchema.optional().describe("The job that was queued."),
    forecast: ForecastSchema.optional().describe("With `dryRun`: what would become of it."),
  }),
  scope: "run",
  annotations: ADDS,
  async run({ api }, { idempotencyKey, ...body }) {
    const headers: Record<string, string> = idempotencyKey === undefined
      ? {}
      : { "idempotency-key": idempotencyKey };
    const answer = await api.send<unknown>("/v1/jobs", { method: "POST", body, headers });
    if (!answer.ok) throw answer.refusal;
    return body.dryRun
      ? { forecast: answer.value as Forecast }
      : { job: answer.value as z.infer<typeof AcceptedJobSchema> };
  },
});
