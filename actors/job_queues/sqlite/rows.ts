/**
 * Rows of the embedded queue, and what they stand for.
 *
 * @module
 */
import type { CallbackEvent, Job, JobEvent, JobState, JobTransition, Lane } from "../../job.ts";
import { jobIdTime } from "../../job_id.ts";
import type { Claim, Delivery } from "../../job_queue.ts";
import type { SqliteRow } from "./group_commit.ts";

/** The job that a row stands for, with the transitions among its events. */
export function jobOf(row: SqliteRow, events: readonly SqliteRow[]): Job {
  const id = row.id as string;
  const state = row.state as JobState;
  return {
    id,
    model: row.model as string,
    version: row.version as string,
    lane: row.lane as Lane,
    state,
    submitter: row.submitter as string,
    input: row.input as string,
    limits: JSON.parse(row.limits as string),
    attempt: row.attempt as number,
    stalls: row.stalls as number,
    submittedAt: jobIdTime(id),
    ...(row.started_at === null ? {} : { startedAt: row.started_at as number }),
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at as number }),
    ...(row.due_at === null ? {} : { dueAt: row.due_at as number }),
    ...(row.result === null ? {} : { result: row.result as string }),
    ...(row.trace === null ? {} : { trace: row.trace as string }),
    ...(row.error === null || state === "completed"
      ? {}
      : { error: JSON.parse(row.error as string) }),
    deadLettered: row.dead === 1,
    cancelRequested: row.cancel === 1,
    ...(row.progress === null ? {} : { progress: JSON.parse(row.progress as string) }),
    ...(state === "running" && row.worker !== null ? { worker: row.worker as string } : {}),
    ...(row.callback === null ? {} : { callback: JSON.parse(row.callback as string) }),
    ...(row.parent === null ? {} : { parent: row.parent as string }),
    ...(row.traceparent === null ? {} : { traceparent: row.traceparent as string }),
    ...(row.provenance === null ? {} : { provenance: JSON.parse(row.provenance as string) }),
    ...(row.cohort === null ? {} : { cohort: row.cohort as string }),
    ...(row.account === null ? {} : { account: JSON.parse(row.account as string) }),
    ...(row.shared_with === null ? {} : { sharedWith: JSON.parse(row.shared_with as string) }),
    history: events.map(transitionOf),
  };
}

function transitionOf(row: SqliteRow): JobTransition {
  const data = JSON.parse(row.data as string) as Pick<JobTransition, "worker" | "error"> & {
    attempt?: number;
  };
  return {
    state: row.type as JobState,
    at: row.at as number,
    ...data,
    attempt: data.attempt ?? 0,
  };
}

export function eventOf(row: SqliteRow): JobEvent {
  return {
    id: String(row.n),
    type: row.type as JobEvent["type"],
    at: row.at as number,
    data: JSON.parse(row.data as string),
  };
}

export function claimOf(row: SqliteRow, worker: string, fence: number, attempt: number): Claim {
  return {
    lease: { jobId: row.id as string, fence, worker, ticket: String(row.seq) },
    model: row.model as string,
    version: row.version as string,
    lane: row.lane as Lane,
    input: row.input as string,
    limits: JSON.parse(row.limits as string),
    submitter: row.submitter as string,
    attempt,
    readyAt: row.ready_at as number,
    ...(row.traceparent === null ? {} : { traceparent: row.traceparent as string }),
    ...(row.provenance === null ? {} : { provenance: row.provenance as string }),
  };
}

export function deliveryOf(row: SqliteRow): Delivery {
  return {
    id: row.id as string,
    jobId: row.job_id as string,
    url: row.url as string,
    type: row.type as CallbackEvent,
    at: row.at as number,
    data: JSON.parse(row.data as string),
    state: row.state as Delivery["state"],
    ...(row.state === "due" && row.due_at !== null ? { dueAt: row.due_at as number } : {}),
    attempts: JSON.parse(row.attempts as string),
  };
}
