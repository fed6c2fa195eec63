/**
 * Waiting for a job, and what came of it as an answer.
 *
 * @module
 */
import type { Job } from "../actors/job.ts";
import type { Gateway } from "./gateway.ts";
import { notFound, Problem, type ProblemKind } from "./problem.ts";

const RETRY_AFTER = "1";

/**
 * Answers the job once it is final, or as it stands when the time is up, the caller is gone or the
 * server is to stop. Long waits are cut to the gateway's limit.
 */
export async function waitFor(
  { jobs, limits, stopping }: Pick<Gateway, "jobs" | "limits" | "stopping">,
  id: string,
  seconds: number,
  request: Request,
): Promise<Job> {
  const signal = stopping ? AbortSignal.any([stopping, request.signal]) : request.signal;
  const waited = Math.min(seconds, limits.maxWaitSeconds);
  const job = await jobs.settled(id, waited * 1000, signal);
  if (!job) throw notFound("job", id);
  return job;
}

/** Answers a completed job's result. Throws the problem of any other ending. */
export function resultResponse(job: Job, headers: Record<string, string> = {}): Response {
  if (job.state !== "completed") throw ended(job);
  // The result is JSON text already; parsing it only to write it again would cost for nothing.
  const text =
    `{"id":"${job.id}","status":"completed","model":${JSON.stringify(job.model)},"version":` +
    `${JSON.stringify(job.version)},"result":${job.result ?? "null"}}`;
  return new Response(text, { headers: { "content-type": "application/json", ...headers } });
}

/** The problem of asking for a result too early. */
export function unfinished(job: Job): Problem {
  return new Problem("job-unfinished", {
    detail: `the job is ${job.state}`,
    job: { id: job.id, status: job.state },
    headers: { "retry-after": RETRY_AFTER },
  });
}

/** The problem of a job that ended without a result. */
export function ended(job: Job): Problem {
  const kind: ProblemKind = job.state === "cancelled"
    ? "job-cancelled"
    : job.state === "expired"
    ? "job-expired"
    : "job-failed";
  return new Problem(kind, {
    detail: job.error?.message ?? `the job is ${job.state}`,
    job: { id: job.id, status: job.state },
    ...(job.error && { error: job.error }),
  });
}
