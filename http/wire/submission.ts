/**
 * What is handed in to submit a job.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { CALLBACK_EVENTS } from "../../actors/job.ts";
import { LaneSchema } from "./job.ts";
import { name } from "./names.ts";

const HTTP_URL = /^https?:\/\/[^\s/$.?#][^\s]*$/i;
const CUT = "More than the model's own setting is cut to it.";

const CallbackSchema = z.strictObject({
  url: z.string().max(2048).regex(HTTP_URL, "an http or https URL").refine(
    URL.canParse,
    "an http or https URL",
  ),
  events: z.array(z.enum(CALLBACK_EVENTS)).min(1).max(CALLBACK_EVENTS.length).optional().openapi({
    description: "Which events to tell of; the four endings where it is not set.",
  }),
}).openapi("Callback", {
  description: "Where to tell of the job's events, by Standard Webhooks.",
  example: { url: "https://hooks.example/jobs", events: ["completed", "failed"] },
});

const options = {
  version: name("Its version; the default one where it is not set.", "1.0").optional(),
  input: z.unknown().refine((value) => value !== undefined, "a JSON value").openapi({
    description: "By the version's input schema.",
    example: { smiles: "CN1C=NC2=C1C(=O)N(C(=O)N2C)C" },
  }),
  lane: LaneSchema.optional(),
  callback: CallbackSchema.optional(),
  maxAttempts: z.int().min(1).max(100).optional().openapi({ description: CUT }),
  runTimeoutSeconds: z.number().positive("more than 0").optional().openapi({ description: CUT }),
  queueTimeoutSeconds: z.number().positive("more than 0").optional().openapi({ description: CUT }),
  retentionSeconds: z.number().min(0).optional().openapi({ description: CUT }),
};

export const SubmissionSchema = z.strictObject({
  model: name("The model to run, in any case.", "esol"),
  ...options,
  dryRun: z.boolean().optional().openapi({
    description: "True to check the request and hear what would become of it; nothing is queued.",
  }),
}).required({ input: true }).openapi("Submission", {
  description: "A job to run.",
  example: { model: "esol", input: { smiles: "CN1C=NC2=C1C(=O)N(C(=O)N2C)C" } },
});

export const PredictionSchema = z.strictObject(options).required({ input: true }).openapi(
  "Prediction",
  {
    description: "A job to run and to wait for.",
    example: { input: { smiles: "CC(=O)OC1=CC=CC=C1C(=O)O" } },
  },
);

export type Submission = z.infer<typeof SubmissionSchema>;
export type Prediction = z.infer<typeof PredictionSchema>;

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
const IDEMPOTENCY_RULE = "1 to 255 visible ASCII characters";

/** True for text that may be an idempotency key. */
export function isIdempotencyKey(text: string): boolean {
  return IDEMPOTENCY_KEY.test(text);
}

export const SubmissionHeaders = z.object({
  "Idempotency-Key": z.string().regex(IDEMPOTENCY_KEY, IDEMPOTENCY_RULE).optional().openapi({
    description: "Makes a repeated request safe: the caller's keys are compared per model, and " +
      "the first answer is given again, also after completion, until the job's record is gone.",
    example: "3f0c9f1e-order-17",
  }),
  traceparent: z.string().optional().openapi({
    description: "W3C trace context; it goes with the job to its backend.",
    example: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  }),
});
