/**
 * Quotas and accounts of the embedded queue. What a step changes here is part of that step's
 * transaction; only the calls of the last window of a rate are kept in memory, for they are over by
 * the time that a process has started again.
 *
 * @module
 */
import type { JobAccount, JobState } from "../../job.ts";
import {
  dayOf,
  type QuotaClaim,
  type QuotaLedger,
  type QuotaLimits,
  type QuotaRefusal,
  type QuotaStanding,
  type QuotaUse,
  rateWindow,
  USAGE_KEPT_DAYS,
  type UsageQuery,
  type UsageRow,
} from "../../quota_ledger.ts";
import type { GroupCommit, SqliteRow } from "./group_commit.ts";
import type { UsageSums } from "./usage_sums.ts";

const DAY_MS = 24 * 3600 * 1000;
/** Where a job in flight is in the way; when one ends cannot be known. */
const IN_FLIGHT_RETRY_MS = 1000;

export class SqliteQuotaLedger implements QuotaLedger {
  readonly #store: GroupCommit;
  readonly #sums: UsageSums;
  #sweptOn: number | undefined;
  readonly #now: () => number;
  /** Times of accepted calls by subject, the oldest first. */
  readonly #calls = new Map<string, number[]>();

  constructor(store: GroupCommit, sums: UsageSums, now: () => number) {
    this.#store = store;
    this.#sums = sums;
    this.#now = now;
  }

  // For use inside a transaction

  /** Holds all quotas for a job, or answers why not. */
  reserve(
    jobId: string,
    quotas: readonly QuotaClaim[],
  ): { readonly kind: "held"; readonly standing: QuotaStanding } | QuotaRefusal {
    const looked = quotas.map((claim) => this.#look(claim));
    const standing = looked.map(({ use }) => use);
    const full = looked.flatMap(({ full }, i) =>
      full ? [{ ...full, subject: quotas[i]!.subject }] : []
    );
    if (full.length > 0) {
      const longest = full.reduce((a, b) => b.retryAfterMs > a.retryAfterMs ? b : a);
      return { kind: "limited", ...longest, standing };
    }
    return {
      kind: "held",
      standing: quotas.map((claim, i) => this.#take(jobId, claim, standing[i]!)),
    };
  }

  #look({ subject, limits }: QuotaClaim): {
    readonly use: QuotaUse;
    readonly full?: { readonly limit: keyof QuotaLimits; readonly retryAfterMs: number };
  } {
    const now = this.#now();
    const use = { ...this.#useOf(subject), requests: 0 };
    const { requestsPerSecond, jobsInFlight, jobsPerDay, computeSecondsPerDay } = limits;
    if (requestsPerSecond !== undefined) {
      const { room, ms } = rateWindow(requestsPerSecond);
      const calls = (this.#calls.get(subject) ?? []).filter((at) => at > now - ms);
      this.#calls.set(subject, calls);
      use.requests = calls.length;
      if (calls.length >= room) {
        const retryAfterMs = Math.max(1, Math.ceil(calls[0]! + ms - now));
        return { use, full: { limit: "requestsPerSecond", retryAfterMs } };
      }
    }
    if (jobsInFlight !== undefined && use.jobsInFlight >= jobsInFlight) {
      return { use, full: { limit: "jobsInFlight", retryAfterMs: IN_FLIGHT_RETRY_MS } };
    }
    const retryAfterMs = DAY_MS - now % DAY_MS;
    if (jobsPerDay !== undefined && use.jobsToday >= jobsPerDay) {
      return { use, full: { limit: "jobsPerDay", retryAfterMs } };
    }
    if (computeSecondsPerDay !== undefined && use.computeSecondsToday >= computeSecondsPerDay) {
      return { use, full: { limit: "computeSecondsPerDay", retryAfterMs } };
    }
    return { use };
  }

  #take(jobId: string, { subject, limits }: QuotaClaim, before: QuotaUse): QuotaUse {
    this.#store.run("INSERT INTO quota_holds VALUES (?, ?)", jobId, subject);
    this.#addToDay(subject, 1, 0);
    const rated = limits.requestsPerSecond !== undefined;
    if (rated) this.#calls.get(subject)!.push(this.#now());
    return {
      ...before,
      requests: before.requests + (rated ? 1 : 0),
      jobsInFlight: before.jobsInFlight + 1,
      jobsToday: before.jobsToday + 1,
    };
  }

  #addToDay(subject: string, jobs: number, ms: number): void {
    this.#store.run(
      `INSERT INTO quota_days VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         jobs = jobs + excluded.jobs, ms = ms + excluded.ms`,
      subject,
      dayOf(this.#now()),
      jobs,
      ms,
    );
  }

  /** An attempt of the job has ended: now, or when its lease had passed. */
  spend(row: SqliteRow, at = this.#now()): void {
    const ms = Math.max(0, at - (row.started_at as number));
    const account = accountOf(row);
    const { cpu, gpu, costPerMs } = account?.rates ?? { cpu: 1, gpu: 0, costPerMs: 0 };
    if (cpu === 0) return;
    const sums = {
      computeMs: ms,
      cpuMs: ms + Math.floor(ms * (cpu - 1) + 0.5),
      gpuMs: Math.floor(ms * gpu + 0.5),
      cost: Math.floor(ms * costPerMs + 0.5),
    };
    this.#charge(row, account, { ...NOTHING, ...sums });
    if (!account?.held) return;
    this.#store.run("UPDATE jobs SET spent_ms = spent_ms + ? WHERE id = ?", ms, row.id as string);
  }

  /** The job has ended. */
  conclude(row: SqliteRow, state: JobState): void {
    const account = accountOf(row);
    const completed = state === "completed" ? 1 : 0;
    const cost = completed * (account?.rates?.costPerCall ?? 0);
    this.#charge(row, account, { ...NOTHING, jobs: 1, completed, cost });
    if (account?.held) this.#giveBack(row.id as string);
  }

  #giveBack(jobId: string): void {
    const spent = this.#store.get("SELECT spent_ms FROM jobs WHERE id = ?", jobId)?.spent_ms ?? 0;
    const held = this.#store.all("SELECT subject FROM quota_holds WHERE job_id = ?", jobId);
    this.#store.run("DELETE FROM quota_holds WHERE job_id = ?", jobId);
    for (const { subject } of held) this.#addToDay(subject as string, 0, spent as number);
  }

