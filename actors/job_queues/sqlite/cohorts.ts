/**
 * Cohorts in the embedded queue; what writes is for use inside a transaction.
 *
 * @module
 */
import { timeBucket } from "../../routing/cohort_times.ts";
import type { JobState } from "../../job.ts";
import {
  type Cohort,
  COHORT_KEPT_MS,
  type CohortMember,
  MAX_COHORT_MEMBERS,
} from "../../job_queue.ts";
import type { GroupCommit, SqliteRow } from "./group_commit.ts";

const SWEEP_EVERY_MS = 3600 * 1000;
const TIME = "time:";

export class Cohorts {
  readonly #store: GroupCommit;
  readonly #now: () => number;
  #sweptAt = 0;

  constructor(store: GroupCommit, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Counts how a job, or an attempt of it that is followed by another, ended. */
  tally(row: SqliteRow, state: JobState): void {
    const tag = row.tag as number, name = row.cohort as string | null;
    if (name === null) return;
    this.#count(tag, name, state);
    if (state === "retrying") return;
    if (state === "completed") {
      this.#count(tag, name, TIME + timeBucket(this.#now() - (row.started_at as number)));
    }
    const { n } = this.#store.get(
      "INSERT INTO cohort_members (tag, name, n, job_id) SELECT ?1, ?2, coalesce(max(n), 0) + 1, ?3 FROM cohort_members WHERE tag = ?1 AND name = ?2 RETURNING n",
      tag,
      name,
      row.id as string,
    )!;
    this.#store.run(
      "DELETE FROM cohort_members WHERE tag = ? AND name = ? AND n <= ?",
      tag,
      name,
      (n as number) - MAX_COHORT_MEMBERS,
    );
  }

  #count(tag: number, name: string, field: string): void {
    this.#store.run(
      `INSERT INTO cohorts VALUES (?, ?, ?, 1, ?)
       ON CONFLICT DO UPDATE SET value = value + 1, until = excluded.until`,
      tag,
      name,
      field,
      this.#now() + COHORT_KEPT_MS,
    );
  }

  read(tag: number, name: string): Cohort {
    const sql = "SELECT field, value FROM cohorts WHERE tag = ? AND name = ?";
    const fields = new Map(
      this.#store.all(sql, tag, name).map((row) => [row.field as string, row.value as number]),
    );
    const times = [...fields].filter(([field]) => field.startsWith(TIME));
    return {
      completed: fields.get("completed") ?? 0,
      failed: fields.get("failed") ?? 0,
      cancelled: fields.get("cancelled") ?? 0,
      expired: fields.get("expired") ?? 0,
      retried: fields.get("retrying") ?? 0,
      runTimes: new Map(times.map(([field, n]) => [Number(field.slice(TIME.length)), n])),
    };
  }

  members(tag: number, name: string, limit: number): CohortMember[] {
    const rows = this.#store.all(
      "SELECT job_id, note FROM cohort_members WHERE tag = ? AND name = ? ORDER BY n DESC LIMIT ?",
      tag,
      name,
      limit,
    );
    return rows.map(({ job_id, note }) => ({
      id: job_id as string,
      ...(note !== null && { note: note as string }),
    }));
  }

  note(tag: number, name: string, notes: ReadonlyMap<string, string>): void {
    for (const [id, note] of notes) {
      this.#store.run(
        "UPDATE cohort_members SET note = ? WHERE tag = ? AND name = ? AND job_id = ?",
        note,
        tag,
        name,
        id,
      );
    }
  }

  drop(tag: number): void {
    for (const table of ["cohorts", "cohort_members"]) {
      this.#store.run(`DELETE FROM ${table} WHERE tag = ?`, tag);
    }
  }

  /** Forgets cohorts of which nothing was heard for long; looks now and then only. */
  sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    const gone = this.#store.all(
      "SELECT tag, name FROM cohorts GROUP BY tag, name HAVING max(until) <= ?",
      now,
    );
    for (const { tag, name } of gone) {
      for (const table of ["cohorts", "cohort_members"]) {
        this.#store.run(
          `DELETE FROM ${table} WHERE tag = ? AND name = ?`,
          tag as number,
          name as string,
        );
      }
    }
  }
}
