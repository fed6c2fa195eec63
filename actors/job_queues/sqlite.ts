/**
 * The embedded job queue: one SQLite file, for the one process that holds its data folder.
 *
 * What a call acknowledged is on disk (WAL, `synchronous = FULL`). After a crash, leases of the dead
 * process are passed at once by {@link SqliteJobQueue}'s constructor, and the next round of
 * supervision rescues their jobs, which count that as a lost worker.
 *
 * @module
 */
import { lookWith } from "../claim_room.ts";
import type { Job, JobEvent, JobProgress, Lane, NewJob } from "../job.ts";
import { isFinal } from "../job.ts";
import { jobIdTag } from "../job_id.ts";
import type { QuotaClaim, QuotaRefusal } from "../quota_ledger.ts";
import {
  type Cancellation,
  type Claim,
  type ClaimRoom,
  type Cohort,
  type CohortMember,
  DEFAULT_QUEUE_OPTIONS,
  type Delivery,
  type DeliveryAttempt,
  type Ending,
  type Epoch,
  type JobQuery,
  type JobQueue,
  type JobQueueOptions,
  type JobSharing,
  type Lease,
  type LeaseState,
  type QueueMeasures,
  type Submission,
  type Supervision,
  type UnauditedPage,
} from "../job_queue.ts";
import { Acceptance } from "./sqlite/acceptance.ts";
import { Cohorts } from "./sqlite/cohorts.ts";
import { Counters } from "./sqlite/counters.ts";
import { Deliveries } from "./sqlite/deliveries.ts";
import { GroupCommit, type SqliteRow } from "./sqlite/group_commit.ts";
import { Lifecycle } from "./sqlite/lifecycle.ts";
import { deadLetterRows, jobRows } from "./sqlite/listing.ts";
import { readMeasures } from "./sqlite/measures.ts";
import { SqliteQuotaLedger } from "./sqlite/quota_ledger.ts";
import { Ownership } from "./sqlite/ownership.ts";
import { eventOf, jobOf } from "./sqlite/rows.ts";
import { upgrade } from "./sqlite/schema.ts";
import { Unaudited } from "./sqlite/unaudited.ts";
import { WriteClock } from "./sqlite/write_clock.ts";
import { UsageSums } from "./sqlite/usage_sums.ts";
import { Waiters } from "./sqlite/waiters.ts";

/** Finds out whether something goes on in a queue. */
const BUSY = [
  `SELECT 1 FROM jobs INDEXED BY jobs_by_state
   WHERE tag = ? AND state IN ('queued', 'running', 'retrying') LIMIT 1`,
  "SELECT 1 FROM deliveries WHERE tag = ? AND state = 'due' LIMIT 1",
  "SELECT 1 FROM audit WHERE tag = ? LIMIT 1",
];
const ANY_READY =
  "SELECT 1 FROM jobs WHERE tag = ? AND lane IN ('interactive', 'batch') AND state = 'queued' LIMIT 1";
const ROUND_LIMIT = 500;
/** Forgetting is cheap, and must keep up with the jobs that end between two rounds. */
const SWEEP_LIMIT = 2000;

export class SqliteJobQueue implements JobQueue {
  readonly #options: JobQueueOptions;
  readonly #clock: WriteClock;
  readonly #now: () => number;
  readonly #counters = new Counters();
  readonly #store: GroupCommit;
  readonly #claimants = new Waiters<number>();
  readonly #watchers = new Waiters<string>();
  /** What to wake once the transaction is on disk. */
  #wakeQueues = new Set<number>();
  #wakeJobs = new Set<string>();
  readonly #deliveries: Deliveries;
  readonly #cohorts: Cohorts;
  readonly ledger: SqliteQuotaLedger;
  readonly #ownership: Ownership;
  readonly #unaudited: Unaudited;
  readonly #lifecycle: Lifecycle;
  readonly #acceptance: Acceptance;
  /** Claims since batch last had its share, by queue. */
  readonly #turn = new Map<number, number>();

