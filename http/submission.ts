/**
 * The way of a submission from parsed JSON to the queue: resolve the version, check access and
 * input, settle the limits, hand it in.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { z } from "@hono/zod-openapi";
import type { CallbackEvent, JobLimits, Lane, NewJob } from "../actors/job.ts";
import type { Submission as QueueSubmission } from "../actors/job_queue.ts";
import { jobIdTime, newJobId } from "../actors/job_id.ts";
import type { QuotaClaim, QuotaRefusal } from "../actors/quota_ledger.ts";
import type { OpenSpan } from "../actors/tracing.ts";
import { effectiveSettings, type Model, NAME_PATTERN } from "../registry/model.ts";
import { type Principal, subjectsOf } from "../registry/principal.ts";
import { countOf } from "./errors.ts";
import { fieldErrors } from "./field_errors.ts";
import type { Gateway } from "./gateway.ts";
import { versionFor } from "./lookup.ts";
import { Problem } from "./problem.ts";
import { accountFor } from "./submission/account.ts";
import { heldToPolicy } from "./submission/policy.ts";
import { limited, quotaHeaders, quotasFor } from "./submission/quotas.ts";
import { routed } from "./submission/route.ts";
import { sendShadow } from "./submission/shadow.ts";
import { digestOf } from "./wire/job.ts";
import {
  isIdempotencyKey,
  type Prediction,
  PredictionSchema,
  type Submission,
  SubmissionSchema,
} from "./wire/submission.ts";

/** A job that was accepted, now or by the same request before. */
export interface Accepted {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly lane: Lane;
  readonly inputDigest: string;
  /** True if the idempotency key had been used for the same request. */
  readonly replayed: boolean;
  /** What the queue took of the time, in milliseconds. */
  readonly queueMs: number;
  /** How the caller's quotas stand; none without a quota. */
  readonly headers?: Readonly<Record<string, string>>;
}

const ENDINGS: readonly CallbackEvent[] = ["completed", "failed", "cancelled", "expired"];
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const WHERE = { model: { pointer: "/model" }, version: { pointer: "/version" } };
const WHERE_IN_PATH = { model: { parameter: "model" }, version: { pointer: "/version" } };

/**
 * Checks a submission. The plain ones, which are nearly all, are accepted by a few comparisons; the
 * rest goes through the same zod schema that the OpenAPI document is made of. What the short way
 * accepts, the schema accepts too (a test holds them together).
 */
export function checkSubmission(body: unknown): Submission {
  return isPlain(body) ? body : checked(SubmissionSchema.safeParse(body));
}

/** Checks the body of a prediction. */
export function checkPrediction(body: unknown): Prediction {
  return checked(PredictionSchema.safeParse(body));
}

/** True for a submission that needs no schema to be seen to be right. */
export function isPlain(body: unknown): body is Submission {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  for (const key in body) {
    if (key !== "model" && key !== "input" && key !== "version" && key !== "lane") return false;
  }
  const { model, input, version, lane } = body as Record<string, unknown>;
  return typeof model === "string" && NAME_PATTERN.test(model) && input !== undefined &&
    (version === undefined || typeof version === "string" && NAME_PATTERN.test(version)) &&
    (lane === undefined || lane === "interactive" || lane === "batch");
}

function checked<T>(result: z.ZodSafeParseResult<T>): T {
  if (result.success) return result.data;
  const errors = fieldErrors(result.error.issues, "json");
  throw new Problem("invalid-request", { detail: countOf(errors), errors });
}

