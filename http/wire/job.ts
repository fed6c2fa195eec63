/**
 * Jobs as they go over the wire.
 *
 * @module
 */
import { hash } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Job, JobError, JobProvenance, JobState } from "../../actors/job.ts";
import type { JobView } from "../../registry/access.ts";
import { usageOf } from "../../actors/job_usage.ts";
import { takenFields } from "./usage.ts";
import { pageOf } from "./page.ts";
import { JobErrorSchema } from "./problem.ts";

export const JOB_STATES = [
  "queued",
  "running",
  "retrying",
  "completed",
  "failed",
  "cancelled",
  "expired",
] as const satisfies readonly JobState[];

export const StatusSchema = z.enum(JOB_STATES).openapi("JobStatus", {
  description: "Where a job stands; the last four are final. `retrying` waits out a backoff.",
});

export const LaneSchema = z.enum(["interactive", "batch"]).openapi("Lane", {
  description:
    "`interactive`, the default, is served before `batch`, which keeps a share of its own.",
});

const time = (description: string) => z.iso.datetime().openapi({ description });

const TransitionSchema = z.object({
  status: StatusSchema,
  at: time("When it came to be."),
  attempt: z.int().openapi({ description: "The attempt it belongs to; 0 before the first." }),
  worker: z.string().optional(),
  error: JobErrorSchema.optional(),
}).openapi("JobTransition", { description: "One step of a job's life." });

const LinksSchema = z.object({
  self: z.string(),
  result: z.string(),
  events: z.string(),
  cancel: z.string(),
}).openapi("JobLinks", { description: "Paths of what belongs to the job." });

const LimitsSchema = z.object({
  maxAttempts: z.int(),
  runTimeoutSeconds: z.number(),
  queueTimeoutSeconds: z.number(),
  retentionSeconds: z.number(),
}).openapi("JobLimits", { description: "The limits that the job was accepted under." });

export const RouteDecisionSchema = z.object({
  revision: z.int().openapi({ description: "The revision of the route that decided." }),
  by: z.enum(["rule", "canary", "split", "default", "shadow"]).openapi({
    description: "What chose the version; `default` where no part of the route did.",
  }),
  rule: z.string().optional().openapi({ description: "The rule that matched first." }),
  bucket: z.int().optional().openapi({
    description: "Where the sticky key fell, 0 to 9,999; for those who may see the input.",
  }),
  instead: z.string().optional().openapi({
    description: "The version that was chosen first, but was not ready.",
  }),
  copyOf: z.string().optional().openapi({ description: "The job this one is a copy of." }),
}).openapi("RouteDecision", { description: "What the model's route decided." });

const ProvenanceSchema = z.object({
  route: RouteDecisionSchema.optional(),
  evaluation: z.string().optional().openapi({
    description: "The evaluation that it predicts rows of.",
  }),
  cache: z.object({
    job: z.string().openapi({ description: "The job that computed the result." }),
    key: z.string().optional().openapi({
      description: "SHA-256 over the version and the canonical input; for those who may see it.",
    }),
    computedAt: time("When it was computed."),
  }).optional().openapi({
    description: "Set where the result is that of an equal job before, and nothing was run.",
  }),
  replayOf: z.string().optional().openapi({ description: "The job that it runs again." }),
}).openapi("JobProvenance", { description: "How the job came to be what it is." });

const EXAMPLE_ID = "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0";
const EXAMPLE_DIGEST = "sha256:3f1c0b5f8e0a4f6d0c1f5f4d0f9d7a4f8f1b7f7d9a5e6c3b2a190817263544f0";

const head = {
  id: z.uuid().openapi({ example: EXAMPLE_ID }),
  status: StatusSchema,
  model: z.string().openapi({ example: "esol" }),
  version: z.string().openapi({ description: "The version that answers.", example: "1.0" }),
  lane: LaneSchema,
  submittedAt: time("When it was accepted."),
  inputDigest: z.string().optional().openapi({
    description: "SHA-256 of the input's JSON text; for those who may see the input.",
    example: EXAMPLE_DIGEST,
  }),
};

const exampleHead = {
  id: EXAMPLE_ID,
  status: "queued",
  model: "esol",
  version: "1.0",
  lane: "interactive",
  submittedAt: "2026-11-20T10:00:00.000Z",
  inputDigest: EXAMPLE_DIGEST,
} as const;

const exampleLinks = linksOf(EXAMPLE_ID);

export const AcceptedJobSchema = z.object({ ...head, links: LinksSchema }).openapi("AcceptedJob", {
  description: "A job as it was accepted; `completed` where the result of an equal job before is " +
    "its result. A repeated request with the same idempotency key gets " +
    "the same answer, whatever has become of the job.",
  example: { ...exampleHead, links: exampleLinks },
});