  #charge(row: SqliteRow, account: JobAccount | undefined, sums: typeof NOTHING): void {
    const day = dayOf(this.#now());
    const [tag, version, model] = [row.tag as number, row.version as string, row.model as string];
    for (const payer of [row.submitter as string, ...account?.teams ?? []]) {
      this.#sums.add({ tag, day, payer, version, model, ...sums });
    }
  }

  /** Remembers that a queue is dropped: what was spent in it stays. */
  noteDropped(tag: number): void {
    this.#store.run("INSERT INTO dropped VALUES (?) ON CONFLICT DO NOTHING", tag);
  }

  /** Gives back what jobs of a queue hold that is to be forgotten. */
  drop(tag: number): void {
    this.#store.run(
      "DELETE FROM quota_holds WHERE job_id IN (SELECT id FROM jobs WHERE tag = ?)",
      tag,
    );
  }

  /** Forgets days that are long over. */
  sweep(): void {
    const today = dayOf(this.#now());
    // Both look at every row, and there is nothing new to forget before the next day.
    if (today === this.#sweptOn) return;
    this.#sweptOn = today;
    this.#store.run("DELETE FROM quota_days WHERE day < ?", today - 1);
    this.#store.run("DELETE FROM usage WHERE day < ?", today - USAGE_KEPT_DAYS);
  }

  // QuotaLedger

  quotaUse(subjects: readonly string[]): Promise<QuotaStanding> {
    return Promise.try(() => subjects.map((subject) => this.#useOf(subject)));
  }

  #useOf(subject: string): QuotaUse {
    const today = this.#store.get(
      "SELECT jobs, ms FROM quota_days WHERE subject = ? AND day = ?",
      subject,
      dayOf(this.#now()),
    );
    const held = this.#store.get(
      "SELECT count(*) AS n FROM quota_holds WHERE subject = ?",
      subject,
    )!;
    return {
      requests: 0,
      jobsInFlight: held.n as number,
      jobsToday: (today?.jobs as number | undefined) ?? 0,
      computeSecondsToday: ((today?.ms as number | undefined) ?? 0) / 1000,
    };
  }

  usage({ tags, fromDay, toDay, payer }: UsageQuery): Promise<UsageRow[]> {
    return Promise.try(() =>
      this.#store.all(
        `SELECT * FROM usage WHERE tag IN (SELECT value FROM json_each(?1)) AND day BETWEEN ?2 AND ?3
           AND (?4 IS NULL OR payer = ?4) ORDER BY tag, day`,
        JSON.stringify(tags),
        fromDay,
        toDay,
        payer ?? null,
      ).map((row) => ({
        day: row.day as number,
        model: row.model as string,
        version: row.version as string,
        payer: row.payer as string,
        jobs: row.jobs as number,
        completed: row.completed as number,
        computeMs: row.compute_ms as number,
        cpuMs: row.cpu_ms as number,
        gpuMs: row.gpu_ms as number,
        cost: row.cost as number,
      }))
    );
  }

  droppedTags(): Promise<number[]> {
    return Promise.try(() =>
      this.#store.all("SELECT tag FROM dropped").map(({ tag }) => tag as number)
    );
  }

  /** Nothing is ever held for a job that was not accepted, nor for one that has ended. */
  sweepQuotas(): Promise<number> {
    return Promise.resolve(0);
  }
}

const NOTHING = { jobs: 0, completed: 0, computeMs: 0, cpuMs: 0, gpuMs: 0, cost: 0 };

function accountOf(row: SqliteRow): JobAccount | undefined {
  return row.account === null ? undefined : JSON.parse(row.account as string) as JobAccount;
}
