/**
 * Who supervises which queue, and which schedulers live; for use inside a transaction.
 *
 * @module
 */
import type { Epoch } from "../../job_queue.ts";
import type { GroupCommit } from "./group_commit.ts";

export class Ownership {
  readonly #store: GroupCommit;
  readonly #now: () => number;

  constructor(store: GroupCommit, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  acquire(tag: number, scheduler: string, ttlMs: number): Epoch | undefined {
    const now = this.#now();
    const owner = this.#store.get("SELECT * FROM owners WHERE tag = ?", tag);
    if (owner && (owner.until as number) > now) {
      if (owner.who !== scheduler) return undefined;
      this.#store.run("UPDATE owners SET until = ? WHERE tag = ?", now + ttlMs, tag);
      return owner.epoch as Epoch;
    }
    const n = ((owner?.n as number | undefined) ?? 0) + 1;
    const epoch = `${n}:${scheduler}`;
    this.#store.run(
      `INSERT INTO owners VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET n = excluded.n, who = excluded.who, until = excluded.until, epoch = excluded.epoch`,
      tag,
      n,
      scheduler,
      now + ttlMs,
      epoch,
    );
    return epoch;
  }

  owns(tag: number, epoch: Epoch): boolean {
    return this.#store.get("SELECT 1 FROM owners WHERE tag = ? AND epoch = ?", tag, epoch) !==
      undefined;
  }

  release(tag: number, epoch: Epoch): void {
    this.#store.run(
      "UPDATE owners SET until = 0, who = NULL, epoch = NULL WHERE tag = ? AND epoch = ?",
      tag,
      epoch,
    );
  }

  join(scheduler: string, ttlMs: number): string[] {
    const now = this.#now();
    this.#store.run(
      "INSERT INTO schedulers VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until",
      scheduler,
      now + ttlMs,
    );
    this.#store.run("DELETE FROM schedulers WHERE until <= ?", now);
    return this.#store.all("SELECT name FROM schedulers ORDER BY name").map((row) =>
      row.name as string
    );
  }

  leave(scheduler: string): void {
    this.#store.run("DELETE FROM schedulers WHERE name = ?", scheduler);
  }
}