  constructor(path: string, options: Partial<JobQueueOptions> = {}, now: () => number = Date.now) {
    this.#options = { ...DEFAULT_QUEUE_OPTIONS, ...options };
    this.#clock = new WriteClock(now);
    this.#now = this.#clock.now;
    const sums = new UsageSums();
    this.#store = new GroupCommit(path, [this.#counters, sums]);
    upgrade(this.#store, path);
    this.#deliveries = new Deliveries(this.#store, this.#counters, this.#now);
    this.#cohorts = new Cohorts(this.#store, this.#now);
    this.ledger = new SqliteQuotaLedger(this.#store, sums, this.#now);
    this.#ownership = new Ownership(this.#store, this.#now);
    this.#unaudited = new Unaudited(this.#store, this.#options.auditLimit);
    const wake = {
      queue: (tag: number) => void this.#wakeQueues.add(tag),
      job: (id: string) => void this.#wakeJobs.add(id),
    };
    this.#lifecycle = new Lifecycle(
      this.#store,
      this.#counters,
      this.#deliveries,
      this.#cohorts,
      this.ledger,
      this.#unaudited,
      wake,
      this.#now,
      this.#options,
    );
    this.#acceptance = new Acceptance(
      this.#store,
      this.#lifecycle,
      this.ledger,
      this.#unaudited,
      this.#now,
    );
    const pass = "UPDATE jobs SET lease_until = min(lease_until, ?) WHERE state = 'running'";
    this.#store.run(pass, now());
    this.#store.exec("UPDATE owners SET until = 0; DELETE FROM schedulers");
  }

  /** Transactions so far, and the writes that shared them. */
  get commits(): { readonly transactions: number; readonly writes: number } {
    return { transactions: this.#store.commits, writes: this.#store.grouped };
  }

  /** `later` is for what no caller waits for. */
  async #write<T>(body: () => T, later = false): Promise<T> {
    const store = this.#store;
    const inTime = () => this.#clock.during(body);
    const result = await (later ? store.writeLater(inTime) : store.write(inTime));
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
    return this.#write(() => this.#acceptance.accept(job));
  }

  submitWithin(job: NewJob, quotas: readonly QuotaClaim[]): Promise<Submission | QuotaRefusal> {
    return this.#write(() => this.#acceptance.accept(job, quotas));
  }

  async ask(job: NewJob, timeoutMs: number, signal?: AbortSignal): Promise<Job | undefined> {
    const { id } = await this.submit(job);
    return await this.settled(id, timeoutMs, signal);
  }

