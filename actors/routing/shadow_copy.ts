/**
 * The copy of a job that runs on a shadow version.
 *
 * @module
 */
import type { NewJob } from "../job.ts";
import { childJobId, jobIdTag } from "../job_id.ts";

/** Whose jobs the copies are: nobody's quota, and nobody's to read but the model's owners'. */
export const SHADOW_SUBMITTER = "system:shadow";

/** Copies that wait longer than this, in seconds, are behind the traffic anyway. */
const MAX_QUEUE_SECONDS = 600;

/**
 * Answers the copy of a job: in the batch lane, without callback and idempotency key, tried once,
 * counted in the cohort `run`. The same job always has the same copy.
 */
export function shadowCopy(job: NewJob, version: string, run: string, revision: number): NewJob {
  const { limits } = job;
  const hops = job.provenance?.hops;
  return {
    id: childJobId(job.id, "shadow", jobIdTag(job.id)),
    model: job.model,
    version,
    lane: "batch",
    input: job.input,
    submitter: SHADOW_SUBMITTER,
    limits: {
      ...limits,
      maxAttempts: 1,
      queueTimeoutSeconds: Math.min(limits.queueTimeoutSeconds, MAX_QUEUE_SECONDS),
    },
    provenance: {
      route: { revision, by: "shadow", copyOf: job.id },
      ...(hops !== undefined && { hops }),
    },
    cohort: run,
  };
}
