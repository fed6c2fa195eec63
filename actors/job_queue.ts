/**
 * The port to where jobs are kept: one FIFO queue per model and lane.
 *
 * Three faces of one thing, each for the role that needs it: {@link JobSubmission} for gateways,
 * {@link JobDelivery} for workers, {@link JobSupervision} for schedulers. An adapter implements all
 * three as {@link JobQueue}.
 *
 * What every adapter promises:
 * - The job record is the truth; each transition is one atomic step along `TRANSITIONS`.
 * - What a call has acknowledged survives the death of any process.
 * - A lease is fenced: once it has passed to someone else, its old holder can change nothing.
 * - Jobs of one lane are started in the order they were accepted. A job handed back, or left by a
 *   worker that died, keeps its place at the head; a retry comes back at the tail.
 * - Queues are named by their model's tag; a queue comes into being on first use.
 *
 * @module
 */
import type {
  Callback,
  CallbackEvent,
  Job,
  JobEnd,
  JobError,
  JobEvent,
  JobLimits,
  JobProgress,
} from "./job.ts";
import type { JobCaller, JobState, JobTransition, Lane, NewJob } from "./job.ts";
import type { QuotaClaim, QuotaLedger, QuotaRefusal, QuotaStanding } from "./quota_ledger.ts";

/** What became of a submission. `duplicate` and `conflict` name the job that was there before. */
export type Submission =
  | { readonly kind: "accepted"; readonly id: string; readonly standing?: QuotaStanding }
  | { readonly kind: "duplicate"; readonly id: string }
  | { readonly kind: "conflict"; readonly id: string };

/** What became of a request to cancel. */
export type Cancellation = "cancelled" | "cancelling" | "final" | "missing";

/** With whom a job is to be shared, and for the audit by whom and why. */
export interface JobSharing {
  /** Entries `user:NAME` or `team:NAME`. */
  readonly with: readonly string[];
  readonly by?: string;
  readonly reason?: string;
}

/** Which jobs to list: newest first. */
export interface JobQuery {
  readonly tags: readonly number[];
  readonly states?: readonly JobState[];
  readonly submitter?: string;
  /** Only jobs of others that are shared with one of these, as they are shared now. */
  readonly shared?: SharedQuery;
  readonly limit: number;
  /** Only jobs before this id in time: the last id of the page before. */
  readonly before?: string;
}

export interface SharedQuery {
  /** Entries `user:NAME` or `team:NAME`. */
  readonly with: readonly string[];
  /** Whose jobs are not meant: who shares a job with a team of theirs has it already. */
  readonly notOf: string;
}

/** The store cannot take or answer now (down, out of memory, failing over); nothing was changed. */
export class QueueUnavailable extends Error {
  override readonly name = "QueueUnavailable";
}

/** The store holds as much that is to be audited as it may; it takes jobs again once that is written. */
export class AuditBufferFull extends QueueUnavailable {
  constructor() {
    super("too much is waiting to be audited");
  }
}

