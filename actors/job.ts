/**
 * A job, its states, and the one table of transitions between them.
 *
 * @module
 */
import type { RouteDecision } from "../registry/route/decision.ts";

/** Where a job stands. `retrying` waits out a backoff; the last four are final. */
export type JobState =
  | "queued"
  | "running"
  | "retrying"
  | "completed"
  | "failed"
  | "cancelled"
  | "expired";

/** The one transition table: every adapter moves a job along these arrows and no others. */
export const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ["running", "cancelled", "expired", "failed", "completed"], // by a result that was known
  running: ["completed", "failed", "cancelled", "expired", "retrying", "queued"],
  retrying: ["queued", "cancelled", "expired"],
  completed: [],
  failed: ["queued"], // only by requeueing a dead letter
  cancelled: [],
  expired: [],
};

/** True where no further transition happens by itself. */
export function isFinal(state: JobState): boolean {
  return state === "completed" || state === "failed" || state === "cancelled" ||
    state === "expired";
}

/** True if the table has an arrow from one state to the other. */
export function mayMove(from: JobState, to: JobState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** `interactive` is served before `batch`, which keeps a share of its own. */
export type Lane = "interactive" | "batch";

export const LANES: readonly Lane[] = ["interactive", "batch"];

/** Why a job or an attempt did not end well. */
export interface JobError {
  /** A stable word for programs, such as `invalid_input` or `run_timeout`. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
  /** The child at fault, in a consensus, by its key; then its version and the attempt of its job. */
  readonly child?: string;
  readonly version?: string;
  readonly attempt?: number;
}

/** The limits a job was accepted under, in seconds; they do not change with the model later. */
export interface JobLimits {
  readonly maxAttempts: number;
  readonly runTimeoutSeconds: number;
  readonly queueTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly backoffSeconds: number;
  readonly maxBackoffSeconds: number;
}

/** Where to tell of a job's events (a webhook). */
export interface Callback {
  readonly url: string;
  /** Event types to tell of; see {@link CALLBACK_EVENTS}. */
  readonly events: readonly CallbackEvent[];
}

export const CALLBACK_EVENTS = [
  "started",
  "progress",
  "retrying",
  "completed",
  "failed",
  "cancelled",
  "expired",
] as const;

export type CallbackEvent = typeof CALLBACK_EVENTS[number];

/**
 * How the job came to be what it is, for whoever repeats it. It is kept as one JSON text and never
 * queried; a job of which there is nothing to say has none.
 */
export interface JobProvenance {
  /** What the model's route decided; not set where the caller named the version. */
  readonly route?: RouteDecision;
  /** The evaluation that it predicts rows of. */
  readonly evaluation?: string;
  /** Where its result comes from, if it is that of an equal job before. */
  readonly cache?: CacheFacts;
  /** Set where it runs an ended job again. */
  readonly replay?: ReplayFacts;
  /** Gateways that it came through before this one; not set for none. */
  readonly hops?: number;
}

/** An ended job that is run again. */
export interface ReplayFacts {
  /** That job. */
  readonly of: string;
  /** How far numbers of both results may differ and still match. */
  readonly tolerance?: Tolerance;
  /** The versions that the children of a consensus ran at, by their keys. */
  readonly children?: ChildVersions;
}

/** Two numbers match within either; exactly where neither is set. */
export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

/** Versions of a consensus's children by key, each with those of its own children, if it has any. */
export type ChildVersions = {
  readonly [child: string]: { readonly version: string; readonly children?: ChildVersions };
};

/** An equal job whose result was given again. */
export interface CacheFacts {
  /** The job that computed it. */
  readonly job: string;
  /** What it is kept under; see `cacheKey`. */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly computedAt: number;
}

/**
 * Who is to answer for what a job takes, beside its submitter, and at which rates. It is fixed when
 * the job is accepted; a job of which there is nothing to say has none.
 */
export interface JobAccount {
  /** Entries `team:NAME`: each has the job on its account too. */
  readonly teams?: readonly string[];
  /** One processor and no price where it is not set. */
  readonly rates?: JobRates;
  /** True where quotas are held for the job until it ends; only `submitWithin` sets it. */
  readonly held?: boolean;
}

/** What a second of a job's attempts stands for. Amounts of money are in billionths. */
export interface JobRates {
  /** Processors; 0 where an attempt only waits for other jobs, so that its time is no compute. */
  readonly cpu: number;
  readonly gpu: number;
  /** Per millisecond of run time, over all processors. */
  readonly costPerMs: number;
  /** A whole number, once per completed job. */
  readonly costPerCall: number;
}

/** What is handed in to create a job. Its submission time and its queue's tag are in the id. */
export interface NewJob {
  /** Made by `newJobId(tag)` before the first send, so that a re-sent submission is a duplicate. */
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly lane: Lane;
  /** JSON text. */
  readonly input: string;
  readonly limits: JobLimits;
  /** Who submitted it: `user:NAME`. */
  readonly submitter: string;
  readonly idempotency?: Idempotency;
  readonly callback?: Callback;
  /** The consensus job this one is a child of. */
  readonly parent?: string;
  /** W3C trace context of the submission. */
  readonly traceparent?: string;
  readonly provenance?: JobProvenance;
  readonly caller?: JobCaller;
  /** Counts the job with others of that name, by whatever versions; see `Cohort` in job_queue.ts. */
  readonly cohort?: string;
  readonly account?: JobAccount;
  /** JSON text of a result that is known: the job has completed as it is accepted, and never runs. */
  readonly result?: string;
}

/** By what a submitter called, for the audit; no part of the job's record. */
export interface JobCaller {
  /** The id of the API key. */
  readonly keyId?: string;
  /** The name of the agent or client program, if it gave one. */
  readonly client?: string;
}

export interface Idempotency {
  /** The caller's key, already scoped to the caller; compared within one queue. */
  readonly key: string;
  /** Digest of everything the request asks for; another one under the same key is a conflict. */
  readonly fingerprint: string;
}

/** One step of a job's life. */
export interface JobTransition {
  readonly state: JobState;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The attempt this belongs to; 0 before the first. */
  readonly attempt: number;
  readonly worker?: string;
  readonly error?: JobError;
  /** Who asked for it: of a cancellation or a requeue. */
  readonly by?: string;
}

/** How far an attempt says it is. */
export interface JobProgress {
  /** 0 to 1. */
  readonly fraction?: number;
  readonly message?: string;
}

/** A job as it stands. */
export interface Job {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly lane: Lane;
  readonly state: JobState;
  readonly submitter: string;
  /** JSON text. */
  readonly input: string;
  readonly limits: JobLimits;
  /** Attempts begun so far. */
  readonly attempt: number;
  /** Times a worker was lost while it ran this job. */
  readonly stalls: number;
  readonly submittedAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** When a retry is due. */
  readonly dueAt?: number;
  /** JSON text, once completed. */
  readonly result?: string;
  /**
   * JSON text of what not everyone who sees the job may see of how it ended; see
   * `consensus_answer.ts`. What is in `result` and `error` is fit for all of them.
   */
  readonly trace?: string;
  readonly error?: JobError;
  readonly deadLettered: boolean;
  readonly cancelRequested: boolean;
  readonly progress?: JobProgress;
  readonly worker?: string;
  readonly callback?: Callback;
  readonly parent?: string;
  readonly traceparent?: string;
  readonly provenance?: JobProvenance;
  readonly cohort?: string;
  readonly account?: JobAccount;
  /** Who sees its input and its result beside its submitter: entries `user:NAME`, `team:NAME`. */
  readonly sharedWith?: readonly string[];
  /** Every state change with its time, oldest first; the first is `queued` at submission. */
  readonly history: readonly JobTransition[];
}

/** How a job ended, or stands, for who waits for it. */
export type JobEnd = Pick<
  Job,
  | "id"
  | "state"
  | "version"
  | "attempt"
  | "startedAt"
  | "finishedAt"
  | "result"
  | "error"
  | "deadLettered"
>;

/** Something that happened to a job, in order. */
export interface JobEvent {
  /** Resume after it: unique within the job, opaque. */
  readonly id: string;
  readonly type: JobState | "progress" | "log";
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}
