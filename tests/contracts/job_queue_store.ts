/**
 * What the suite of the job queue works with: two views of one store, jobs to put into it, and
 * patience.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { JobLimits, NewJob } from "../../actors/job.ts";
import { MAX_TAG, newJobId } from "../../actors/job_id.ts";
import type { Claim, JobQueue, JobQueueOptions } from "../../actors/job_queue.ts";

/** Two connections to one store; the same object where a store takes one process only. */
export interface QueueStore extends AsyncDisposable {
  readonly queue: JobQueue;
  readonly other: JobQueue;
}

export type OpenQueueStore = (options: JobQueueOptions) => Promise<QueueStore>;

/** Registers one claim about the port. */
export type QueueClaim = (claim: string, body: (store: QueueStore) => Promise<void>) => void;

/** Short, so that a lost worker is found out soon. */
export const LEASE_MS = 250;
export const MAX_STALLS = 2;

export const LIMITS: JobLimits = {
  maxAttempts: 3,
  runTimeoutSeconds: 60,
  queueTimeoutSeconds: 600,
  retentionSeconds: 600,
  backoffSeconds: 1,
  maxBackoffSeconds: 60,
};

export function newTag(): number {
  return 1 + Math.floor(Math.random() * MAX_TAG);
}

export function newJob(tag: number, change: Partial<NewJob> = {}): NewJob {
  return {
    id: newJobId(tag),
    model: "esol",
    version: "1.0.0",
    lane: "interactive",
    input: '{"smiles":"CCO"}',
    limits: LIMITS,
    submitter: "user:ada",
    ...change,
  };
}

/** Submits so many jobs one after the other; answers their ids in that order. */
export async function submitMany(
  queue: JobQueue,
  tag: number,
  count: number,
  change: Partial<NewJob> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const job = newJob(tag, change);
    await queue.submit(job);
    ids.push(job.id);
  }
  return ids;
}

/** Claims exactly one job. */
export async function claimOne(queue: JobQueue, tag: number, worker = "w1"): Promise<Claim> {
  const [claim] = await queue.claim(tag, worker, 1, 15_000);
  assert(claim, "expected a job to claim");
  return claim;
}

export function idsOf(claims: readonly Claim[]): string[] {
  return claims.map((claim) => claim.lease.jobId);
}

/** Looks every few milliseconds until the look is to the point; fails after `withinMs`. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false>,
  what: string,
  withinMs = 30_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    assert(performance.now() < end, `expected ${what} within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** Holds the supervision of a queue, for tests that need rounds. */
export async function supervised(queue: JobQueue, tag: number) {
  const epoch = await queue.acquire(tag, `s-${crypto.randomUUID().slice(0, 6)}`, 60_000);
  assert(epoch !== undefined, "expected the supervision to be free");
  return async () => {
    const round = await queue.supervise(tag, epoch, 60_000);
    assert(round, "expected to hold the supervision");
    return round;
  };
}
