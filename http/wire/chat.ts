/**
 * The chat as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { CheckedNumber } from "../chat/numbers/provenance.ts";
import type { ChatAnswer } from "../chat/answer.ts";
import { JobId, prose } from "./names.ts";
import { PlanSchema } from "./plan.ts";
import { ProblemSchema } from "./problem.ts";

/** Messages of one request, and the jobs that earlier answers refer to. */
export const MAX_MESSAGES = 40;
export const MAX_HISTORY_JOBS = 100;
export const MAX_QUESTION = 20_000;

const MessageSchema = z.strictObject({
  role: z.enum(["user", "assistant"]),
  content: prose(MAX_QUESTION).min(1),
  jobs: z.array(JobId).max(MAX_HISTORY_JOBS).optional().openapi({
    description:
      "Of an earlier answer: the jobs that it referred to. Their results are read anew, " +
      "so that the next answer may give them again.",
  }),
}).openapi("ChatMessage", {
  description: "A question, or an earlier answer.",
  example: { role: "user", content: "What is the solubility of aspirin, CC(=O)Oc1ccccc1C(=O)O?" },
});

export const ChatRequestSchema = z.strictObject({
  messages: z.array(MessageSchema).min(1).max(MAX_MESSAGES).refine(
    (messages) => messages.at(-1)?.role === "user",
    "messages of which the last is the user's",
  ).openapi({ description: "The conversation so far; the last message is the user's." }),
  stream: z.boolean().optional().openapi({
    description: "True for server-sent events; the whole answer at its end by default.",
  }),
}).openapi("ChatRequest", {
  description: "A question to the gateway. Nothing of it is kept but the events of its calls.",
  example: {
    messages: [{ role: "user", content: "Which models predict solubility?" }],
  },
});

const SourceSchema = z.object({
  kind: z.enum(["job", "verification", "suggestion", "gateway", "registration"]).openapi({
    description: "`job`: a job computed it. `verification`: the check of a consensus did. " +
      "`suggestion`: a parameter within its schema. `gateway`: a forecast. `registration`: the " +
      "model's owners wrote it.",
  }),
  job: z.string().optional(),
  model: z.string().optional(),
  version: z.string().optional(),
  consensus: z.string().optional(),
  pointer: z.string().optional().openapi({ description: "JSON Pointer into the result." }),
});

const NumberSchema = z.object({
  text: z.string().openapi({ description: "As it is written." }),
  start: z.int().openapi({ description: "Where it begins in `text`, in UTF-16 code units." }),
  end: z.int(),
  status: z.enum(["given", "flagged"]).openapi({
    description: "`flagged`: no job gave it.",
  }),
  how: z.enum(["exact", "rounded", "converted"]).optional(),
  source: SourceSchema.optional(),
  reason: z.string().optional().openapi({ description: "Why it is flagged." }),
}).openapi("ChatNumber", {
  description: "A number of the answer that makes a claim, and where it comes from.",
});

const StepSchema = z.object({
  call: z.string(),
  tool: z.string(),
  arguments: z.unknown(),
  outcome: z.enum(["done", "refused"]),
  problem: ProblemSchema.optional(),
  withheld: z.boolean().optional().openapi({
    description: "True if texts of its output read like instructions, and were withheld.",
  }),
}).openapi("ChatStep", { description: "A call of a tool." });

export const ChatAnswerSchema = z.object({
  id: z.uuid(),
  status: z.enum(["answered", "refused", "stopped", "failed"]),
  reason: z.string().optional().openapi({ description: "Why it is not `answered`." }),
  text: z.string(),
  numbers: z.array(NumberSchema),
  flagged: z.int().openapi({ description: "How many of the numbers no job gave." }),
  jobs: z.array(z.object({
    id: z.string(),
    model: z.string(),
    version: z.string(),
    status: z.string(),
  })).openapi({ description: "The jobs that the answer refers to." }),
  steps: z.array(StepSchema),
  plans: z.array(PlanSchema).openapi({ description: "Changes that wait for a person." }),
  consensus: z.array(z.object({
    yaml: z.string(),
    valid: z.boolean(),
    model: z.string(),
    sample: z.unknown().optional(),
  })).openapi({ description: "Consensus models that were verified, with their runs." }),
  suggestions: z.array(z.object({
    model: z.string(),
    version: z.string(),
    input: z.unknown(),
    why: z.string(),
  })).openapi({ description: "Parameters that passed the check of a submission." }),
  warnings: z.array(z.string()),
  usage: z.object({
    steps: z.int(),
    tokens: z.int(),
    jobs: z.int(),
    seconds: z.number(),
  }),
  model: z.string().openapi({ description: "The language model.", example: "qwen3" }),
}).openapi("ChatAnswer", {
  description: "An answer, how it came about, and what it rests on.",
  example: {
    id: "7c0a2c9e-58d1-4a6a-9d0c-6f8b3f4f2a11",
    status: "answered",
    text: "ESOL gives logS = -2.10.",
    numbers: [{
      text: "-2.10",
      start: 18,
      end: 23,
      status: "given",
      how: "rounded",
      source: {
        kind: "job",
        job: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0",
        model: "esol",
        version: "1.0",
        pointer: "/value",
      },
    }],
    flagged: 0,
    jobs: [{
      id: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0",
      model: "esol",
      version: "1.0",
      status: "completed",
    }],
    steps: [],
    plans: [],
    consensus: [],
    suggestions: [],
    warnings: [],
    usage: { steps: 4, tokens: 9120, jobs: 1, seconds: 6.2 },
    model: "qwen3",
  },
});

export type WireMessage = z.infer<typeof MessageSchema>;
export type WireNumber = z.infer<typeof NumberSchema>;
export type WireAnswer = z.infer<typeof ChatAnswerSchema>;

/** Writes an answer. */
export function answerToWire(answer: ChatAnswer): WireAnswer {
  return {
    ...answer,
    numbers: answer.numbers.map(numberToWire),
    jobs: [...answer.jobs],
    steps: [...answer.steps],
    plans: [...answer.plans],
    consensus: [...answer.consensus],
    suggestions: [...answer.suggestions],
    warnings: [...answer.warnings],
  };
}

function numberToWire(number: CheckedNumber): WireNumber {
  return { ...number, ...(number.source && { source: { ...number.source } }) };
}
