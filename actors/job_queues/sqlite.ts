/**
 * The embedded job queue: one SQLite file, for the one process that holds its data folder.
 *
 * What a call acknowledged is on disk (WAL, `synchronous = FULL`). After a crash, leases of the dead
 * process are passed at once by {@link SqliteJobQueue}'s constructor, and the next round of
 * supervision rescues their jobs, which count that as a lost worker.
 *
 * @module
 */
import type {
  CallbackEvent,
  Job,
  JobEvent,
  JobLimits,
  JobProgress,
  JobState,
  Lane,
  NewJob,
} from "../job.ts";
import { isFinal, mayMove } from "../job.ts";
import { jobIdTag, jobIdTime } from "../job_id.ts";
import {
  type Cancellation,
  type Claim,
  DEFAULT_QUEUE_OPTIONS,
  type Delivery,
  type DeliveryAttempt,
  type Ending,
  type Epoch,
  type JobQuery,
  type JobQueue,
  type JobQueueOptions,
  type Lease,
  type LeaseState,
  type QueueMeasures,
  type Submission,
  type Supervision,
} from "../job_queue.ts";
import { Counters } from "./sqlite/counters.ts";
import { GroupCommit, type SqliteRow, type Value } from "./sqlite/group_commit.ts";
import { claimOf, deliveryOf, eventOf, jobOf } from "./sqlite/rows.ts";
import { SCHEMA, SCHEMA_VERSION } from "./sqlite/schema.ts";
import { Waiters } from "./sqlite/waiters.ts";

const MAX_EVENTS = 1000;
const ROUND_LIMIT = 500;
const DELIVERIES_KEPT_MS = 7 * 24 * 3600 * 1000;
const QUEUE_TIMEOUT = { code: "queue_timeout", message: "waited longer than its queue timeout" };

export class SqliteJobQueue implements JobQueue {
  readonly #options: JobQueueOptions;
  readonly #now: () => number;
  readonly #counters = new Counters();
  readonly #store: GroupCommit;
  readonly #claimants = new Waiters<number>();
  readonly #watchers = new Waiters<string>();
  /** What to wake once the transaction is on disk. */
  #wakeQueues = new Set<number>();
  #wakeJobs = new Set<string>();
  #seq: number;
  #turn = new Map<number, number>();