export const JobSchema = z.object({
  ...head,
  startedAt: time("When its last attempt began.").optional(),
  finishedAt: time("When it ended.").optional(),
  nextAttemptAt: time("When its retry is due.").optional(),
  attempt: z.int().openapi({ description: "Attempts begun so far." }),
  maxAttempts: z.int(),
  limits: LimitsSchema,
  submitter: z.string().openapi({ example: "user:ada" }),
  error: JobErrorSchema.optional(),
  progress: z.object({
    fraction: z.number().optional().openapi({ description: "0 to 1." }),
    message: z.string().optional(),
  }).optional(),
  deadLettered: z.boolean().openapi({ description: "True if it may be requeued." }),
  cancelRequested: z.boolean(),
  parent: z.string().optional().openapi({ description: "The consensus job it is a child of." }),
  sharedWith: z.array(z.string()).optional().openapi({
    description: "Who sees its input and its result beside its submitter; for those who do.",
    example: ["team:chemistry"],
  }),
  provenance: ProvenanceSchema.optional(),
  usage: z.object(takenFields).optional().openapi("JobUsage", {
    description: "What its attempts that have ended took.",
  }),
  history: z.array(TransitionSchema),
  links: LinksSchema,
}).openapi("Job", {
  description: "A job as it stands.",
  example: {
    ...exampleHead,
    status: "completed",
    startedAt: "2026-11-20T10:00:00.004Z",
    finishedAt: "2026-11-20T10:00:00.009Z",
    attempt: 1,
    maxAttempts: 3,
    limits: {
      maxAttempts: 3,
      runTimeoutSeconds: 300,
      queueTimeoutSeconds: 86400,
      retentionSeconds: 86400,
    },
    submitter: "user:ada",
    deadLettered: false,
    cancelRequested: false,
    history: [
      { status: "queued", at: "2026-11-20T10:00:00.000Z", attempt: 0 },
      { status: "running", at: "2026-11-20T10:00:00.004Z", attempt: 1, worker: "worker-1" },
      { status: "completed", at: "2026-11-20T10:00:00.009Z", attempt: 1, worker: "worker-1" },
    ],
    links: exampleLinks,
  },
});

export const JobPageSchema = pageOf("JobPage", JobSchema);

export const ResultSchema = z.object({
  id: z.uuid(),
  status: z.literal("completed"),
  model: z.string(),
  version: z.string().openapi({ description: "The version that answered." }),
  result: z.unknown().openapi({ description: "What the model computed, by its output schema." }),
}).openapi("JobResult", {
  description: "The result of a completed job.",
  example: {
    id: EXAMPLE_ID,
    status: "completed",
    model: "esol",
    version: "1.0",
    result: { value: -0.24, units: "log mol/l" },
  },
});

/** The paths of what belongs to a job. */
export function linksOf(id: string): z.infer<typeof LinksSchema> {
  const self = `/v1/jobs/${id}`;
  return {
    self,
    result: `${self}/result`,
    events: `${self}/events`,
    cancel: `${self}/cancel`,
  };
}

/** Digest of an input's JSON text. */
export function digestOf(input: string): string {
  return `sha256:${hash("sha256", input, "hex")}`;
}

const WITHHELD = "withheld: it may tell of the input, which is its submitter's alone";

/** An error for those who see this much: a message may quote the input. */
export function errorFor(error: JobError, view: JobView): JobError {
  return view === "all" ? error : { ...error, message: WITHHELD };
}

/** What those who see this much may know of how a job came to be: a bucket and a key are digests of the input. */
function provenanceFor(
  { route, evaluation, cache, replay }: JobProvenance,
  view: JobView,
): z.infer<typeof ProvenanceSchema> {
  const { bucket, ...decision } = route ?? {};
  const full = view === "all";
  return {
    ...(route && {
      route: { ...decision as typeof route, ...(full && bucket !== undefined && { bucket }) },
    }),
    ...(evaluation !== undefined && { evaluation }),
    ...(cache && {
      cache: {
        job: cache.job,
        ...(full && { key: cache.key }),
        computedAt: iso(cache.computedAt),
      },
    }),
    ...(replay && { replayOf: replay.of }),
  };
}

/** Writes a job for someone who sees this much of it. */
export function jobToWire(job: Job, view: JobView): z.infer<typeof JobSchema> {
  const full = view === "all";
  const { limits, progress } = job;
  return {
    id: job.id,
    status: job.state,
    model: job.model,
    version: job.version,
    lane: job.lane,
    submittedAt: iso(job.submittedAt),
    ...(job.startedAt !== undefined && { startedAt: iso(job.startedAt) }),
    ...(job.finishedAt !== undefined && { finishedAt: iso(job.finishedAt) }),
    ...(job.state === "retrying" && job.dueAt !== undefined && { nextAttemptAt: iso(job.dueAt) }),
    attempt: job.attempt,
    maxAttempts: limits.maxAttempts,
    limits: {
      maxAttempts: limits.maxAttempts,
      runTimeoutSeconds: limits.runTimeoutSeconds,
      queueTimeoutSeconds: limits.queueTimeoutSeconds,
      retentionSeconds: limits.retentionSeconds,
    },
    submitter: job.submitter,
    ...(full && { inputDigest: digestOf(job.input) }),
    ...(job.error && { error: errorFor(job.error, view) }),
    ...(progress && { progress: full ? { ...progress } : { fraction: progress.fraction } }),
    deadLettered: job.deadLettered,
    cancelRequested: job.cancelRequested,
    ...(job.parent !== undefined && { parent: job.parent }),
    ...(full && job.sharedWith && { sharedWith: [...job.sharedWith] }),
    ...(job.provenance && { provenance: provenanceFor(job.provenance, view) }),
    ...(job.attempt > 0 && { usage: usageOf(job) }),
    history: job.history.map(({ state, at, attempt, worker, error }) => ({
      status: state,
      at: iso(at),
      attempt,
      ...(worker !== undefined && { worker }),
      ...(error && { error: errorFor(error, view) }),
    })),
    links: linksOf(job.id),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