/** Submits a job for the principal. Throws problems; then nothing was queued. */
export async function submit(
  gateway: Gateway,
  principal: Principal,
  modelName: string,
  asked: Prediction,
  headers: Headers,
  modelIn: "body" | "path" = "body",
): Promise<Accepted> {
  const where = modelIn === "body" ? WHERE : WHERE_IN_PATH;
  const named = versionFor(gateway, principal, modelName, asked.version, "run", where);
  const id = newJobId(named.model.tag, gateway.now());
  const route = routed(gateway, principal, asked, headers, id, named);
  const resolved = route?.resolved ?? named;
  const { model, version } = resolved;
  const violations = resolved.validate(asked.input);
  if (violations.length > 0) {
    throw new Problem("invalid-input", {
      detail: `${countOf(violations)}; nothing was queued`,
      errors: violations.map(({ pointer, expected }) => ({
        pointer: "/input" + pointer,
        expected,
      })),
    });
  }
  const key = idempotencyKeyOf(headers);
  const input = JSON.stringify(asked.input);
  const lane = asked.lane ?? "interactive";
  const submitter = subjectsOf(principal)[0]!;
  const limits = heldToPolicy(gateway, version, asked, input, limitsOf(model, asked));
  const account = accountFor(principal, version);
  const quotas = quotasFor(gateway, principal, model);
  const span = gateway.tracing?.send({ id, model: model.name, version: version.version, lane });
  const traceparent = span?.traceparent ?? headers.get("traceparent");
  const job: NewJob = {
    id,
    model: model.name,
    version: version.version,
    lane,
    input,
    limits,
    submitter,
    ...(account && { account }),
    ...(key !== undefined && {
      // A user's name has no ':', so keys of two callers never meet.
      idempotency: { key: `${submitter}:${key}`, fingerprint: fingerprint(model, asked) },
    }),
    ...(asked.callback && {
      callback: { url: asked.callback.url, events: asked.callback.events ?? ENDINGS },
    }),
    ...(traceparent !== null && TRACEPARENT.test(traceparent) && { traceparent }),
    ...route?.record,
  };
  const sent = performance.now();
  const submission = await (span ? traced(gateway, job, quotas, span) : send(gateway, job, quotas));
  const queueMs = performance.now() - sent;
  const digest = digestOf(input);
  switch (submission.kind) {
    case "accepted":
      if (route?.shadow) sendShadow(gateway, job, route.shadow);
      return {
        ...acceptedAs(job, submission.id, digest, false, queueMs),
        ...(submission.standing && {
          headers: quotaHeaders(quotas, submission.standing, gateway.now()),
        }),
      };
    case "limited":
      throw limited(quotas, submission, gateway.now());
    case "duplicate": {
      // The default version may have moved since: the answer is the first one's.
      const first = await gateway.jobs.get(submission.id) ?? job;
      return acceptedAs(first, submission.id, digest, submission.id !== job.id, queueMs);
    }
    case "conflict":
      throw new Problem("idempotency-conflict", {
        detail: "the key came before with another body; the first request stands",
        errors: [{ header: "Idempotency-Key", expected: "a new key, or the first body again" }],
        job: { id: submission.id, status: "accepted" },
      });
  }
}

type Verdict = QueueSubmission | QuotaRefusal;

function send({ jobs }: Gateway, job: NewJob, quotas: readonly QuotaClaim[]): Promise<Verdict> {
  return quotas.length === 0 ? jobs.submit(job) : jobs.submitWithin(job, quotas);
}

async function traced(
  gateway: Gateway,
  job: NewJob,
  quotas: readonly QuotaClaim[],
  span: OpenSpan,
): Promise<Verdict> {
  try {
    const submission = await send(gateway, job, quotas);
    span.end();
    return submission;
  } catch (error) {
    span.end(error);
    throw error;
  }
}

/** Writes the answer to a submission, as JSON text: always the same for the same job. */
export function acceptedText(job: Accepted): string {
  const self = `/v1/jobs/${job.id}`;
  // Nothing in it needs escaping: names, ids and digests are checked and plain.
  return `{"id":"${job.id}","status":"queued","model":"${job.model}","version":"${job.version}",` +
    `"lane":"${job.lane}","submittedAt":"${new Date(jobIdTime(job.id)).toISOString()}",` +
    `"inputDigest":"${job.inputDigest}","links":{"self":"${self}","result":"${self}/result",` +
    `"events":"${self}/events","cancel":"${self}/cancel"}}`;
}

function acceptedAs(
  { model, version, lane }: Pick<NewJob, "model" | "version" | "lane">,
  id: string,
  inputDigest: string,
  replayed: boolean,
  queueMs: number,
): Accepted {
  return { id, model, version, lane, inputDigest, replayed, queueMs };
}

function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (isIdempotencyKey(key)) return key;
  throw new Problem("invalid-request", {
    errors: [{ header: "Idempotency-Key", expected: "1 to 255 visible ASCII characters" }],
  });
}

const defaultLimits = new WeakMap<Model, JobLimits>();

/** The model's settings; a submission may ask for less of each, and what is more is cut. */
function limitsOf(model: Model, asked: Prediction): JobLimits {
  let limits = defaultLimits.get(model);
  if (!limits) {
    const { concurrency: _c, maxBatchSize: _s, maxBatchDelayMs: _d, ...rest } = effectiveSettings(
      model,
    );
    defaultLimits.set(model, limits = rest);
  }
  const { maxAttempts, runTimeoutSeconds, queueTimeoutSeconds, retentionSeconds } = asked;
  if ((maxAttempts ?? runTimeoutSeconds ?? queueTimeoutSeconds ?? retentionSeconds) === undefined) {
    return limits;
  }
  return {
    ...limits,
    maxAttempts: Math.min(limits.maxAttempts, maxAttempts ?? Infinity),
    runTimeoutSeconds: Math.min(limits.runTimeoutSeconds, runTimeoutSeconds ?? Infinity),
    queueTimeoutSeconds: Math.min(limits.queueTimeoutSeconds, queueTimeoutSeconds ?? Infinity),
    retentionSeconds: Math.min(limits.retentionSeconds, retentionSeconds ?? Infinity),
  };
}

/** Digest of all that a request asks for, whatever the order of its fields. */
function fingerprint(model: Model, asked: Prediction): string {
  // `model` as it was spelt, for a submission, is left out: its case does not matter.
  const { version, model: _, ...rest } = asked as Submission;
  return hash("sha256", canonicalJson([model.name, version ?? null, rest]), "hex");
}

/** JSON text with the fields of every object sorted. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => a < b ? -1 : 1);
  return `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
}
