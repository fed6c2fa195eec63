/**
 * Counters of the embedded queue: gathered in memory while a transaction is made and written once
 * per name, in that same transaction. What a write counted goes with it if it is undone.
 *
 * @module
 */
import { type QueueMeasures, TIME_BOUNDS_MS, type TimeHistogram } from "../../job_queue.ts";
import type { GroupCommit } from "./group_commit.ts";

export class Counters {
  readonly #changes = new Map<number, Map<string, number>>();
  /** What the present write has counted. */
  #fresh: [tag: number, name: string, by: number][] = [];

  count(tag: number, name: string, by = 1): void {
    this.#fresh.push([tag, name, by]);
  }

  /** The present write stands. */
  keep(): void {
    for (const [tag, name, by] of this.#fresh) {
      let changes = this.#changes.get(tag);
      if (!changes) this.#changes.set(tag, changes = new Map());
      changes.set(name, (changes.get(name) ?? 0) + by);
    }
    this.#fresh = [];
  }

  /** The present write is undone. */
  undo(): void {
    this.#fresh = [];
  }

  /** Forgets what was counted for a queue: in this transaction, not in the store. */
  forget(tag: number): void {
    this.#changes.delete(tag);
    this.#fresh = this.#fresh.filter(([of]) => of !== tag);
  }

  /** The whole transaction is undone. */
  clear(): void {
    this.#changes.clear();
    this.#fresh = [];
  }

  observe(tag: number, kind: "queue" | "run", ms: number): void {
    const bucket = TIME_BOUNDS_MS.findIndex((bound) => ms <= bound);
    this.count(tag, `${kind}${bucket < 0 ? TIME_BOUNDS_MS.length : bucket}`);
    this.count(tag, `${kind}sum`, ms);
  }

  /** Writes what was gathered; part of the transaction that did what was counted. */
  flush(store: GroupCommit): void {
    for (const [tag, changes] of this.#changes) {
      for (const [name, by] of changes) {
        if (by === 0) continue;
        store.run(
          "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
          tag,
          name,
          by,
        );
      }
    }
    this.clear();
  }

  read(
    store: GroupCommit,
    tag: number,
  ): Pick<
    QueueMeasures,
    "waiting" | "totals" | "failures" | "queueTime" | "runTime" | "callbacksDead"
  > {
    const values = new Map<string, number>();
    for (const row of store.all("SELECT name, value FROM counters WHERE tag = ?", tag)) {
      values.set(row.name as string, row.value as number);
    }
    const value = (name: string) => values.get(name) ?? 0;
    const failures: Record<string, number> = {};
    for (const [name, count] of values) {
      if (name.startsWith("failure:")) failures[name.slice("failure:".length)] = count;
    }
    return {
      waiting: { interactive: value("waiting:interactive"), batch: value("waiting:batch") },
      totals: {
        completed: value("completed"),
        failed: value("failed"),
        cancelled: value("cancelled"),
        expired: value("expired"),
        attempts: value("attempts"),
        redelivered: value("redelivered"),
        discarded: value("discarded"),
      },
      failures,
      queueTime: histogram("queue", value),
      runTime: histogram("run", value),
      callbacksDead: value("callbacks_dead"),
    };
  }
}

function histogram(kind: string, value: (name: string) => number): TimeHistogram {
  const buckets = Array.from({ length: TIME_BOUNDS_MS.length + 1 }, (_, i) => value(kind + i));
  return { count: buckets.reduce((sum, n) => sum + n, 0), sumMs: value(`${kind}sum`), buckets };
}
