/**
 * The steps of a job's life in the embedded queue, each for use inside a transaction. Every change
 * of a job's state is made here.
 *
 * @module
 */
import {
  isFinal,
  type JobCaller,
  type JobError,
  type JobEvent,
  type JobLimits,
  type JobState,
  mayMove,
  type NewJob,
} from "../../job.ts";
import { jobIdTag, jobIdTime } from "../../job_id.ts";
import type {
  Cancellation,
  Claim,
  Ending,
  JobQueueOptions,
  JobSharing,
  Lease,
} from "../../job_queue.ts";
import type { Cohorts } from "./cohorts.ts";
import type { Counters } from "./counters.ts";
import type { Deliveries } from "./deliveries.ts";
import type { SqliteQuotaLedger } from "./quota_ledger.ts";
import type { GroupCommit, SqliteRow } from "./group_commit.ts";
import { claimOf } from "./rows.ts";
import type { Unaudited } from "./unaudited.ts";

const IN_STATE = "EXISTS (SELECT 1 FROM jobs WHERE tag = ? AND state =";
const OVERDUE = `SELECT ${IN_STATE} 'retrying' AND due_at <= ?) AS due,
  ${IN_STATE} 'running' AND lease_until <= ?) AS lost,
  ${IN_STATE} 'queued' AND queue_deadline < ?) AS late`;
const RETRIES =
  "SELECT * FROM jobs WHERE tag = ? AND state = 'retrying' AND due_at <= ? ORDER BY due_at, id LIMIT ?";
const LATE = "SELECT * FROM jobs WHERE tag = ? AND state = 'queued' AND queue_deadline < ? LIMIT ?";
const EXPIRED = `SELECT EXISTS (SELECT 1 FROM jobs WHERE delete_at <= ?) AS jobs,
  EXISTS (SELECT 1 FROM deliveries WHERE delete_at <= ?) AS deliveries`;

/** Who is to look again once the transaction is on disk. */
export interface Wake {
  queue(tag: number): void;
  job(id: string): void;
}

const MAX_EVENTS = 1000;
const QUEUE_TIMEOUT = { code: "queue_timeout", message: "waited longer than its queue timeout" };

export class Lifecycle {
  readonly #store: GroupCommit;
  readonly #counters: Counters;
  readonly #deliveries: Deliveries;
  readonly #cohorts: Cohorts;
  readonly #ledger: SqliteQuotaLedger;
  readonly #unaudited: Unaudited;
  readonly #wake: Wake;
  readonly #now: () => number;
  readonly #options: JobQueueOptions;
  /** The last place in line that was given out. */
  #seq: number;

  constructor(
    store: GroupCommit,
    counters: Counters,
    deliveries: Deliveries,
    cohorts: Cohorts,
    ledger: SqliteQuotaLedger,
    unaudited: Unaudited,
    wake: Wake,
    now: () => number,
    options: JobQueueOptions,
  ) {
    this.#store = store;
    this.#counters = counters;
    this.#deliveries = deliveries;
    this.#cohorts = cohorts;
    this.#ledger = ledger;
    this.#unaudited = unaudited;
    this.#wake = wake;
    this.#now = now;
    this.#options = options;
    this.#seq = (store.get("SELECT max(seq) AS seq FROM jobs")!.seq as number | null) ?? 0;
  }

