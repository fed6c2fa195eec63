/**
 * What an attempt's outcome means for its job: done, another try after a backoff, or the end.
 *
 * @module
 */
import type { JobError, JobLimits } from "./job.ts";
import type { Ending } from "./job_queue.ts";

/** How one attempt came out. */
export type Outcome =
  | { readonly kind: "completed"; readonly result: string; readonly trace?: string }
  | { readonly kind: "retry"; readonly error: JobError }
  /** `mendable`: trying again by itself is no use, but someone may see to the cause and requeue it. */
  | {
    readonly kind: "failed";
    readonly error: JobError;
    readonly mendable?: boolean;
    readonly trace?: string;
  }
  | { readonly kind: "cancelled" }
  | { readonly kind: "expired"; readonly error: JobError };

/** Decides the ending of attempt number `attempt` (from 1). `random` answers from [0, 1). */
export function decide(
  outcome: Outcome,
  attempt: number,
  limits: JobLimits,
  random: () => number = Math.random,
): Ending {
  switch (outcome.kind) {
    case "completed":
      return { state: "completed", result: outcome.result, ...traceOf(outcome) };
    case "failed":
      return {
        state: "failed",
        error: outcome.error,
        deadLetter: outcome.mendable ?? false,
        ...traceOf(outcome),
      };
    case "cancelled":
      return { state: "cancelled" };
    case "expired":
      return { state: "expired", error: outcome.error };
    case "retry":
      return attempt >= limits.maxAttempts
        ? { state: "failed", error: outcome.error, deadLetter: true }
        : { state: "retrying", error: outcome.error, delayMs: backoffMs(attempt, limits, random) };
  }
}

function traceOf({ trace }: { readonly trace?: string }): { readonly trace?: string } {
  return trace === undefined ? {} : { trace };
}

/**
 * Backoff after attempt number `attempt`: exponential with equal jitter, half fixed and half
 * random, so that it neither collapses to nothing nor lets retries march in step.
 */
export function backoffMs(
  attempt: number,
  limits: Pick<JobLimits, "backoffSeconds" | "maxBackoffSeconds">,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(
    limits.maxBackoffSeconds,
    limits.backoffSeconds * 2 ** Math.min(attempt - 1, 30),
  );
  return Math.round(ceiling * 1000 * (0.5 + random() / 2));
}
