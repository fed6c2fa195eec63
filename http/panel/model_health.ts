/**
 * How a model does, from how its queue stands and how it stood.
 *
 * @module
 */
import type { QueueMeasures } from "../../actors/job_queue.ts";
import type { QueueSample } from "../metrics/queue_samples.ts";

export type Health = "idle" | "healthy" | "behind" | "failing" | "unknown";

/** Above this share of jobs that did not complete within the hour, a model is failing. */
const FAILING_SHARE = 0.2;
/** A job that waited this long, in milliseconds, means that the workers are behind. */
const BEHIND_MS = 60_000;

/** Judges by the last hour; by all that is known where there are no samples yet. */
export function healthOf(
  measures: QueueMeasures | undefined,
  hour: readonly QueueSample[],
): Health {
  if (!measures) return "unknown";
  const { totals } = measures;
  const first = hour[0];
  const completed = totals.completed - (first?.completed ?? 0);
  const failed = totals.failed + totals.expired - (first ? first.failed - totals.cancelled : 0);
  const ended = completed + Math.max(0, failed);
  if (ended > 0 && failed / ended > FAILING_SHARE) return "failing";
  if (measures.oldestWaitingMs > BEHIND_MS) return "behind";
  const busy = measures.running + measures.delayed + measures.waiting.interactive +
    measures.waiting.batch;
  return ended > 0 || busy > 0 ? "healthy" : "idle";
}

/** Jobs that wait, for a worker or for their next try. */
export function backlogOf({ waiting, delayed }: QueueMeasures): number {
  return waiting.interactive + waiting.batch + delayed;
}