  get(id: string): Promise<Job | undefined> {
    return Promise.try(() => this.#read(id));
  }

  #read(id: string): Job | undefined {
    const row = this.#lifecycle.row(id);
    return row && this.#jobOf(row);
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
    return Promise.try(() =>
      jobRows(this.#store, query, this.#now()).map((row) => this.#jobOf(row))
    );
  }

  deadLetters(tag: number, limit: number, before?: string): Promise<Job[]> {
    return Promise.try(() =>
      deadLetterRows(this.#store, tag, limit, before, this.#now()).map((row) => this.#jobOf(row))
    );
  }

  cancel(id: string, by?: string): Promise<Cancellation> {
    return this.#write(() => this.#lifecycle.cancel(id, by));
  }

  events(id: string, after?: string): Promise<JobEvent[]> {
    return Promise.try(() => {
      if (!this.#lifecycle.row(id)) return [];
      const from = /^\d{1,15}$/.test(after ?? "") ? Number(after) : 0;
      return this.#store.all(
        "SELECT n, type, at, data FROM events WHERE job_id = ? AND n > ? ORDER BY n",
        id,
        from,
      ).map(eventOf);
    });
  }

  changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return this.#watchers.next(id, timeoutMs, signal);
  }

  requeue(id: string, by?: string): Promise<boolean> {
    return this.#write(() => this.#lifecycle.requeue(id, by));
  }

  share(id: string, sharing: JobSharing): Promise<boolean> {
    return this.#write(() => this.#lifecycle.share(id, sharing));
  }

  cohort(tag: number, name: string): Promise<Cohort> {
    return Promise.try(() => this.#cohorts.read(tag, name));
  }

  cohortMembers(tag: number, name: string, limit: number): Promise<CohortMember[]> {
    return Promise.try(() => this.#cohorts.members(tag, name, limit));
  }

  noteMembers(tag: number, name: string, notes: ReadonlyMap<string, string>): Promise<void> {
    return this.#write(() => this.#cohorts.note(tag, name, notes));
  }

  deliveries(id: string): Promise<Delivery[]> {
    return Promise.try(() => this.#deliveries.ofJob(id));
  }

  redeliver(deliveryId: string): Promise<boolean> {
    return this.#write(() => {
      this.#wakeQueues.add(jobIdTag(deliveryId));
      return this.#deliveries.redeliver(deliveryId);
    });
  }

  measure(tag: number): Promise<QueueMeasures> {
    return Promise.try(() => readMeasures(this.#store, this.#counters, tag, this.#now()));
  }

  drop(tag: number): Promise<boolean> {
    return this.#write(() => {
      this.ledger.noteDropped(tag);
      if (this.#options.auditLimit > 0 && !this.#lifecycle.close(tag)) return false;
      this.ledger.drop(tag);
      this.#lifecycle.drop(tag);
      this.#cohorts.drop(tag);
      this.#counters.forget(tag);
      return true;
    });
  }

  // Delivery

  async claim(
    tag: number,
    worker: string,
    room: number | ClaimRoom,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<Claim[]> {
    const end = performance.now() + waitMs;
    for (;;) {
      // Listening begins before looking, so that nothing accepted in between is missed.
      const left = end - performance.now();
      const claims = this.#anyReady(tag)
        ? await lookWith(room, (count) => this.#claimNow(tag, worker, count))
        : [];
      if (claims?.length !== 0 || left <= 0 || signal?.aborted) return claims ?? [];
      if (!this.#anyReady(tag)) await this.#claimants.next(tag, left, signal);
    }
  }

  #anyReady(tag: number): boolean {
    return this.#store.get(ANY_READY, tag) !== undefined;
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
          if ((row.queue_deadline as number) < this.#now()) this.#lifecycle.expire(row);
          else claims.push(this.#lifecycle.start(row, worker));
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

  heartbeat(leases: readonly Lease[]): Promise<LeaseState[]> {
    return this.#write(() =>
      leases.map((lease): LeaseState => {
        const row = this.#lifecycle.held(lease);
        if (!row) return "lost";
        this.#store.run(
          "UPDATE jobs SET lease_until = ? WHERE id = ?",
          this.#now() + this.#options.leaseMs,
          lease.jobId,
        );
        return row.cancel === 1 ? "cancel" : "held";
      }), true);
  }

  progress(lease: Lease, progress: JobProgress): Promise<void> {
    return this.#write(() => {
      const row = this.#lifecycle.held(lease);
      if (!row) return;
      const text = JSON.stringify(progress);
      this.#store.run("UPDATE jobs SET progress = ? WHERE id = ?", text, lease.jobId);
      this.#lifecycle.report(row, "progress", { ...progress });
      this.#deliveries.tell(row, "progress", { ...progress });
    });
  }

  log(lease: Lease, line: string): Promise<void> {
    return this.#write(() => {
      const row = this.#lifecycle.held(lease);
      if (row) this.#lifecycle.report(row, "log", { line });
    });
  }

  settle(lease: Lease, ending: Ending): Promise<"recorded" | "lost"> {
    return this.#write(() => {
      const row = this.#lifecycle.held(lease);
      if (!row) return this.#settledBefore(lease, ending);
      this.#counters.observe(row.tag as number, "run", this.#now() - (row.started_at as number));
      this.ledger.spend(row);
      switch (ending.state) {
        case "completed":
          this.#lifecycle.finish(row, "completed", ending);
          break;
        case "cancelled":
          this.#lifecycle.finish(row, "cancelled");
          break;
        case "failed":
          this.#lifecycle.finish(row, "failed", { ...ending, dead: ending.deadLetter });
          break;
        case "expired":
          this.#lifecycle.finish(row, "expired", { error: ending.error });
          break;
        case "retrying":
          this.#lifecycle.delay(row, ending);
      }
      return "recorded";
    });
  }

