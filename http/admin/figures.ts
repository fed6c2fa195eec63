/**
 * A queue's measures as the figures of the monitoring.
 *
 * @module
 */
import type { QueueMeasures } from "../../actors/job_queue.ts";
import { backlogOf } from "../panel/model_health.ts";

export interface Figures {
  readonly pending: number;
  readonly running: number;
  readonly completed: number;
  /** Failed for good, or expired. */
  readonly failed: number;
  /** Of the attempts, in milliseconds; undefined before the first. */
  readonly averageMs: number | undefined;
  /** 0 to 1; undefined before the first job has ended. */
  readonly successRate: number | undefined;
  readonly oldestMs: number;
  readonly deadLetters: number;
}

/** Answers the figures since the queue began. */
export function figuresOf(measures: QueueMeasures): Figures {
  const { totals, runTime } = measures;
  const failed = totals.failed + totals.expired;
  const ended = totals.completed + failed;
  return {
    pending: backlogOf(measures),
    running: measures.running,
    completed: totals.completed,
    failed,
    averageMs: runTime.count > 0 ? runTime.sumMs / runTime.count : undefined,
    successRate: ended > 0 ? totals.completed / ended : undefined,
    oldestMs: measures.oldestWaitingMs,
    deadLetters: measures.deadLetters,
  };
}
