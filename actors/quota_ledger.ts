/**
 * The part of the job queue's port that keeps quotas and accounts: who has how many jobs in flight,
 * and what jobs have taken, by day. It is part of the queue because a quota is held by a job's record
 * and given back by the job's end, and by nothing else.
 *
 * What every adapter promises:
 * - A job is accepted only where all quotas it is submitted under have room, over all gateways.
 * - A job in flight is given back once, when its record says that it has ended, however it ended and
 *   whatever was killed meanwhile.
 * - What an attempt took is counted once, in the step that ends the attempt. Days are days of UTC.
 *
 * @module
 */

/** What a subject may use; what is not set is not limited. */
export interface QuotaLimits {
  /** Submissions accepted in any second; in any `1/r` seconds where it is less than 1. */
  readonly requestsPerSecond?: number;
  /** Jobs accepted and not ended. */
  readonly jobsInFlight?: number;
  /** Jobs accepted on one day. */
  readonly jobsPerDay?: number;
  /** Run time of attempts that ended on one day; none is accepted once it is used up. */
  readonly computeSecondsPerDay?: number;
}

export const QUOTA_LIMITS = [
  "requestsPerSecond",
  "jobsInFlight",
  "jobsPerDay",
  "computeSecondsPerDay",
] as const satisfies readonly (keyof QuotaLimits)[];

/** That a job counts against a subject. */
export interface QuotaClaim {
  /** `user:NAME`, `team:NAME`, `key:ID` or `model:NAME`. */
  readonly subject: string;
  readonly limits: QuotaLimits;
}

/** What a subject uses now. */
export interface QuotaUse {
  /** Accepted within the window of `requestsPerSecond`; 0 where that is not asked for. */
  readonly requests: number;
  readonly jobsInFlight: number;
  readonly jobsToday: number;
  readonly computeSecondsToday: number;
}

/** How the quotas stand after a submission, in the order in which they were claimed. */
export type QuotaStanding = readonly QuotaUse[];

/** The first quota that had no room. Nothing was changed. */
export interface QuotaRefusal {
  readonly kind: "limited";
  readonly subject: string;
  readonly limit: keyof QuotaLimits;
  /** When it is worth another try, in milliseconds. */
  readonly retryAfterMs: number;
  readonly standing: QuotaStanding;
}

/** What was taken on one day by one payer of one version. */
export interface UsageRow {
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
  /** As it was called last; it may be deleted meanwhile. */
  readonly model: string;
  readonly version: string;
  /** A submitter, or `team:NAME`; what a member's job took is on both accounts. */
  readonly payer: string;
  /** Jobs that ended, in whatever way. */
  readonly jobs: number;
  readonly completed: number;
  readonly computeMs: number;
  readonly cpuMs: number;
  readonly gpuMs: number;
  /** In billionths. */
  readonly cost: number;
}

/** Which rows of usage to read; both days included. */
export interface UsageQuery {
  readonly tags: readonly number[];
  readonly fromDay: number;
  readonly toDay: number;
  /** Only of this payer. */
  readonly payer?: string;
}

export interface QuotaLedger {
  /** What subjects use now, in order; `requests` is left out of account. */
  quotaUse(subjects: readonly string[]): Promise<QuotaStanding>;
  /** What jobs of these queues have taken. It outlives their records: see {@link USAGE_KEPT_DAYS}. */
  usage(query: UsageQuery): Promise<UsageRow[]>;
  /** Queues that were dropped and have usage that is still kept. */
  droppedTags(): Promise<number[]>;
  /** Gives back what is held for jobs that ended unseen or were never accepted. */
  sweepQuotas(): Promise<number>;
}

export const USAGE_KEPT_DAYS = 400;

/**
 * How long a quota is held for a job without a record: longer than any submission is tried for. The
 * hold of a job with a record is looked at as often.
 */
export const QUOTA_HOLD_MS = 120_000;

const DAY_MS = 24 * 3600 * 1000;

/** The day, of UTC, that a time in epoch milliseconds is in. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** The window of a rate, in milliseconds, and how many requests it has room for. */
export function rateWindow(perSecond: number): { readonly room: number; readonly ms: number } {
  const room = Math.max(1, Math.floor(perSecond));
  return { room, ms: 1000 * room / perSecond };
}