  constructor(path: string, options: Partial<JobQueueOptions> = {}, now: () => number = Date.now) {
    this.#options = { ...DEFAULT_QUEUE_OPTIONS, ...options };
    this.#now = now;
    this.#store = new GroupCommit(path, () => this.#counters.flush(this.#store));
    const version = this.#store.get("PRAGMA user_version")!.user_version as number;
    if (version > SCHEMA_VERSION) throw new Error(`${path} was written by a newer version`);
    if (version === 0) {
      this.#store.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    }
    this.#seq = (this.#store.get("SELECT max(seq) AS seq FROM jobs")!.seq as number | null) ?? 0;
    this.#store.run("UPDATE jobs SET lease_until = 0 WHERE state = 'running'");
    this.#store.run("UPDATE owners SET until = 0");
    this.#store.run("DELETE FROM schedulers");
  }

  /** Transactions so far, and the writes that shared them. */
  get commits(): { readonly transactions: number; readonly writes: number } {
    return { transactions: this.#store.commits, writes: this.#store.grouped };
  }

  async #write<T>(body: () => T): Promise<T> {
    const result = await this.#store.write(body);
    if (this.#wakeQueues.size > 0 || this.#wakeJobs.size > 0) {
      const queues = this.#wakeQueues, jobs = this.#wakeJobs;
      this.#wakeQueues = new Set();
      this.#wakeJobs = new Set();
      for (const tag of queues) this.#claimants.wake(tag);
      for (const id of jobs) this.#watchers.wake(id);
    }
    return result;
  }

  // Submission

  submit(job: NewJob): Promise<Submission> {
    return this.#write((): Submission => {
      const tag = jobIdTag(job.id);
      if (this.#store.get("SELECT 1 FROM jobs WHERE id = ?", job.id)) {
        return { kind: "duplicate", id: job.id };
      }
      if (job.idempotency) {
        const prior = this.#store.get(
          "SELECT id, fingerprint, delete_at FROM jobs WHERE tag = ? AND idempotency_key = ?",
          tag,
          job.idempotency.key,
        );
        if (prior && prior.delete_at !== null && (prior.delete_at as number) <= this.#now()) {
          this.#forget(prior.id as string);
        } else if (prior) {
          const same = prior.fingerprint === job.idempotency.fingerprint;
          return { kind: same ? "duplicate" : "conflict", id: prior.id as string };
        }
      }
      this.#insert(tag, job);
      return { kind: "accepted", id: job.id };
    });
  }

  #insert(tag: number, job: NewJob): void {
    const now = this.#now();
    this.#store.run(
      `INSERT INTO jobs (id, tag, lane, state, seq, ready_at, queue_deadline, model, version, submitter, input, limits,
        callback, parent, traceparent, idempotency_key, fingerprint)
       VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      job.idempotency?.key ?? null,
      job.idempotency?.fingerprint ?? null,
    );
    this.#event(job.id, "queued", jobIdTime(job.id), { attempt: 0 });
    this.#counters.count(tag, `waiting:${job.lane}`);
    this.#wakeQueues.add(tag);
  }

  get(id: string): Promise<Job | undefined> {
    return Promise.resolve(this.#read(id));
  }

  #read(id: string): Job | undefined {
    const row = this.#row(id);
    return row && this.#jobOf(row);
  }

  #row(id: string): SqliteRow | undefined {
    const row = this.#store.get("SELECT * FROM jobs WHERE id = ?", id);
    // Past its retention it is gone, whether or not it has been swept yet.
    return row && (row.delete_at === null || (row.delete_at as number) > this.#now())
      ? row
      : undefined;
  }

  #jobOf(row: SqliteRow): Job {
    return jobOf(
      row,
      this.#store.all(
        "SELECT type, at, data FROM events WHERE job_id = ? AND type NOT IN ('progress', 'log') ORDER BY n",
        row.id as string,
      ),
    );
  }

  async settled(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Job | undefined> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const job = this.#read(id);
      const left = end - performance.now();
      if (!job || isFinal(job.state) || left <= 0 || signal?.aborted) return job;
      await this.#watchers.next(id, left, signal);
    }
  }

  list(query: JobQuery): Promise<Job[]> {
    if (query.tags.length === 0) return Promise.resolve([]);
    const params: Value[] = [...query.tags];
    let where = `tag IN (${marks(query.tags.length)}) AND (delete_at IS NULL OR delete_at > ?)`;
    params.push(this.#now());
    if (query.states) {
      where += ` AND state IN (${marks(query.states.length)})`;
      params.push(...query.states);
    }
    if (query.submitter !== undefined) {
      where += " AND submitter = ?";
      params.push(query.submitter);
    }
    if (query.before !== undefined) {
      where += " AND id < ?";
      params.push(query.before);
    }
    const sql = `SELECT * FROM jobs WHERE ${where} ORDER BY id DESC LIMIT ?`;
    return Promise.resolve(
      this.#store.all(sql, ...params, query.limit).map((row) => this.#jobOf(row)),
    );
  }

  cancel(id: string): Promise<Cancellation> {
    return this.#write((): Cancellation => {
      const row = this.#row(id);
      if (!row) return "missing";
      if (isFinal(row.state as JobState)) return "final";
      if (row.state === "running") {
        this.#store.run("UPDATE jobs SET cancel = 1 WHERE id = ?", id);
        this.#wakeJobs.add(id);
        return "cancelling";
      }
      this.#finish(row, "cancelled");
      return "cancelled";
    });
  }

  events(id: string, after?: string): Promise<JobEvent[]> {
    if (!this.#row(id)) return Promise.resolve([]);
    const from = /^\d{1,15}$/.test(after ?? "") ? Number(after) : 0;
    const rows = this.#store.all(
      "SELECT n, type, at, data FROM events WHERE job_id = ? AND n > ? ORDER BY n",
      id,
      from,
    );
    return Promise.resolve(rows.map(eventOf));
  }

  changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return this.#watchers.next(id, timeoutMs, signal);
  }

  deadLetters(tag: number, limit: number, before?: string): Promise<Job[]> {
    const from = before === undefined
      ? undefined
      : this.#store.get("SELECT finished_at FROM jobs WHERE id = ?", before);
    if (before !== undefined && !from) return Promise.resolve([]);
    const rows = this.#store.all(
      `SELECT * FROM jobs WHERE tag = ?1 AND dead = 1 AND delete_at > ?2
         AND (?3 IS NULL OR (finished_at, id) < (?3, ?4)) ORDER BY finished_at DESC, id DESC LIMIT ?5`,
      tag,
      this.#now(),
      (from?.finished_at as number | undefined) ?? null,
      before ?? null,
      limit,
    );
    return Promise.resolve(rows.map((row) => this.#jobOf(row)));
  }

  requeue(id: string): Promise<boolean> {
    return this.#write(() => {
      const row = this.#row(id);
      if (!row || row.dead !== 1) return false;
      this.#store.run(
        `UPDATE jobs SET attempt = 0, stalls = 0, dead = 0, cancel = 0, error = NULL, progress = NULL,
           started_at = NULL, finished_at = NULL, delete_at = NULL WHERE id = ?`,
        id,
      );
      this.#ready(row, 0);
      return true;
    });
  }

  measure(tag: number): Promise<QueueMeasures> {
    const count = (sql: string) => this.#store.get(sql, tag)!.n as number;
    const oldest = Math.min(
      ...["interactive", "batch"].map((lane) =>
        (this.#store.get(
          "SELECT ready_at FROM jobs WHERE tag = ? AND lane = ? AND state = 'queued' ORDER BY seq LIMIT 1",
          tag,
          lane,
        )?.ready_at as number | undefined) ?? Infinity
      ),
    );
    return Promise.resolve({
      ...this.#counters.read(this.#store, tag),
      running: count("SELECT count(*) AS n FROM jobs WHERE tag = ? AND state = 'running'"),
      delayed: count("SELECT count(*) AS n FROM jobs WHERE tag = ? AND state = 'retrying'"),
      deadLetters: count("SELECT count(*) AS n FROM jobs WHERE tag = ? AND dead = 1"),
      oldestWaitingMs: oldest === Infinity ? 0 : Math.max(0, this.#now() - oldest),
      callbacksDue: count("SELECT count(*) AS n FROM deliveries WHERE tag = ? AND state = 'due'"),
    });
  }

  deliveries(id: string): Promise<Delivery[]> {
    const rows = this.#store.all("SELECT * FROM deliveries WHERE job_id = ? ORDER BY at, id", id);
    return Promise.resolve(rows.map(deliveryOf));
  }

  redeliver(deliveryId: string): Promise<boolean> {
    return this.#write(() => {
      const row = this.#store.get("SELECT tag, state FROM deliveries WHERE id = ?", deliveryId);
      if (!row) return false;
      if (row.state === "dead") this.#counters.count(row.tag as number, "callbacks_dead", -1);
      this.#store.run(
        "UPDATE deliveries SET state = 'due', due_at = ?, delete_at = NULL WHERE id = ?",
        this.#now(),
        deliveryId,
      );
      return true;
    });
  }

  drop(tag: number): Promise<void> {
    return this.#write(() => {
      for (const row of this.#store.all("SELECT id FROM jobs WHERE tag = ?", tag)) {
        this.#store.run("DELETE FROM events WHERE job_id = ?", row.id as string);
        this.#wakeJobs.add(row.id as string);
      }
      for (const table of ["jobs", "deliveries", "counters", "owners"]) {
        this.#store.run(`DELETE FROM ${table} WHERE tag = ?`, tag);
      }
    });
  }

  // Delivery

  async claim(
    tag: number,
    worker: string,
    count: number,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<Claim[]> {
    const end = performance.now() + waitMs;
    for (;;) {
      // Listening begins before looking, so that nothing accepted in between is missed.
      const left = end - performance.now();
      const claims = this.#anyReady(tag) ? await this.#claimNow(tag, worker, count) : [];
      if (claims.length > 0 || left <= 0 || signal?.aborted) return claims;
      if (!this.#anyReady(tag)) await this.#claimants.next(tag, left, signal);
    }
  }

  #anyReady(tag: number): boolean {
    const sql =
      "SELECT 1 FROM jobs WHERE tag = ? AND lane IN ('interactive', 'batch') AND state = 'queued' LIMIT 1";
    return this.#store.get(sql, tag) !== undefined;
  }

  #claimNow(tag: number, worker: string, count: number): Promise<Claim[]> {
    return this.#write(() => {
      const claims: Claim[] = [];
      const take = (lane: Lane, want: number): number => {
        const before = claims.length;
        while (claims.length - before < want) {
          const row = this.#store.get(
            "SELECT * FROM jobs WHERE tag = ? AND lane = ? AND state = 'queued' ORDER BY seq LIMIT 1",
            tag,
            lane,
          );
          if (!row) break;
          if ((row.queue_deadline as number) < this.#now()) this.#expire(row);
          else claims.push(this.#start(row, worker));
        }
        return claims.length - before;
      };
      // One claim in eight is for batch while it has jobs; `turn` counts those since it last had one.
      const turn = this.#turn.get(tag) ?? 0;
      let batch = take("batch", Math.floor((turn + count) / 8));
      const interactive = take("interactive", count - batch);
      batch += take("batch", count - batch - interactive);
      this.#turn.set(tag, Math.max(0, Math.min(7, turn + interactive + batch - 8 * batch)));
      return claims;
    });
  }

  #start(row: SqliteRow, worker: string): Claim {
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
    this.#event(row.id as string, "running", now, { attempt, worker });
    this.#counters.count(tag, `waiting:${row.lane}`, -1);
    this.#counters.count(tag, "attempts");
    this.#counters.observe(tag, "queue", Math.max(0, now - (row.ready_at as number)));
    this.#tell(row, "started", {});
    return claimOf(row, worker, fence, attempt);
  }

  heartbeat(leases: readonly Lease[]): Promise<LeaseState[]> {
    return this.#write(() =>
      leases.map((lease): LeaseState => {
        const row = this.#held(lease);
        if (!row) return "lost";
        this.#store.run(
          "UPDATE jobs SET lease_until = ? WHERE id = ?",
          this.#now() + this.#options.leaseMs,
          lease.jobId,
        );
        return row.cancel === 1 ? "cancel" : "held";
      })
    );
  }

  #held(lease: Lease): SqliteRow | undefined {
    return this.#store.get(
      "SELECT * FROM jobs WHERE id = ? AND state = 'running' AND fence = ?",
      lease.jobId,
      lease.fence,
    );
  }

  progress(lease: Lease, progress: JobProgress): Promise<void> {
    return this.#write(() => {
      const row = this.#held(lease);
      if (!row) return;
      const text = JSON.stringify(progress);
      this.#store.run("UPDATE jobs SET progress = ? WHERE id = ?", text, lease.jobId);
      this.#report(row, "progress", { ...progress });
      this.#tell(row, "progress", { ...progress });
    });
  }

  log(lease: Lease, line: string): Promise<void> {
    return this.#write(() => {
      const row = this.#held(lease);
      if (row) this.#report(row, "log", { line });
    });
  }

  #report(row: SqliteRow, type: "progress" | "log", data: Record<string, unknown>): void {
    const n = this.#event(row.id as string, type, this.#now(), data);
    this.#store.run(
      "DELETE FROM events WHERE job_id = ? AND n <= ? AND type IN ('progress', 'log')",
      row.id as string,
      n - MAX_EVENTS,
    );
  }

  settle(lease: Lease, ending: Ending): Promise<"recorded" | "lost"> {
    return this.#write(() => {
      const row = this.#held(lease);
      if (!row) return this.#settledBefore(lease, ending);
      this.#counters.observe(row.tag as number, "run", this.#now() - (row.started_at as number));
      switch (ending.state) {
        case "completed":
          this.#finish(row, "completed", { result: ending.result });
          break;
        case "cancelled":
          this.#finish(row, "cancelled");
          break;
        case "failed":
          this.#finish(row, "failed", { error: ending.error, dead: ending.deadLetter });
          break;
        case "expired":
          this.#finish(row, "expired", { error: ending.error });
          break;
        case "retrying":
          this.#delay(row, ending);
      }
      return "recorded";
    });
  }

  /** The same ending by the same holder, sent again, was recorded the first time. */
  #settledBefore(lease: Lease, ending: Ending): "recorded" | "lost" {
    const row = this.#store.get("SELECT tag, state, fence FROM jobs WHERE id = ?", lease.jobId);
    if (row && row.fence === lease.fence && row.state === ending.state) return "recorded";
    this.#counters.count(jobIdTag(lease.jobId), "discarded");
    return "lost";
  }

  #delay(row: SqliteRow, ending: Extract<Ending, { state: "retrying" }>): void {
    const now = this.#now();
    this.#store.run(
      "UPDATE jobs SET state = 'retrying', due_at = ?, error = ?, lease_until = NULL WHERE id = ?",
      now + ending.delayMs,
      JSON.stringify(ending.error),
      row.id as string,
    );
    this.#event(row.id as string, "retrying", now, { attempt: row.attempt, error: ending.error });
    this.#tell(row, "retrying", { ...ending.error });
  }

  handBack(lease: Lease): Promise<void> {
    return this.#write(() => {
      const row = this.#held(lease);
      if (!row) return;
      if (row.cancel === 1) this.#finish(row, "cancelled");
      else this.#giveBack(row, { attempt: (row.attempt as number) - 1 });
    });
  }

  /** Back to where it stood in line: `seq` is kept. */
  #giveBack(row: SqliteRow, change: { attempt?: number; stalls?: number }): void {
    this.#store.run(
      "UPDATE jobs SET state = 'queued', attempt = ?, stalls = ?, lease_until = NULL WHERE id = ?",
      change.attempt ?? row.attempt as number,
      change.stalls ?? row.stalls as number,
      row.id as string,
    );
    this.#event(row.id as string, "queued", this.#now(), { attempt: row.attempt });
    this.#counters.count(row.tag as number, `waiting:${row.lane}`);
    this.#wakeQueues.add(row.tag as number);
  }

  /** To the tail of its lane. */
  #ready(row: SqliteRow, attempt: number): void {
    const now = this.#now();
    const limits = JSON.parse(row.limits as string) as JobLimits;
    this.#store.run(
      "UPDATE jobs SET state = 'queued', seq = ?, ready_at = ?, queue_deadline = ?, due_at = NULL WHERE id = ?",
      ++this.#seq,
      now,
      now + limits.queueTimeoutSeconds * 1000,
      row.id as string,
    );
    this.#event(row.id as string, "queued", now, { attempt });
    this.#counters.count(row.tag as number, `waiting:${row.lane}`);
    this.#wakeQueues.add(row.tag as number);
  }

  #expire(row: SqliteRow): void {
    this.#finish(row, "expired", { error: QUEUE_TIMEOUT });
  }

  /** Every way to a final state ends here. */
  #finish(
    row: SqliteRow,
    state: "completed" | "failed" | "cancelled" | "expired",
    end: { result?: string; error?: { code: string; message: string }; dead?: boolean } = {},
  ): void {
    const from = row.state as JobState;
    if (!mayMove(from, state)) throw new Error(`a ${from} job cannot become ${state}`);
    const now = this.#now();
    const tag = row.tag as number;
    const limits = JSON.parse(row.limits as string) as JobLimits;
    this.#store.run(
      `UPDATE jobs SET state = ?, finished_at = ?, delete_at = ?, result = ?, error = ?, dead = ?,
         cancel = CASE WHEN ?1 = 'cancelled' THEN 1 ELSE cancel END, lease_until = NULL, due_at = NULL WHERE id = ?`,
      state,
      now,
      now + limits.retentionSeconds * 1000,
      end.result ?? null,
      end.error ? JSON.stringify(end.error) : null,
      end.dead ? 1 : 0,
      row.id as string,
    );
    if (from === "queued") this.#counters.count(tag, `waiting:${row.lane}`, -1);
    this.#counters.count(tag, state);
    if (end.error) this.#counters.count(tag, `failure:${end.error.code}`);
    this.#event(row.id as string, state, now, {
      attempt: row.attempt,
      ...(end.error ? { error: end.error } : {}),
    });
    this.#tell(row, state, {});
  }

  #event(id: string, type: JobEvent["type"], at: number, data: Record<string, unknown>): number {
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
    this.#wakeJobs.add(id);
    return n;
  }

  /** Makes a delivery for a callback that asked for this event. */
  #tell(row: SqliteRow, type: CallbackEvent, data: Record<string, unknown>): void {
    if (row.callback === null) return;
    const callback = JSON.parse(row.callback as string) as { url: string; events: CallbackEvent[] };
    if (!callback.events.includes(type)) return;
    const id = row.id as string;
    const n =
      (this.#store.get("SELECT count(*) AS n FROM deliveries WHERE job_id = ?", id)!.n as number) +
      1;
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

  // Supervision

  acquire(tag: number, scheduler: string, ttlMs: number): Promise<Epoch | undefined> {
    return this.#write(() => {
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
    });
  }

  #owns(tag: number, epoch: Epoch): boolean {
    return this.#store.get("SELECT 1 FROM owners WHERE tag = ? AND epoch = ?", tag, epoch) !==
      undefined;
  }

  supervise(tag: number, epoch: Epoch, ttlMs: number): Promise<Supervision | undefined> {
    return this.#write(() => {
      if (!this.#owns(tag, epoch)) return undefined;
      const now = this.#now();
      this.#store.run("UPDATE owners SET until = ? WHERE tag = ?", now + ttlMs, tag);
      const due = this.#store.all(
        "SELECT * FROM jobs WHERE tag = ? AND state = 'retrying' AND due_at <= ? ORDER BY due_at, id LIMIT ?",
        tag,
        now,
        ROUND_LIMIT,
      );
      for (const row of due) this.#ready(row, row.attempt as number);
      const [rescued, deadLettered] = this.#rescue(tag, now);
      const late = this.#store.all(
        "SELECT * FROM jobs WHERE tag = ? AND state = 'queued' AND queue_deadline < ? LIMIT ?",
        tag,
        now,
        ROUND_LIMIT,
      );
      for (const row of late) this.#expire(row);
      this.#sweep(now);
      const callbacks = this.#store.get(
        "SELECT count(*) AS due FROM deliveries WHERE tag = ? AND state = 'due' AND due_at <= ?",
        tag,
        now,
      )!;
      return {
        promoted: due.length,
        rescued,
        deadLettered,
        expired: late.length,
        idle: this.#store.get("SELECT 1 FROM jobs WHERE tag = ? LIMIT 1", tag) === undefined,
        callbacksDue: callbacks.due as number,
      };
    });
  }

  #rescue(tag: number, now: number): [rescued: number, deadLettered: number] {
    let rescued = 0, deadLettered = 0;
    const lost = this.#store.all(
      "SELECT * FROM jobs WHERE tag = ? AND state = 'running' AND lease_until <= ? ORDER BY seq LIMIT ?",
      tag,
      now,
      ROUND_LIMIT,
    );
    for (const row of lost) {
      const stalls = (row.stalls as number) + 1;
      if (row.cancel === 1) this.#finish(row, "cancelled");
      else if (stalls > this.#options.maxStalls) {
        const error = { code: "stalled", message: `lost its worker ${stalls} times` };
        this.#store.run("UPDATE jobs SET stalls = ? WHERE id = ?", stalls, row.id as string);
        this.#finish(row, "failed", { error, dead: true });
        deadLettered++;
      } else {
        this.#giveBack(row, { stalls });
        this.#counters.count(tag, "redelivered");
        rescued++;
      }
    }
    return [rescued, deadLettered];
  }

  /** Forgets what is past its retention. */
  #sweep(now: number): void {
    const gone = this.#store.all(
      "SELECT id FROM jobs WHERE delete_at <= ? LIMIT ?",
      now,
      ROUND_LIMIT,
    );
    for (const row of gone) this.#forget(row.id as string);
    this.#store.run("DELETE FROM deliveries WHERE delete_at <= ?", now);
  }

  #forget(id: string): void {
    this.#store.run("DELETE FROM events WHERE job_id = ?", id);
    this.#store.run("DELETE FROM jobs WHERE id = ?", id);
  }

  release(tag: number, epoch: Epoch): Promise<void> {
    return this.#write(() => {
      this.#store.run(
        "UPDATE owners SET until = 0, who = NULL, epoch = NULL WHERE tag = ? AND epoch = ?",
        tag,
        epoch,
      );
    });
  }

  dueDeliveries(tag: number, epoch: Epoch, limit: number, holdMs: number): Promise<Delivery[]> {
    return this.#write(() => {
      if (!this.#owns(tag, epoch)) return [];
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
    });
  }

  recordDelivery(
    id: string,
    attempt: DeliveryAttempt,
    next: { state: "delivered" | "dead" } | { state: "due"; dueAt: number },
  ): Promise<void> {
    return this.#write(() => {
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
    });
  }

  join(scheduler: string, ttlMs: number): Promise<string[]> {
    return this.#write(() => {
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
    });
  }

  leave(scheduler: string): Promise<void> {
    return this.#write(() => {
      this.#store.run("DELETE FROM schedulers WHERE name = ?", scheduler);
    });
  }

  ping(): Promise<void> {
    this.#store.get("SELECT 1");
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#claimants.wakeAll();
    this.#watchers.wakeAll();
    this.#store.close();
    return Promise.resolve();
  }
}

function marks(count: number): string {
  return Array(count).fill("?").join(", ");
}