export interface JobSubmission {
  readonly ledger: QuotaLedger;
  /**
   * Accepts a job, durably, or says that it was accepted before: by its id (a re-sent request), or
   * by its idempotency key. A `conflict` is the same key with another fingerprint.
   */
  submit(job: NewJob): Promise<Submission>;
  /**
   * Submits a job if all quotas have room for it, and holds them until it ends. What was accepted
   * before takes nothing of them. A refusal has changed nothing.
   */
  submitWithin(job: NewJob, quotas: readonly QuotaClaim[]): Promise<Submission | QuotaRefusal>;
  /**
   * Submits a job and answers it as soon as it is final, or as it stands when the time is up or the
   * signal fires: `submit` and `settled` in fewer steps, for many jobs awaited at once. A job that
   * was accepted before is awaited all the same.
   */
  ask(job: NewJob, timeoutMs: number, signal?: AbortSignal): Promise<JobEnd | undefined>;
  get(id: string): Promise<Job | undefined>;
  /** The job as soon as it is final, or as it stands when the time is up or the signal fires. */
  settled(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Job | undefined>;
  list(query: JobQuery): Promise<Job[]>;
  /** Cancels a waiting job at once; asks the worker of a running one to stop. */
  cancel(id: string, by?: string): Promise<Cancellation>;
  /** Sets with whom a job is shared, in place of all before; false if there is no such job. */
  share(id: string, sharing: JobSharing): Promise<boolean>;
  /** What has happened to the job since the event with id `after`, oldest first. */
  events(id: string, after?: string): Promise<JobEvent[]>;
  /** Resolves when there may be new events for the job, or when the time is up. */
  changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** Dead-lettered jobs, newest first. */
  deadLetters(tag: number, limit: number, before?: string): Promise<Job[]>;
  /** Puts a dead-lettered job back at the tail with its attempts forgotten; false if it is none. */
  requeue(id: string, by?: string): Promise<boolean>;
  measure(tag: number): Promise<QueueMeasures>;
  /** How the jobs of a cohort have gone so far. */
  cohort(tag: number, name: string): Promise<Cohort>;
  /** The jobs of a cohort that ended last, the latest first; at most {@link MAX_COHORT_MEMBERS}. */
  cohortMembers(tag: number, name: string, limit: number): Promise<CohortMember[]>;
  /** Keeps notes with jobs of a cohort, for as long as those are among its members. */
  noteMembers(tag: number, name: string, notes: ReadonlyMap<string, string>): Promise<void>;
  /** The log of a job's callbacks. */
  deliveries(id: string): Promise<Delivery[]>;
  /** Makes a delivery due again at once; false if there is none under that id. */
  redeliver(deliveryId: string): Promise<boolean>;
  /**
   * Forgets a queue with everything in it. Where jobs are audited they are only ended at first, and
   * false says that something of them is still to be audited: call it again after that.
   */
  drop(tag: number): Promise<boolean>;
}

/** The right to run one attempt of a job, until it passes to someone else. */
export interface Lease {
  readonly jobId: string;
  /** Grows with each delivery of the job. */
  readonly fence: number;
  readonly worker: string;
  /** The adapter's own reference to the delivery. */
  readonly ticket: string;
}

/** A job handed to a worker. */
export interface Claim {
  readonly lease: Lease;
  readonly model: string;
  readonly version: string;
  readonly lane: Lane;
  readonly input: string;
  readonly limits: JobLimits;
  readonly submitter: string;
  /** 1 for the first attempt. A delivery after a lost worker is an attempt of its own number. */
  readonly attempt: number;
  /**
   * When the job was made ready to run (submitted, requeued, or promoted after a backoff): its queue
   * timeout counts from then, and goes on counting when the job is handed back or rescued.
   */
  readonly readyAt: number;
  readonly traceparent?: string;
  /** JSON text of the job's `JobProvenance`; parsed by who needs it. */
  readonly provenance?: string;
}

/** How an attempt ended, as the queue is to record it. `decide` in retry.ts chooses. */
export type Ending =
  | { readonly state: "completed"; readonly result: string; readonly trace?: string }
  | {
    readonly state: "failed";
    readonly error: JobError;
    readonly deadLetter: boolean;
    readonly trace?: string;
  }
  | { readonly state: "retrying"; readonly error: JobError; readonly delayMs: number }
  | { readonly state: "cancelled" }
  | { readonly state: "expired"; readonly error: JobError };

/** `held`: go on. `cancel`: still held, but stop the attempt and settle it as cancelled. */
export type LeaseState = "held" | "cancel" | "lost";

/** How many jobs a claim may take: it asks whenever it looks, so that it holds no place while it waits. */
export interface ClaimRoom {
  /** Takes places for the next look; with 0 the claim ends. */
  take(): number;
  /** Gives back those that no job was found for. */
  give(places: number): void;
}

export interface JobDelivery {
  /**
   * Hands out as many jobs as there is room for, waiting up to `waitMs` for the first. `interactive`
   * comes first, with at least one in eight for `batch` while it has jobs. Jobs cancelled or past
   * their queue timeout are settled here and not handed out; so are those whose workers died too
   * often. With a room of 0 it only makes the queue: a scaler that looks at it finds its stream and
   * group.
   */
  claim(
    tag: number,
    worker: string,
    room: number | ClaimRoom,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<Claim[]>;
  /** Renews leases; one answer per lease, in order. */
  heartbeat(leases: readonly Lease[]): Promise<LeaseState[]>;
  /** Tells how far an attempt is; dropped silently when the lease is lost. */
  progress(lease: Lease, progress: JobProgress): Promise<void>;
  /** Adds a line to the job's log; bounded per job, the oldest go first. */
  log(lease: Lease, line: string): Promise<void>;
  /**
   * Records how the attempt ended, once: `lost` means that the lease had passed on and nothing was
   * changed. The same ending sent again answers `recorded` again, also when the job has gone on.
   */
  settle(lease: Lease, ending: Ending): Promise<"recorded" | "lost">;
  /** Gives a job back unrun, at the head of its lane; the attempt does not count. */
  handBack(lease: Lease): Promise<void>;
}

/** A step of a job's life that is to be audited. */
export interface UnauditedStep {
  readonly jobId: string;
  /** Names the step within its job: the same however often it is read. */
  readonly step: string;
  /**
   * `cancelling`: a running job was asked to stop; `shared`: it was shared otherwise. Not set where
   * the record is gone.
   */
  readonly transition?: Omit<JobTransition, "state"> & {
    readonly state: JobState | "cancelling" | "shared";
  };
  /** With whom it was shared, and is; of a change of that. */
  readonly sharing?: SharingChange;
  readonly job?: Pick<Job, "model" | "version" | "submitter" | "lane" | "parent" | "provenance">;
  /** Of a submission. */
  readonly caller?: JobCaller;
  /** JSON text, of a submission. */
  readonly input?: string;
  /** JSON text, of a completion. */
  readonly result?: string;
}

/** A change of those with whom a job is shared. */
export interface SharingChange {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly reason?: string;
}

/** Steps in the order in which they were made. */
export interface UnauditedPage {
  readonly steps: readonly UnauditedStep[];
  /** Hand this to `audited` once they are in the trail. */
  readonly upTo: string;
  /** True if there are steps behind these. */
  readonly more: boolean;
}

/**
 * Every step of every job waits in its queue to be audited, put there by the very transaction that
 * made it: what is acknowledged is audited, whatever is killed. Not kept at all where the adapter is
 * not told to by {@link JobQueueOptions}.
 */
export interface JobAuditing {
  /**
   * Answers the oldest steps that wait, or those behind the `upTo` of a page before; at most `limit`,
   * fewer where they are large.
   */
  unaudited(tag: number, limit: number, after?: string): Promise<UnauditedPage>;
  /** Which of these queues have steps that wait. */
  withUnaudited(tags: readonly number[]): Promise<number[]>;
  /** Forgets steps that are in the trail; harmless when called twice, or late. */
  audited(tag: number, upTo: string): Promise<void>;
}

/** Inputs and results that one page of steps holds together, in bytes; one alone may be larger. */
export const UNAUDITED_PAGE_BYTES = 4 * 1024 * 1024;

/** How a queue stands. */
export interface QueueMeasures {
  /** Jobs ready to run, not yet claimed. */
  readonly waiting: Readonly<Record<Lane, number>>;
  readonly running: number;
  /** Jobs waiting out a backoff. */
  readonly delayed: number;
  readonly deadLetters: number;
  /** Age of the oldest waiting job. */
  readonly oldestWaitingMs: number;
  /** Ends by state and deliveries since the queue began. */
  readonly totals: Readonly<
    Record<
      "completed" | "failed" | "cancelled" | "expired" | "attempts" | "redelivered" | "discarded",
      number
    >
  >;
  /** Endings by reason: the error's code. */
  readonly failures: Readonly<Record<string, number>>;
  /** Cumulative counts of waiting and running times, by the bounds in {@link TIME_BOUNDS_MS}. */
  readonly queueTime: TimeHistogram;
  readonly runTime: TimeHistogram;
  /** Deliveries of callbacks waiting, and those given up. */
  readonly callbacksDue: number;
  readonly callbacksDead: number;
  /** Steps of jobs that wait to be audited. */
  readonly unaudited: number;
}

export interface TimeHistogram {
  readonly count: number;
  readonly sumMs: number;
  /** One count per bound and one beyond the last; not cumulative. */
  readonly buckets: readonly number[];
}

/**
 * How jobs that were submitted under one name have gone. It is counted in the steps that end them or
 * their attempts, and kept for {@link COHORT_KEPT_MS} after the last of these.
 */
export interface Cohort {
  /** Jobs by how they ended. */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly expired: number;
  /** Attempts that failed and were followed by another. */
  readonly retried: number;
  /** The last attempts of the completed jobs: counts by bucket, see `cohort_times.ts`. */
  readonly runTimes: ReadonlyMap<number, number>;
}

/** A job of a cohort that has ended. */
export interface CohortMember {
  readonly id: string;
  readonly note?: string;
}

export const MAX_COHORT_MEMBERS = 1000;
export const COHORT_KEPT_MS = 7 * 24 * 3600 * 1000;

/** Upper bounds of the time histograms' buckets. */
export const TIME_BOUNDS_MS: readonly number[] = [
  1,
  2,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1000,
  2500,
  5000,
  10000,
  30000,
  60000,
  300000,
  3600000,
];

/** A callback that is to be delivered, or was. */
export interface Delivery {
  /** Stable over retries: the `webhook-id`. Its job's id, a '.', and what makes it unique there. */
  readonly id: string;
  readonly jobId: string;
  readonly url: string;
  readonly type: CallbackEvent;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly state: "due" | "delivered" | "dead";
  readonly dueAt?: number;
  readonly attempts: readonly DeliveryAttempt[];
}

export interface DeliveryAttempt {
  readonly at: number;
  readonly status?: number;
  readonly error?: string;
  readonly tookMs: number;
}

/** Names one holding of a queue's supervision; a later one differs. */
export type Epoch = string;

export interface JobSupervision {
  /**
   * Takes the supervision of a queue if it is free (or one's own), for `ttlMs`. An epoch whose time
   * is up still holds the queue until someone takes it.
   */
  acquire(tag: number, scheduler: string, ttlMs: number): Promise<Epoch | undefined>;
  /**
   * One round for the holder: renews, makes due retries ready, rescues jobs whose lease has passed
   * (dead-letters them after `MAX_STALLS`), expires what waited too long, trims what is done with,
   * repairs a wrong lag. Undefined, and nothing changed, for anyone but the holder.
   */
  supervise(tag: number, epoch: Epoch, ttlMs: number): Promise<Supervision | undefined>;
  /**
   * Resolves when something may have come into a queue whose last round was idle, or when the time is
   * up: a queue in which nothing goes on costs nothing.
   */
  roused(tag: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** Gives the supervision up at once. */
  release(tag: number, epoch: Epoch): Promise<void>;
  /** Callbacks that are due, held back from others for `holdMs`; none for anyone but the holder. */
  dueDeliveries(tag: number, epoch: Epoch, limit: number, holdMs: number): Promise<Delivery[]>;
  /** Records one try: delivered, due again at a time, or given up. */
  recordDelivery(
    id: string,
    attempt: DeliveryAttempt,
    next: { state: "delivered" | "dead" } | { state: "due"; dueAt: number },
  ): Promise<void>;
  /** Says that a scheduler lives, for `ttlMs`, and answers all that do, sorted. */
  join(scheduler: string, ttlMs: number): Promise<string[]>;
  leave(scheduler: string): Promise<void>;
}

/** What a round of supervision did. */
export interface Supervision {
  readonly promoted: number;
  readonly rescued: number;
  readonly deadLettered: number;
  readonly expired: number;
  /** True when nothing goes on in the queue: the next round may wait until it is `roused`. */
  readonly idle: boolean;
  /** Callbacks that are due now. */
  readonly callbacksDue: number;
  /** Steps of jobs that wait to be audited. */
  readonly unaudited: number;
}

/** Where jobs are kept. Throws {@link QueueUnavailable}. */
export interface JobQueue
  extends JobSubmission, JobDelivery, JobSupervision, JobAuditing, AsyncDisposable {
  /** Checks that the store answers; for readiness. */
  ping(): Promise<void>;
}

/** What {@link JobQueue} adapters are configured with. */
export interface JobQueueOptions {
  /** How long a lease lasts without a heartbeat. */
  readonly leaseMs: number;
  /** Lost workers that a job is allowed before it is dead-lettered. */
  readonly maxStalls: number;
  /**
   * Steps that may wait to be audited, per queue, before submissions are refused with
   * {@link AuditBufferFull}; 0 where nothing is audited.
   */
  readonly auditLimit: number;
}

export const DEFAULT_QUEUE_OPTIONS: JobQueueOptions = {
  leaseMs: 30_000,
  maxStalls: 3,
  auditLimit: 0,
};

/** Re-exported for adapters' signatures. */
export type { Callback };
