/**
 * Every key and channel name in Redis, in one place: code, manifests and documentation read them
 * here. The Lua scripts build the same names from the prefix of {@link queuePrefix}.
 *
 * @module
 */
import type { Lane } from "./job.ts";

/** The consumer group on every stream; a scaler watches its lag. */
export const CONSUMER_GROUP = "workers";

/** The key that holds the live schedulers. */
export const SCHEDULERS_KEY = "mg:schedulers";

/**
 * What is held against quotas, by job. All counts of quotas are in its slot, so that a job is held
 * against all of its quotas in one step.
 */
export const QUOTAS_KEY = "mg:{quota}:held";

/** The jobs in flight that count against a subject's quota, by when they were accepted. */
export function quotaIdsKey(subject: string): string {
  return `mg:{quota}:ids:${subject}`;
}

/** Queues that were dropped, by when: what was spent in them is kept. */
export const DROPPED_KEY = "mg:dropped";

/** A queue's name: its tag in six hexadecimal digits. */
export function queueName(tag: number): string {
  return tag.toString(16).padStart(6, "0");
}

/** What all keys of one queue begin with; the braces keep them in one cluster slot. */
export function queuePrefix(tag: number): string {
  return `mg:{${queueName(tag)}}:`;
}

/** The stream of a lane, with {@link CONSUMER_GROUP} on it. */
export function streamKey(tag: number, lane: Lane): string {
  return queuePrefix(tag) + lane;
}

/** The counters of a queue: the key that scripts are given, and derive all others from. */
export function countersKey(tag: number): string {
  return queuePrefix(tag) + "counters";
}

export function jobKey(tag: number, id: string): string {
  return `${queuePrefix(tag)}job:${id}`;
}

/** The id of the job that an idempotency key stands for. */
export function idempotencyKey(tag: number, key: string): string {
  return `${queuePrefix(tag)}key:${key}`;
}

/** Progress and log lines of one job. */
export function eventsKey(tag: number, id: string): string {
  return `${queuePrefix(tag)}events:${id}`;
}

/** Steps of jobs that are to be audited, oldest first. */
export function auditKey(tag: number): string {
  return queuePrefix(tag) + "audit";
}

/** Every job whose record is kept, in the order of ids. */
export function indexKey(tag: number): string {
  return queuePrefix(tag) + "index";
}

/**
 * Shared jobs by whom they are shared with: members `ENTRY ID`, in the order of ids for each entry.
 *
 * It is the queue's and not the person's, so that it lies in the slot of the job's record and the
 * script that shares a job writes both in one step: an index by person would lie in another slot of
 * a Cluster, and a share that was revoked could stay in it. Who lists asks each queue in turn, as
 * for all lists of jobs. One key for all entries, so that it is dropped and swept without a list of
 * names.
 */
export function sharedKey(tag: number): string {
  return queuePrefix(tag) + "shared";
}

/** Dead letters by the time they died. */
export function deadKey(tag: number): string {
  return queuePrefix(tag) + "dead";
}

export function deliveryKey(tag: number, deliveryId: string): string {
  return `${queuePrefix(tag)}delivery:${deliveryId}`;
}

/** Deliveries that are due, by when. */
export function callbacksKey(tag: number): string {
  return queuePrefix(tag) + "callbacks";
}

/** The ids of a job's deliveries. */
export function deliveriesKey(tag: number, jobId: string): string {
  return `${queuePrefix(tag)}deliveries:${jobId}`;
}

/** Counts of a cohort. The names of all of a queue's cohorts are in a set `cohorts`. */
export function cohortKey(tag: number, name: string): string {
  return `${queuePrefix(tag)}cohort:${name}`;
}

/** The jobs of a cohort that ended last. */
export function cohortMembersKey(tag: number, name: string): string {
  return `${queuePrefix(tag)}members:${name}`;
}

/** Notes that are kept with them. */
export function cohortNotesKey(tag: number, name: string): string {
  return `${queuePrefix(tag)}notes:${name}`;
}

/** There while nothing goes on in a queue; see `JobSupervision.roused`. */
export function asleepKey(tag: number): string {
  return queuePrefix(tag) + "asleep";
}

/** Jobs that have ended and whose quotas are to be given back; each with its run time. */
export function endedKey(tag: number): string {
  return queuePrefix(tag) + "ended";
}

/** The channel on which workers are told that there is something to claim. */
export function wakeChannel(tag: number): string {
  return queuePrefix(tag) + "wake";
}

/** The channel on which one gateway is told that a job it watches has changed. */
export function changedChannel(tag: number, gateway: string): string {
  return `${queuePrefix(tag)}changed:${gateway}`;
}
