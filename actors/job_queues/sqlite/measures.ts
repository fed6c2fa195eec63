/**
 * A queue's measures.
 *
 * @module
 */
import type { QueueMeasures } from "../../job_queue.ts";
import type { Counters } from "./counters.ts";
import type { GroupCommit } from "./group_commit.ts";

export function readMeasures(
  store: GroupCommit,
  counters: Counters,
  tag: number,
  now: number,
): QueueMeasures {
  const count = (sql: string) => store.get(sql, tag)!.n as number;
  const oldest = Math.min(
    ...["interactive", "batch"].map((lane) =>
      (store.get(
        "SELECT ready_at FROM jobs WHERE tag = ? AND lane = ? AND state = 'queued' ORDER BY seq LIMIT 1",
        tag,
        lane,
      )?.ready_at as number | undefined) ?? Infinity
    ),
  );
  return {
    ...counters.read(store, tag),
    running: count("SELECT count(*) AS n FROM jobs WHERE tag = ? AND state = 'running'"),
    delayed: count("SELECT count(*) AS n FROM jobs WHERE tag = ? AND state = 'retrying'"),
    deadLetters: count("SELECT count(*) AS n FROM jobs WHERE tag = ? AND dead = 1"),
    oldestWaitingMs: oldest === Infinity ? 0 : Math.max(0, now - oldest),
    unaudited: count("SELECT count(*) AS n FROM audit WHERE tag = ?"),
    callbacksDue: count("SELECT count(*) AS n FROM deliveries WHERE tag = ? AND state = 'due'"),
  };
}
