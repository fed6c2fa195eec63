/**
 * Deliveries of callbacks in the embedded queue; what writes is for use inside a transaction.
 *
 * @module
 */
import type { CallbackEvent } from "../../job.ts";
import type { Delivery, DeliveryAttempt } from "../../job_queue.ts";
import type { Counters } from "./counters.ts";
import type { GroupCommit, SqliteRow } from "./group_commit.ts";
import { deliveryOf } from "./rows.ts";

const DELIVERIES_KEPT_MS = 7 * 24 * 3600 * 1000;

export class Deliveries {
  readonly #store: GroupCommit;
  readonly #counters: Counters;
  readonly #now: () => number;

  constructor(store: GroupCommit, counters: Counters, now: () => number) {
    this.#store = store;
    this.#counters = counters;
    this.#now = now;
  }

  /** Makes a delivery for a callback that asked for this event. */
  tell(row: SqliteRow, type: CallbackEvent, data: Record<string, unknown>): void {
    if (row.callback === null) return;
    const callback = JSON.parse(row.callback as string) as { url: string; events: CallbackEvent[] };
    if (!callback.events.includes(type)) return;
    const id = row.id as string;
    // Not their count: old ones are swept away, and a number that is in use must not come again.
    const last = this.#store.get(
      "SELECT max(CAST(substr(id, 38) AS INTEGER)) AS n FROM deliveries WHERE job_id = ?",
      id,
    )!.n as number | null;
    const n = (last ?? 0) + 1;
    this.#store.run(
      "INSERT INTO deliveries (id, tag, job_id, url, type, at, data, state, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'due', ?)",
      `${id}.${n}`,
      row.tag as number,
      id,
      callback.url,
      type,
      this.#now(),
      JSON.stringify(data),
      this.#now(),
    );
  }

  ofJob(id: string): Delivery[] {
    // What follows the job's id and the dot is a number.
    const rows = this.#store.all(
      "SELECT * FROM deliveries WHERE job_id = ? ORDER BY at, CAST(substr(id, 38) AS INTEGER)",
      id,
    );
    return rows.map(deliveryOf);
  }

  redeliver(deliveryId: string): boolean {
    const row = this.#store.get("SELECT tag, state FROM deliveries WHERE id = ?", deliveryId);
    if (!row) return false;
    if (row.state === "dead") this.#counters.count(row.tag as number, "callbacks_dead", -1);
    this.#store.run(
      "UPDATE deliveries SET state = 'due', due_at = ?, delete_at = NULL WHERE id = ?",
      this.#now(),
      deliveryId,
    );
    return true;
  }

  due(tag: number, limit: number, holdMs: number): Delivery[] {
    const now = this.#now();
    const rows = this.#store.all(
      "SELECT * FROM deliveries WHERE tag = ? AND state = 'due' AND due_at <= ? ORDER BY due_at LIMIT ?",
      tag,
      now,
      limit,
    );
    for (const row of rows) {
      this.#store.run(
        "UPDATE deliveries SET due_at = ? WHERE id = ?",
        now + holdMs,
        row.id as string,
      );
    }
    return rows.map(deliveryOf);
  }

  record(
    id: string,
    attempt: DeliveryAttempt,
    next: { state: "delivered" | "dead" } | { state: "due"; dueAt: number },
  ): void {
    const row = this.#store.get("SELECT tag, attempts FROM deliveries WHERE id = ?", id);
    if (!row) return;
    const attempts = JSON.stringify([...JSON.parse(row.attempts as string), attempt]);
    this.#store.run(
      "UPDATE deliveries SET attempts = ?, state = ?, due_at = ?, delete_at = ? WHERE id = ?",
      attempts,
      next.state,
      next.state === "due" ? next.dueAt : null,
      next.state === "due" ? null : this.#now() + DELIVERIES_KEPT_MS,
      id,
    );
    if (next.state === "dead") this.#counters.count(row.tag as number, "callbacks_dead");
  }
}