  insert(tag: number, job: NewJob): void {
    const now = this.#now();
    this.#store.run(
      `INSERT INTO jobs (id, tag, lane, state, seq, ready_at, queue_deadline, model, version, submitter, input, limits,
        callback, parent, traceparent, provenance, cohort, account, idempotency_key, fingerprint)
       VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      job.id,
      tag,
      job.lane,
      ++this.#seq,
      now,
      now + job.limits.queueTimeoutSeconds * 1000,
      job.model,
      job.version,
      job.submitter,
      job.input,
      JSON.stringify(job.limits),
      job.callback ? JSON.stringify(job.callback) : null,
      job.parent ?? null,
      job.traceparent ?? null,
      job.provenance ? JSON.stringify(job.provenance) : null,
      job.cohort ?? null,
      job.account ? JSON.stringify(job.account) : null,
      job.idempotency?.key ?? null,
      job.idempotency?.fingerprint ?? null,
    );
    this.event(job.id, "queued", jobIdTime(job.id), { attempt: 0 }, job.caller);
    this.#counters.count(tag, `waiting:${job.lane}`);
    this.#wake.queue(tag);
  }

  start(row: SqliteRow, worker: string): Claim {
    const now = this.#now();
    const tag = row.tag as number;
    const fence = (row.fence as number) + 1;
    const attempt = (row.attempt as number) + 1;
    this.#store.run(
      `UPDATE jobs SET state = 'running', fence = ?, attempt = ?, worker = ?, lease_until = ?, started_at = ?
       WHERE id = ?`,
      fence,
      attempt,
      worker,
      now + this.#options.leaseMs,
      now,
      row.id as string,
    );
    this.event(row.id as string, "running", now, { attempt, worker });
    this.#counters.count(tag, `waiting:${row.lane}`, -1);
    this.#counters.count(tag, "attempts");
    this.#counters.observe(tag, "queue", Math.max(0, now - (row.ready_at as number)));
    this.#deliveries.tell(row, "started", {});
    return claimOf(row, worker, fence, attempt);
  }

  delay(row: SqliteRow, ending: Extract<Ending, { state: "retrying" }>): void {
    const now = this.#now();
    this.#store.run(
      "UPDATE jobs SET state = 'retrying', due_at = ?, error = ?, lease_until = NULL WHERE id = ?",
      now + ending.delayMs,
      JSON.stringify(ending.error),
      row.id as string,
    );
    this.event(row.id as string, "retrying", now, { attempt: row.attempt, error: ending.error });
    this.#cohorts.tally(row, "retrying");
    this.#deliveries.tell(row, "retrying", { ...ending.error });
  }

  /** Back to where it stood in line: `seq` is kept. */
  giveBack(row: SqliteRow, change: { attempt?: number; stalls?: number; at?: number }): void {
    this.#store.run(
      "UPDATE jobs SET state = 'queued', attempt = ?, stalls = ?, lease_until = NULL WHERE id = ?",
      change.attempt ?? row.attempt as number,
      change.stalls ?? row.stalls as number,
      row.id as string,
    );
    this.event(row.id as string, "queued", change.at ?? this.#now(), { attempt: row.attempt });
    this.#counters.count(row.tag as number, `waiting:${row.lane}`);
    this.#wake.queue(row.tag as number);
  }

  /** Cancels a waiting job; notes for the worker of a running one that it is to stop. */
  cancel(id: string, by: string | undefined): Cancellation {
    const row = this.row(id);
    if (!row) return "missing";
    if (isFinal(row.state as JobState)) return "final";
    if (row.state !== "running") {
      this.finish(row, "cancelled", { ...(by !== undefined && { by }) });
      return "cancelled";
    }
    this.#store.run("UPDATE jobs SET cancel = 1, cancelled_by = ? WHERE id = ?", by ?? null, id);
    this.#unaudited.cancelling(row.tag as number, id, this.#now(), by);
    this.#wake.job(id);
    return "cancelling";
  }

  /** Sets with whom a job is shared; what is so already is no change. */
  share(id: string, sharing: JobSharing): boolean {
    const row = this.row(id);
    if (!row) return false;
    const text = sharing.with.length === 0 ? null : JSON.stringify(sharing.with);
    if (text === row.shared_with) return true;
    this.#store.run("UPDATE jobs SET shared_with = ? WHERE id = ?", text, id);
    const before = JSON.parse((row.shared_with as string | null) ?? "[]") as string[];
    this.#unaudited.shared(row.tag as number, id, this.#now(), before, sharing);
    return true;
  }

  /** A dead letter back to the tail, its attempts forgotten; false for what is none. */
  requeue(id: string, by: string | undefined): boolean {
    const row = this.row(id);
    if (!row || row.dead !== 1) return false;
    this.#store.run(
      `UPDATE jobs SET attempt = 0, stalls = 0, dead = 0, cancel = 0, cancelled_by = NULL, error = NULL,
         trace = NULL, progress = NULL, started_at = NULL, finished_at = NULL, delete_at = NULL WHERE id = ?`,
      row.id as string,
    );
    this.ready(row, 0, by);
    return true;
  }

  /** To the tail of its lane. */
  ready(row: SqliteRow, attempt: number, by?: string): void {
    const now = this.#now();
    const limits = JSON.parse(row.limits as string) as JobLimits;
    this.#store.run(
      "UPDATE jobs SET state = 'queued', seq = ?, ready_at = ?, queue_deadline = ?, due_at = NULL WHERE id = ?",
      ++this.#seq,
      now,
      now + limits.queueTimeoutSeconds * 1000,
      row.id as string,
    );
    this.event(row.id as string, "queued", now, { attempt, ...(by !== undefined && { by }) });
    this.#counters.count(row.tag as number, `waiting:${row.lane}`);
    this.#wake.queue(row.tag as number);
  }

  expire(row: SqliteRow): void {
    this.finish(row, "expired", { error: QUEUE_TIMEOUT });
  }

  /** Every way to a final state ends here. */
  finish(
    row: SqliteRow,
    state: "completed" | "failed" | "cancelled" | "expired",
    end: { result?: string; trace?: string; error?: JobError; dead?: boolean; by?: string } = {},
  ): void {
    const from = row.state as JobState;
    const by = state === "cancelled" ? end.by ?? row.cancelled_by as string | null : null;
    if (!mayMove(from, state)) throw new Error(`a ${from} job cannot become ${state}`);
    const now = this.#now();
    const tag = row.tag as number;
    const limits = JSON.parse(row.limits as string) as JobLimits;
    this.#store.run(
      `UPDATE jobs SET state = ?, finished_at = ?, delete_at = ?, result = ?, trace = ?, error = ?, dead = ?,
         cancel = CASE WHEN ?1 = 'cancelled' THEN 1 ELSE cancel END, lease_until = NULL, due_at = NULL WHERE id = ?`,
      state,
      now,
      now + limits.retentionSeconds * 1000,
      end.result ?? null,
      end.trace ?? null,
      end.error ? JSON.stringify(end.error) : null,
      end.dead ? 1 : 0,
      row.id as string,
    );
    if (from === "queued") this.#counters.count(tag, `waiting:${row.lane}`, -1);
    this.#counters.count(tag, state);
    if (end.error) this.#counters.count(tag, `failure:${end.error.code}`);
    this.event(row.id as string, state, now, {
      attempt: row.attempt,
      ...(end.error ? { error: end.error } : {}),
      ...(by === null ? {} : { by }),
    });
    this.#cohorts.tally(row, state);
    this.#ledger.conclude(row, state);
    this.#deliveries.tell(row, state, {});
  }

  event(
    id: string,
    type: JobEvent["type"],
    at: number,
    data: Record<string, unknown>,
    caller?: JobCaller,
  ): number {
    const n =
      (this.#store.get("SELECT max(n) AS n FROM events WHERE job_id = ?", id)!.n as number ?? 0) +
      1;
    this.#store.run(
      "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
      id,
      n,
      type,
      at,
      JSON.stringify(data),
    );
    if (type !== "progress" && type !== "log") {
      this.#unaudited.add(jobIdTag(id), id, n, at, caller);
    }
    this.#wake.job(id);
    return n;
  }

  report(row: SqliteRow, type: "progress" | "log", data: Record<string, unknown>): void {
    const n = this.event(row.id as string, type, this.#now(), data);
    this.#store.run(
      "DELETE FROM events WHERE job_id = ? AND n <= ? AND type IN ('progress', 'log')",
      row.id as string,
      n - MAX_EVENTS,
    );
  }

  row(id: string): SqliteRow | undefined {
    const row = this.#store.get("SELECT * FROM jobs WHERE id = ?", id);
    // Past its retention it is gone, whether or not it has been swept yet.
    return row && (row.delete_at === null || (row.delete_at as number) > this.#now())
      ? row
      : undefined;
  }

  held(lease: Lease): SqliteRow | undefined {
    return this.#store.get(
      "SELECT * FROM jobs WHERE id = ? AND state = 'running' AND fence = ?",
      lease.jobId,
      lease.fence,
    );
  }

  /**
   * How the delivery with this fence ended; undefined while it runs, or if there was none. Fences
   * count a job's deliveries, so it is what followed as many `running` events.
   */
  endOf(id: string, fence: number): string | undefined {
    let running = 0;
    for (
      const { type } of this.#store.all(
        "SELECT type FROM events WHERE job_id = ? AND type NOT IN ('progress', 'log') ORDER BY n",
        id,
      )
    ) {
      if (running === fence) return type as string;
      if (type === "running") running++;
    }
    return undefined;
  }

  /** Ends what is unfinished of a queue that goes; false if that is to be audited before it goes. */
  close(tag: number): boolean {
    const open = "SELECT * FROM jobs WHERE tag = ? AND state IN ('queued', 'running', 'retrying')";
    for (const row of this.#store.all(open, tag)) {
      if (row.state === "running") this.#ledger.spend(row);
      this.finish(row, "cancelled");
    }
    return this.#unaudited.count(tag) === 0;
  }

  /** Forgets a queue's jobs. */
  drop(tag: number): void {
    for (const { id } of this.#store.all("SELECT id FROM jobs WHERE tag = ?", tag)) {
      this.#store.run("DELETE FROM events WHERE job_id = ?", id!);
      this.#wake.job(id as string);
    }
    for (const table of ["jobs", "deliveries", "counters", "owners"]) {
      this.#store.run(`DELETE FROM ${table} WHERE tag = ?`, tag);
    }
  }

  /** Lets another job have the idempotency key of one that is past its retention. */
  freeKey(id: string): void {
    this.#store.run("UPDATE jobs SET idempotency_key = NULL WHERE id = ?", id);
  }

  forget(id: string): void {
    this.#store.run("DELETE FROM events WHERE job_id = ?", id);
    this.#store.run("DELETE FROM jobs WHERE id = ?", id);
  }

  /**
   * Makes ready what is to be tried again, passes on what has lost its worker, and ends what has
   * waited for too long. Looks first whether there is any: to read rows costs far more, even none.
   */
  round(tag: number, limit: number) {
    const now = this.#now();
    const { due, lost, late } = this.#store.get(OVERDUE, tag, now, tag, now, tag, now)!;
    const retries = due === 0 ? [] : this.#store.all(RETRIES, tag, now, limit);
    for (const row of retries) this.ready(row, row.attempt as number);
    const [rescued, deadLettered] = lost === 0 ? [0, 0] : this.rescue(tag, limit);
    const tooLate = late === 0 ? [] : this.#store.all(LATE, tag, now, limit);
    for (const row of tooLate) this.expire(row);
    return { promoted: retries.length, rescued, deadLettered, expired: tooLate.length };
  }

  /** Passes on jobs whose lease has run out. */
  rescue(tag: number, limit: number): [rescued: number, deadLettered: number] {
    let rescued = 0, deadLettered = 0;
    const lost = this.#store.all(
      "SELECT * FROM jobs WHERE tag = ? AND state = 'running' AND lease_until <= ? ORDER BY seq LIMIT ?",
      tag,
      this.#now(),
      limit,
    );
    for (const row of lost) {
      // It ran no longer than its lease, however long nobody looked.
      const lostAt = Math.min(this.#now(), row.lease_until as number);
      this.#ledger.spend(row, lostAt);
      const stalls = (row.stalls as number) + 1;
      if (row.cancel === 1) this.finish(row, "cancelled");
      else if (stalls > this.#options.maxStalls) {
        const error = { code: "stalled", message: `lost its worker ${stalls} times` };
        this.#store.run("UPDATE jobs SET stalls = ? WHERE id = ?", stalls, row.id as string);
        this.finish(row, "failed", { error, dead: true });
        deadLettered++;
      } else {
        this.giveBack(row, { stalls, at: lostAt });
        this.#counters.count(tag, "redelivered");
        rescued++;
      }
    }
    return [rescued, deadLettered];
  }

  /** Forgets what is past its retention, and audited. */
  sweep(now: number, limit: number): number {
    const { jobs, deliveries } = this.#store.get(EXPIRED, now, now)!;
    const gone = jobs === 0 ? [] : this.#store.all(
      "SELECT id FROM jobs WHERE delete_at <= ? AND finished_at < ? LIMIT ?",
      now,
      this.#unaudited.auditedBefore,
      limit,
    );
    for (const row of gone) this.forget(row.id as string);
    if (deliveries !== 0) this.#store.run("DELETE FROM deliveries WHERE delete_at <= ?", now);
    this.#cohorts.sweep(now);
    this.#ledger.sweep();
    return gone.length;
  }
}
