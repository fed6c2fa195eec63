/**
 * The job queue on Redis Streams: one stream per model and lane with a consumer group.
 *
 * The job's hash is the truth and a stream entry only a ticket to look at it. Every transition is
 * one script in the model's slot, guarded by state, ticket generation and fence, so that a doubled
 * ticket, a command sent twice or a worker that comes back late changes nothing.
 *
 * @module
 */
import type { Job, JobEnd, JobEvent, JobProgress, NewJob } from "../job.ts";
import { isFinal } from "../job.ts";
import { jobIdTag } from "../job_id.ts";
import {
  AuditBufferFull,
  type Cancellation,
  type Claim,
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
  QueueUnavailable,
  type Submission,
  type Supervision,
  type UnauditedPage,
} from "../job_queue.ts";
import type { QuotaClaim, QuotaRefusal } from "../quota_ledger.ts";
import * as keys from "../redis_keys.ts";
import { READ_BATCH, REPLICATED_BATCH, SETTLE_BATCH, SUBMIT_BATCH } from "./redis/batch_limits.ts";
import { Batcher, type BatcherLimits } from "./redis/batcher.ts";
import { readCohort, readMembers, writeNotes } from "./redis/cohorts.ts";
import { endingArguments } from "./redis/attempt.ts";
import { Claiming } from "./redis/claiming.ts";
import { type ConnectionOptions, RedisConnection } from "./redis/connection.ts";
import { RedisQuotaLedger } from "./redis/quota_ledger.ts";
import { readDeliveries } from "./redis/deliveries.ts";
import { jobEvents } from "./redis/job_events.ts";
import { listDeadLetters, listJobs } from "./redis/listing.ts";
import { measuresOf } from "./redis/measures.ts";
import { endOf, type Fields, jobOf, submitArguments } from "./redis/record.ts";
import { type ServerVersion, serverVersionOf } from "./redis/server_version.ts";
import { shareJob } from "./redis/sharing.ts";
import { readUnaudited, readWithUnaudited } from "./redis/unaudited.ts";
import { END, Wakeups } from "./redis/wakeups.ts";

/** Leases renewed in one step, so that ten thousand of them do not hold Redis up. */
const HEARTBEAT_BATCH = 500;
/** Jobs that one round of supervision moves per step, so that a round holds Redis up for little. */
const ROUND_LIMIT = 500;
/**
 * When a waiter looks by itself, should a hint have been lost with a connection: after a second, and
 * then after twice as long each time, so that ten thousand long waits cost little.
 */
const LOOK_AGAIN_MS = 1000;
const LOOK_AT_LEAST_MS = 16_000;
const MAX_EVENTS = 1000;
const EVENTS_KEPT_MS = 7 * 24 * 3600 * 1000;
const DELIVERIES_KEPT_MS = 7 * 24 * 3600 * 1000;

type Verdict = Submission | AuditBufferFull;

export class RedisJobQueue implements JobQueue {
  readonly #options: JobQueueOptions;
  readonly #connection: RedisConnection;
  readonly #wakeups: Wakeups;
  readonly #claiming: Claiming;
  readonly ledger: RedisQuotaLedger;
  /** Names this process in the records of jobs it waits for. */
  readonly #gateway = crypto.randomUUID().slice(0, 8);
  /** The same, to hear of the end only. */
  readonly #endWatcher = `${this.#gateway}!`;
  readonly #submitBatch: BatcherLimits;
  readonly #submits = new Map<number, Batcher<WatchedJob, Submission>>();
  readonly #settles = new Map<number, Batcher<[Lease, Ending], "recorded" | "lost">>();
  readonly #reads: Batcher<string, Job | undefined>;