  /** The same ending by the same holder, sent again, was recorded the first time. */
  #settledBefore(lease: Lease, ending: Ending): "recorded" | "lost" {
    if (this.#lifecycle.endOf(lease.jobId, lease.fence) === ending.state) return "recorded";
    this.#counters.count(jobIdTag(lease.jobId), "discarded");
    return "lost";
  }

  handBack(lease: Lease): Promise<void> {
    return this.#write(() => {
      const row = this.#lifecycle.held(lease);
      if (!row) return;
      this.ledger.spend(row);
      if (row.cancel === 1) this.#lifecycle.finish(row, "cancelled");
      else this.#lifecycle.giveBack(row, { attempt: (row.attempt as number) - 1 });
    });
  }

  // Supervision

  acquire(tag: number, scheduler: string, ttlMs: number): Promise<Epoch | undefined> {
    return this.#write(() => this.#ownership.acquire(tag, scheduler, ttlMs));
  }

  release(tag: number, epoch: Epoch): Promise<void> {
    return this.#write(() => this.#ownership.release(tag, epoch));
  }

  join(scheduler: string, ttlMs: number): Promise<string[]> {
    return this.#write(() => this.#ownership.join(scheduler, ttlMs));
  }

  leave(scheduler: string): Promise<void> {
    return this.#write(() => this.#ownership.leave(scheduler));
  }

  dueDeliveries(tag: number, epoch: Epoch, limit: number, holdMs: number): Promise<Delivery[]> {
    return this.#write(() =>
      this.#ownership.owns(tag, epoch) ? this.#deliveries.due(tag, limit, holdMs) : []
    );
  }

  recordDelivery(
    id: string,
    attempt: DeliveryAttempt,
    next: { state: "delivered" | "dead" } | { state: "due"; dueAt: number },
  ): Promise<void> {
    return this.#write(() => this.#deliveries.record(id, attempt, next));
  }

  supervise(tag: number, epoch: Epoch, ttlMs: number): Promise<Supervision | undefined> {
    return this.#write(() => {
      if (!this.#ownership.owns(tag, epoch)) return undefined;
      const now = this.#now();
      this.#store.run("UPDATE owners SET until = ? WHERE tag = ?", now + ttlMs, tag);
      const { promoted, rescued, deadLettered, expired } = this.#lifecycle.round(tag, ROUND_LIMIT);
      const swept = this.#lifecycle.sweep(now, SWEEP_LIMIT);
      const unaudited = this.#unaudited.count(tag);
      const callbacks = this.#store.get(
        "SELECT count(*) AS due FROM deliveries WHERE tag = ? AND state = 'due' AND due_at <= ?",
        tag,
        now,
      )!;
      return {
        promoted,
        rescued,
        deadLettered,
        expired,
        unaudited,
        idle: swept < SWEEP_LIMIT && this.#idle(tag),
        callbacksDue: callbacks.due as number,
      };
    }, true);
  }

  #idle(tag: number): boolean {
    return BUSY.every((sql) => this.#store.get(sql, tag) === undefined);
  }

  async roused(tag: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const waited = this.#claimants.next(
      tag,
      timeoutMs,
      signal ? AbortSignal.any([signal, woken.signal]) : woken.signal,
    );
    if (!this.#idle(tag)) woken.abort();
    await waited;
  }

  unaudited(tag: number, limit: number, after = "0"): Promise<UnauditedPage> {
    return Promise.try(() => this.#unaudited.page(tag, limit, Number(after)));
  }

  withUnaudited(tags: readonly number[]): Promise<number[]> {
    return Promise.try(() => tags.filter((tag) => this.#unaudited.waits(tag)));
  }

  audited(tag: number, upTo: string): Promise<void> {
    return this.#write(() => this.#unaudited.forget(tag, upTo));
  }

  ping(): Promise<void> {
    return Promise.try(() => void this.#store.get("SELECT 1"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#claimants.wakeAll();
    this.#watchers.wakeAll();
    this.#store.close();
    return Promise.resolve();
  }
}
