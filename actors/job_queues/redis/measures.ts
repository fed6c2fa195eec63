/**
 * A queue's measures, from what `measure.lua` answers.
 *
 * @module
 */
import { type QueueMeasures, TIME_BOUNDS_MS, type TimeHistogram } from "../../job_queue.ts";

type Reply = readonly [string[], number, number, number, number, number, number, number];

export function measuresOf(reply: unknown): QueueMeasures {
  const [flat, running, delayed, deadLetters, callbacksDue, oldestWaitingMs, _now, unaudited] =
    reply as Reply;
  const counters = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) counters.set(flat[i]!, flat[i + 1]!);
  const count = (name: string) => Number(counters.get(name) ?? 0);
  const failures: Record<string, number> = {};
  for (const [name, value] of counters) {
    if (name.startsWith("failure:")) failures[name.slice("failure:".length)] = Number(value);
  }
  return {
    waiting: { interactive: count("waiting:interactive"), batch: count("waiting:batch") },
    running,
    delayed,
    deadLetters,
    oldestWaitingMs,
    totals: {
      completed: count("completed"),
      failed: count("failed"),
      cancelled: count("cancelled"),
      expired: count("expired"),
      attempts: count("attempts"),
      redelivered: count("redelivered"),
      discarded: count("discarded"),
    },
    failures,
    queueTime: histogram("queue", count),
    runTime: histogram("run", count),
    callbacksDue,
    unaudited,
    callbacksDead: count("callbacks_dead"),
  };
}

function histogram(kind: string, count: (name: string) => number): TimeHistogram {
  const buckets = Array.from(
    { length: TIME_BOUNDS_MS.length + 1 },
    (_, i) => count(`${kind}${i + 1}`),
  );
  return { count: buckets.reduce((sum, n) => sum + n, 0), sumMs: count(`${kind}sum`), buckets };
}