  constructor(connection: ConnectionOptions, options: Partial<JobQueueOptions> = {}) {
    this.#options = { ...DEFAULT_QUEUE_OPTIONS, ...options };
    this.#connection = new RedisConnection({
      ...connection,
      auditLimit: this.#options.auditLimit,
    });
    this.#submitBatch = (connection.replicas ?? 0) > 0 ? REPLICATED_BATCH : SUBMIT_BATCH;
    this.#wakeups = new Wakeups(this.#connection);
    this.#claiming = new Claiming(this.#connection, this.#wakeups, this.#options.leaseMs);
    this.ledger = new RedisQuotaLedger(this.#connection);
    this.#reads = new Batcher((ids) => this.#readAll(ids), READ_BATCH);
  }

  // Submission

  submit(job: WatchedJob): Promise<Submission> {
    const tag = jobIdTag(job.id);
    let batcher = this.#submits.get(tag);
    if (!batcher) {
      batcher = new Batcher<WatchedJob, Submission>(
        (jobs) => this.#submitAll(tag, jobs),
        this.#submitBatch,
      );
      this.#submits.set(tag, batcher);
    }
    return batcher.add(job);
  }

  submitWithin(job: NewJob, quotas: readonly QuotaClaim[]): Promise<Submission | QuotaRefusal> {
    return this.ledger.submitWithin(job, quotas, (held) => this.submit(held));
  }

  async #submitAll(tag: number, jobs: readonly WatchedJob[]): Promise<Verdict[]> {
    const args: (string | number)[] = [];
    for (const job of jobs) submitArguments(job, args, job.watcher);
    const verdicts = await this.#connection.write(
      "submit",
      keys.countersKey(tag),
      args,
    ) as string[];
    return verdicts.map((verdict, i): Verdict => {
      if (verdict === "f") return new AuditBufferFull();
      if (verdict === "a") return { kind: "accepted", id: jobs[i]!.id };
      return { kind: verdict[0] === "d" ? "duplicate" : "conflict", id: verdict.slice(1) };
    });
  }

  async ask(job: NewJob, timeoutMs: number, signal?: AbortSignal): Promise<JobEnd | undefined> {
    const end = performance.now() + timeoutMs;
    // Listens before the job is there, and leaves its name with it: nothing is missed in between.
    // Where there may be ten thousand of them, a look by itself is for lost connections only.
    const hint = this.#hint(job.id, END, Math.min(timeoutMs, LOOK_AT_LEAST_MS), signal);
    try {
      await hint.ready;
      const { kind, id } = await this.submit({ ...job, watcher: this.#endWatcher });
      if (kind === "accepted") {
        const told = await hint.woken;
        if (told !== undefined) return endOf(id, told);
        const now = await this.get(id);
        if (!now || isFinal(now.state)) return now;
      }
      return await this.#settled(id, end - performance.now(), signal, LOOK_AT_LEAST_MS);
    } finally {
      hint.cancel();
    }
  }

  get(id: string): Promise<Job | undefined> {
    return this.#reads.add(id);
  }

  #readAll(ids: readonly string[]): Promise<(Job | undefined)[]> {
    // Sent in one turn, they share packets; in a Cluster each goes to its own node.
    return Promise.all(ids.map(async (id) => {
      const fields: Fields = await this.#connection.patiently((client) =>
        client.hgetall(keys.jobKey(jobIdTag(id), id))
      );
      return fields.st === undefined ? undefined : jobOf(id, fields);
    }));
  }

  settled(id: string, timeoutMs: number, signal?: AbortSignal): Promise<Job | undefined> {
    return this.#settled(id, timeoutMs, signal, LOOK_AGAIN_MS);
  }

  async #settled(
    id: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    firstLookMs: number,
  ): Promise<Job | undefined> {
    const end = performance.now() + timeoutMs;
    for (let again = firstLookMs;; again = Math.min(2 * again, LOOK_AT_LEAST_MS)) {
      const left = end - performance.now();
      const hint = this.#hint(id, END, Math.min(left, again), signal);
      const open = await this.#watch(id, this.#endWatcher, hint.ready);
      if (!open || left <= 0 || signal?.aborted) {
        hint.cancel();
        return await this.get(id);
      }
      await hint.woken;
      const job = await this.get(id);
      if (!job || isFinal(job.state)) return job;
    }
  }

  list(query: JobQuery): Promise<Job[]> {
    return listJobs(this.#connection, query);
  }

  async cancel(id: string, by = ""): Promise<Cancellation> {
    return await this.#connection.write("cancel", keyOf(id), [id, by]) as Cancellation;
  }

  share(id: string, sharing: JobSharing): Promise<boolean> {
    return shareJob(this.#connection, id, sharing);
  }

  async events(id: string, after?: string): Promise<JobEvent[]> {
    const job = await this.get(id);
    return job ? await jobEvents(this.#connection, job, after) : [];
  }

  async changed(id: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const hint = this.#hint(id, "", Math.min(timeoutMs, LOOK_AGAIN_MS), signal);
    await this.#watch(id, this.#gateway, hint.ready);
    await hint.woken;
  }

  #hint(id: string, mark: string, timeoutMs: number, signal: AbortSignal | undefined) {
    const channel = keys.changedChannel(jobIdTag(id), this.#gateway);
    return this.#wakeups.next(channel, id + mark, Math.max(0, timeoutMs), signal);
  }

  /**
   * Asks to be told; in this order, nothing is missed between the asking and the listening. False if
   * the job has ended or is not there.
   */
  async #watch(id: string, watcher: string, ready: Promise<void>): Promise<boolean> {
    await ready;
    return await this.#connection.run("watch", keyOf(id), id, watcher) === 1;
  }

  deadLetters(tag: number, limit: number, before?: string): Promise<Job[]> {
    return listDeadLetters(this.#connection, tag, limit, before);
  }

  async requeue(id: string, by = ""): Promise<boolean> {
    return await this.#connection.write("requeue", keyOf(id), [id, by]) === 1;
  }

  async measure(tag: number): Promise<QueueMeasures> {
    return measuresOf(await this.#connection.run("measure", keys.countersKey(tag)));
  }

  cohort(tag: number, name: string): Promise<Cohort> {
    return readCohort(this.#connection, tag, name);
  }

  cohortMembers(tag: number, name: string, limit: number): Promise<CohortMember[]> {
    return readMembers(this.#connection, tag, name, limit);
  }

  noteMembers(tag: number, name: string, notes: ReadonlyMap<string, string>): Promise<void> {
    return writeNotes(this.#connection, tag, name, notes);
  }

  deliveries(id: string): Promise<Delivery[]> {
    return this.#connection.patiently(async (client) => {
      const ids = await client.lrange(keys.deliveriesKey(jobIdTag(id), id), 0, -1);
      return await readDeliveries(this.#connection, ids);
    });
  }

  async redeliver(deliveryId: string): Promise<boolean> {
    return await this.#connection.write("deliveryAgain", keyOf(deliveryId), [deliveryId]) === 1;
  }

  async drop(tag: number): Promise<boolean> {
    await this.ledger.noteDropped(tag);
    // A text is where the next call goes on.
    let next: unknown = "";
    while (typeof next !== "number") {
      next = await this.#connection.run("drop", keys.countersKey(tag), ROUND_LIMIT, String(next));
    }
    await this.ledger.giveBack(tag);
    return next === 1;
  }

  unaudited(tag: number, limit: number, after = "0"): Promise<UnauditedPage> {
    return readUnaudited(this.#connection, tag, limit, after);
  }

  withUnaudited(tags: readonly number[]): Promise<number[]> {
    return readWithUnaudited(this.#connection, tags);
  }

  async audited(tag: number, upTo: string): Promise<void> {
    const key = keys.countersKey(tag);
    while (await this.#connection.write("audited", key, [upTo, ROUND_LIMIT]) === 1);
  }

  // Delivery

  claim(...asked: Parameters<JobQueue["claim"]>): Promise<Claim[]> {
    return this.#claiming.claim(...asked);
  }

  async heartbeat(leases: readonly Lease[]): Promise<LeaseState[]> {
    const states = new Array<LeaseState>(leases.length);
    const byTag = Map.groupBy(
      leases.map((lease, i) => ({ lease, i })),
      (x) => jobIdTag(x.lease.jobId),
    );
    const renew = async (tag: number, held: readonly { lease: Lease; i: number }[]) => {
      const args = held.flatMap(({ lease }) => [lease.jobId, lease.fence]);
      const reply = await this.#connection.run(
        "heartbeat",
        keys.countersKey(tag),
        this.#options.leaseMs,
        ...args,
      ) as string[];
      held.forEach(({ i }, n) => states[i] = LEASE_STATES[reply[n]!]!);
    };
    await Promise.all([...byTag].flatMap(([tag, held]) =>
      Array.from(
        { length: Math.ceil(held.length / HEARTBEAT_BATCH) },
        (_, n) => renew(tag, held.slice(n * HEARTBEAT_BATCH, (n + 1) * HEARTBEAT_BATCH)),
      )
    ));
    return states;
  }

  progress(lease: Lease, progress: JobProgress): Promise<void> {
    return this.#report(lease, "progress", JSON.stringify(progress));
  }

  log(lease: Lease, line: string): Promise<void> {
    return this.#report(lease, "log", JSON.stringify({ line }));
  }

  async #report(lease: Lease, type: "progress" | "log", data: string): Promise<void> {
    const { jobId, fence } = lease;
    const args = [jobId, fence, type, data, MAX_EVENTS, EVENTS_KEPT_MS];
    await this.#connection.run("report", keyOf(jobId), ...args);
  }

  settle(lease: Lease, ending: Ending): Promise<"recorded" | "lost"> {
    const tag = jobIdTag(lease.jobId);
    let batcher = this.#settles.get(tag);
    if (!batcher) {
      batcher = new Batcher((endings) => this.#settleAll(tag, endings), SETTLE_BATCH);
      this.#settles.set(tag, batcher);
    }
    return batcher.add([lease, ending]);
  }

  async #settleAll(
    tag: number,
    endings: readonly [Lease, Ending][],
  ): Promise<("recorded" | "lost")[]> {
    const args: (string | number)[] = [];
    for (const [lease, ending] of endings) endingArguments(lease, ending, args);
    const reply = await this.#connection.write("settle", keys.countersKey(tag), args) as number[];
    // They ended in any case: what cannot be given back now is at the next round of supervision.
    if (reply.includes(2)) await this.ledger.giveBack(tag).catch(ignoreUnavailable);
    return reply.map((recorded) => recorded > 0 ? "recorded" : "lost");
  }

  async handBack(lease: Lease): Promise<void> {
    await this.#connection.write("handBack", keyOf(lease.jobId), [lease.jobId, lease.fence]);
  }

  // Supervision

  async acquire(tag: number, scheduler: string, ttlMs: number): Promise<Epoch | undefined> {
    const epoch = await this.#connection.run("acquire", keys.countersKey(tag), scheduler, ttlMs);
    return epoch === null ? undefined : epoch as Epoch;
  }

  async supervise(tag: number, epoch: Epoch, ttlMs: number): Promise<Supervision | undefined> {
    const reply = await this.#connection.run(
      "supervise",
      keys.countersKey(tag),
      epoch,
      ttlMs,
      this.#options.maxStalls,
      ROUND_LIMIT,
    ) as number[] | null;
    if (reply === null) return undefined;
    const [promoted, rescued, deadLettered, expired, idle, callbacksDue, _, ended, unaudited] =
      reply;
    if (ended! > 0) await this.ledger.giveBack(tag).catch(ignoreUnavailable);
    return {
      promoted: promoted!,
      rescued: rescued!,
      deadLettered: deadLettered!,
      expired: expired!,
      idle: idle === 1,
      callbacksDue: callbacksDue!,
      unaudited: unaudited!,
    };
  }

  async roused(tag: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const hint = this.#wakeups.next(keys.wakeChannel(tag), "", timeoutMs, signal);
    await hint.ready;
    // Whatever came since the round that found nothing has taken the mark away.
    const asleep = await this.#connection.patiently((client) => client.exists(keys.asleepKey(tag)));
    if (asleep === 0) hint.cancel();
    await hint.woken;
  }

  async release(tag: number, epoch: Epoch): Promise<void> {
    await this.#connection.run("release", keys.countersKey(tag), epoch);
  }

  async dueDeliveries(
    tag: number,
    epoch: Epoch,
    limit: number,
    holdMs: number,
  ): Promise<Delivery[]> {
    const ids = await this.#connection.run(
      "deliveriesDue",
      keys.countersKey(tag),
      epoch,
      limit,
      holdMs,
    ) as string[];
    return await readDeliveries(this.#connection, ids);
  }

  async recordDelivery(
    id: string,
    attempt: DeliveryAttempt,
    next: { state: "delivered" | "dead" } | { state: "due"; dueAt: number },
  ): Promise<void> {
    const due = next.state === "due" ? next.dueAt : "";
    const args = [id, JSON.stringify(attempt), next.state, due, DELIVERIES_KEPT_MS];
    await this.#connection.write("deliveryRecord", keyOf(id), args);
  }

  async join(scheduler: string, ttlMs: number): Promise<string[]> {
    const alive = await this.#connection.run("join", keys.SCHEDULERS_KEY, scheduler, ttlMs);
    return (alive as string[]).sort();
  }

  async leave(scheduler: string): Promise<void> {
    await this.#connection.patiently((client) => client.zrem(keys.SCHEDULERS_KEY, scheduler));
  }

  /** Which server this is, and whether a stream's lag can be trusted after a failover. */
  async server(): Promise<ServerVersion> {
    return serverVersionOf(await this.#connection.patiently((client) => client.info("server")));
  }

  async ping(): Promise<void> {
    await this.#connection.patiently((client) => client.ping());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wakeups.close();
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** A job, and who is to be told of its end. */
type WatchedJob = NewJob & { readonly watcher?: string };

const LEASE_STATES: Readonly<Record<string, LeaseState>> = { h: "held", c: "cancel", l: "lost" };

function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof QueueUnavailable)) throw error;
}

/** The key of the queue that a job, or one of its deliveries, belongs to. */
function keyOf(id: string): string {
  return keys.countersKey(jobIdTag(id));
}
