/**
 * The way of a submission from parsed JSON to the queue: resolve the version, check access and
 * input, settle the limits, hand it in.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { z } from "@hono/zod-openapi";
import type { CallbackEvent, Lane, NewJob, ReplayFacts } from "../actors/job.ts";
import type { Submission as QueueSubmission } from "../actors/job_queue.ts";
import { jobIdTime } from "../actors/job_id.ts";
import type { QuotaClaim, QuotaRefusal } from "../actors/quota_ledger.ts";
import type { OpenSpan } from "../actors/tracing.ts";
import { canonicalJson } from "../registry/canonical_json.ts";
import type { Resolved } from "../registry/catalog.ts";
import { type Model, NAME_PATTERN } from "../registry/model.ts";
import type { Principal } from "../registry/principal.ts";
import { countOf } from "./errors.ts";
import { fieldErrors } from "./field_errors.ts";
import type { Gateway } from "./gateway.ts";
import { lifecycleHeaders } from "./lifecycle_headers.ts";
import { Problem } from "./problem.ts";
import { type CacheHit, cacheHit } from "./submission/cache.ts";
import { callerOf } from "./submission/caller.ts";
import { hopsWithin } from "./submission/hops.ts";
import { prepare } from "./submission/prepare.ts";
import { limited, quotaHeaders } from "./submission/quotas.ts";
import type { Routed } from "./submission/route.ts";
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
  /** `completed` where the result of an equal job before is its result. */
  readonly status: "queued" | "completed";
  /** True if the idempotency key had been used for the same request. */
  readonly replayed: boolean;
  /** What the queue took of the time, in milliseconds. */
  readonly queueMs: number;
  /** How the caller's quotas stand, and when the version goes out of use; mostly none. */
  readonly headers?: Readonly<Record<string, string>>;
}

const ENDINGS: readonly CallbackEvent[] = ["completed", "failed", "cancelled", "expired"];
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

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

/** What a submission is besides the request itself. */
export interface SubmitOptions {
  /** Where the model was named, for problems; in the body where it is not set. */
  readonly modelIn?: "body" | "path";
  /** Set where an ended job is run again. */
  readonly replay?: ReplayFacts;
}

/** Submits a job for the principal. Throws problems; then nothing was queued. */
export async function submit(
  gateway: Gateway,
  principal: Principal,
  modelName: string,
  asked: Prediction,
  headers: Headers,
  { modelIn = "body", replay }: SubmitOptions = {},
): Promise<Accepted> {
  const prepared = prepare(gateway, principal, modelName, asked, headers, modelIn);
  const { id, resolved, route, input, lane, submitter, limits, account, quotas } = prepared;
  const { model, version } = resolved;
  const hops = hopsWithin(headers);
  const key = idempotencyKeyOf(headers);
  const hit = version.cache && !replay
    ? await cacheHit(gateway, resolved, asked.input, headers)
    : undefined;
  const span = gateway.tracing?.send({ id, model: model.name, version: version.version, lane });
  const traceparent = span?.traceparent ?? headers.get("traceparent");
  const job: NewJob = cameThrough(hops, {
    id,
    model: model.name,
    version: version.version,
    lane,
    input,
    limits,
    submitter,
    caller: callerOf(principal, headers),
    ...(account && { account }),
    ...(key !== undefined && {
      // A user's name has no ':', so keys of two callers never meet.
      idempotency: { key: `${submitter}:${key}`, fingerprint: fingerprint(model, asked, replay) },
    }),
    ...(asked.callback && {
      callback: { url: asked.callback.url, events: asked.callback.events ?? ENDINGS },
    }),
    ...(traceparent !== null && TRACEPARENT.test(traceparent) && { traceparent }),
    ...route?.record,
    ...(hit && answered(hit, route)),
    ...(replay && { provenance: { replay } }),
  });
  const sent = performance.now();
  const submission = await (span ? traced(gateway, job, quotas, span) : send(gateway, job, quotas));
  const queueMs = performance.now() - sent;
  const digest = digestOf(input);
  switch (submission.kind) {
    case "accepted":
      if (route?.shadow && !hit) sendShadow(gateway, job, route.shadow);
      return {
        ...acceptedAs(job, submission.id, digest, false, queueMs),
        ...answerHeaders(
          resolved,
          submission.standing && quotaHeaders(quotas, submission.standing, gateway.now()),
        ),
      };
    case "limited":
      throw limited(quotas, submission, gateway.now());
    case "duplicate": {
      // The default version may have moved since: the answer is the first one's.
      const first = await gateway.jobs.get(submission.id) ?? job;
      return {
        ...acceptedAs(first, submission.id, digest, submission.id !== job.id, queueMs),
        ...answerHeaders(resolved),
      };
    }
    case "conflict":
      throw new Problem("idempotency-conflict", {
        detail: "the key came before with another body; the first request stands",
        errors: [{ header: "Idempotency-Key", expected: "a new key, or the first body again" }],
        job: { id: submission.id, status: "accepted" },
      });
  }
}

function cameThrough(hops: number, job: NewJob): NewJob {
  return hops === 0 ? job : { ...job, provenance: { ...job.provenance, hops } };
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
  return `{"id":"${job.id}","status":"${job.status}","model":"${job.model}","version":"${job.version}",` +
    `"lane":"${job.lane}","submittedAt":"${new Date(jobIdTime(job.id)).toISOString()}",` +
    `"inputDigest":"${job.inputDigest}","links":{"self":"${self}","result":"${self}/result",` +
    `"events":"${self}/events","cancel":"${self}/cancel"}}`;
}

function acceptedAs(
  { model, version, lane, provenance }: Pick<NewJob, "model" | "version" | "lane" | "provenance">,
  id: string,
  inputDigest: string,
  replayed: boolean,
  queueMs: number,
): Accepted {
  const status = provenance?.cache ? "completed" : "queued";
  return { id, model, version, lane, inputDigest, status, replayed, queueMs };
}

/** Headers of the answer: how the quotas stand, and that the version goes out of use. */
function answerHeaders(
  { model, version: { lifecycle } }: Resolved,
  quotas?: Readonly<Record<string, string>>,
): Pick<Accepted, "headers"> {
  if (lifecycle === undefined) return quotas ? { headers: quotas } : {};
  return { headers: { ...quotas, ...lifecycleHeaders(model, lifecycle) } };
}

function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (isIdempotencyKey(key)) return key;
  throw new Problem("invalid-request", {
    errors: [{ header: "Idempotency-Key", expected: "1 to 255 visible ASCII characters" }],
  });
}

/** What a known result makes of a job; nothing has run, so it is measured with nobody. */
function answered({ result, facts }: CacheHit, route: Routed | undefined): Partial<NewJob> {
  const provenance = { ...route?.record.provenance, cache: facts };
  return { result, provenance, cohort: undefined };
}

/** Digest of all that a request asks for, whatever the order of its fields. */
function fingerprint(model: Model, asked: Prediction, replay?: ReplayFacts): string {
  // `model` as it was spelt, for a submission, is left out: its case does not matter.
  const { version, model: _, dryRun: _d, ...rest } = asked as Submission;
  const all = [model.name, version ?? null, replay ? { ...rest, replay } : rest];
  return hash("sha256", canonicalJson(all), "hex");
}
