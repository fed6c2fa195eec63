/**
 * Quotas on Redis. Their counts share one slot, the jobs' records are in those of their models, and
 * no step spans both. So a quota is held first, by the job's id, then the job is accepted; when its
 * record says that it has ended, it stands in a set in its own slot (`ended`, written by the step
 * that ended it) until what was held is given back. Each of these steps may be sent twice. A hold
 * whose job was never accepted, because the gateway died in between, is found by the sweep.
 *
 * @module
 */
import type { NewJob } from "../../job.ts";
import { isFinal } from "../../job.ts";
import { jobIdTag } from "../../job_id.ts";
import { AuditBufferFull, type Submission } from "../../job_queue.ts";
import {
  QUOTA_HOLD_MS,
  type QuotaClaim,
  type QuotaLedger,
  type QuotaLimits,
  type QuotaRefusal,
  type QuotaStanding,
  rateWindow,
  type UsageQuery,
  type UsageRow,
} from "../../quota_ledger.ts";
import * as keys from "../../redis_keys.ts";
import { Batcher } from "./batcher.ts";
import type { RedisConnection } from "./connection.ts";
import { stateOf } from "./record.ts";
import { noteDropped, readDropped, readUsage } from "./usage.ts";

const RESERVE_BATCH = { maxBatch: 64, maxInFlight: 2, maxWaiting: 50_000 };
/** One at a time: who asks while one is under way is served by one that begins after that. */
const ONE_AT_A_TIME = { maxBatch: 1000, maxInFlight: 1, maxWaiting: 50_000 };
/** Jobs given back, or looked at, in one step. */
const STEP = 500;
/** Jobs in flight that are looked at before one more is refused. */
const MOST_LOOKED_AT = 50;

interface Reservation {
  readonly id: string;
  readonly quotas: readonly QuotaClaim[];
}

interface Reserved {
  readonly refusal?: Omit<QuotaRefusal, "standing">;
  readonly standing: QuotaStanding;
}

/** A job that has ended, and the run time of its attempts in milliseconds. */
interface Ended {
  readonly id: string;
  readonly ms: string;
}

export class RedisQuotaLedger implements QuotaLedger {
  readonly #connection: RedisConnection;
  readonly #reserves = new Batcher<Reservation, Reserved>(
    (batch) => this.#reserveAll(batch),
    RESERVE_BATCH,
  );
  readonly #looks = new Batcher<string, void>((batch) => this.#lookAll(batch), ONE_AT_A_TIME);
  readonly #ends = new Batcher<number, void>((batch) => this.#giveBackAll(batch), ONE_AT_A_TIME);

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /** See `JobSubmission.submitWithin`. */
  async submitWithin(
    job: NewJob,
    quotas: readonly QuotaClaim[],
    submit: (job: NewJob) => Promise<Submission>,
  ): Promise<Submission | QuotaRefusal> {
    if (quotas.length === 0) return await submit(job);
    const { refusal, standing } = await this.#reserve({ id: job.id, quotas });
    if (refusal) return await this.#acceptedBefore(job) ?? { ...refusal, standing };
    const submission = await this.#submitHeld(job, submit);
    if (submission.kind === "accepted") return { ...submission, standing };
    if (submission.id !== job.id) await this.#undo(job);
    return submission;
  }

  async #submitHeld(
    job: NewJob,
    submit: (job: NewJob) => Promise<Submission>,
  ): Promise<Submission> {
    try {
      return await submit({ ...job, account: { ...job.account, held: true } });
    } catch (error) {
      // After any other fault it may be there: the sweep will tell.
      if (error instanceof AuditBufferFull) await this.#undo(job);
      throw error;
    }
  }

  async #undo({ id }: NewJob): Promise<void> {
    await this.#release([{ id, ms: "0" }], "undo");
  }

  /** Holds the quotas; before it refuses for jobs in flight, it looks whether those have ended. */
  async #reserve(reservation: Reservation): Promise<Reserved> {
    const first = await this.#reserves.add(reservation);
    if (first.refusal?.limit !== "jobsInFlight") return first;
    await this.#looks.add(first.refusal.subject);
    return await this.#reserves.add(reservation);
  }

  async #reserveAll(batch: readonly Reservation[]): Promise<Reserved[]> {
    const args: (string | number)[] = [QUOTA_HOLD_MS];
    for (const { id, quotas } of batch) {
      args.push(id, quotas.length);
      for (const { subject, limits } of quotas) args.push(subject, ...limitArguments(limits));
    }
    const rows = await this.#connection.write("quotaReserve", keys.QUOTAS_KEY, args) as Row[];
    return rows.map(([fault, letter, retryAfterMs, ...counts], i): Reserved => {
      const standing = batch[i]!.quotas.map((_, k) => {
        const [requests, jobsInFlight, jobsToday, ms] = counts.slice(4 * k, 4 * k + 4);
        return {
          requests: requests!,
          jobsInFlight: jobsInFlight!,
          jobsToday: jobsToday!,
          computeSecondsToday: ms! / 1000,
        };
      });
      if (fault === 0) return { standing };
      const { subject } = batch[i]!.quotas[fault - 1]!;
      const limit = LIMIT_OF[letter]!;
      return { standing, refusal: { kind: "limited", subject, limit, retryAfterMs } };
    });
  }

  /** A repeated request gets its first answer also while its caller has no room. */
  async #acceptedBefore({ id, idempotency }: NewJob): Promise<Submission | undefined> {
    if (!idempotency) return undefined;
    const tag = jobIdTag(id);
    return await this.#connection.patiently(async (client): Promise<Submission | undefined> => {
      const prior = await client.get(keys.idempotencyKey(tag, idempotency.key));
      const known = prior && await client.hget(keys.jobKey(tag, prior), "fp");
      if (!prior || !known) return undefined;
      return { kind: known === idempotency.fingerprint ? "duplicate" : "conflict", id: prior };
    });
  }

  async #release(ended: readonly Ended[], undo: "undo" | "" = ""): Promise<number> {
    if (ended.length === 0) return 0;
    const args = ended.flatMap(({ id, ms }) => [id, ms, undo]);
    return await this.#connection.write("quotaRelease", keys.QUOTAS_KEY, args) as number;
  }

  async #lookAll(subjects: readonly string[]): Promise<void[]> {
    await Promise.all([...new Set(subjects)].map(async (subject) => {
      const ids = await this.#connection.patiently((client) =>
        client.zrange(keys.quotaIdsKey(subject), 0, `${MOST_LOOKED_AT - 1}`)
      );
      // One without a record may be on its way.
      await this.#release((await this.#endedOf(ids)).filter(({ known }) => known));
    }));
    return subjects.map(() => undefined);
  }

  /** Those of the jobs that are in flight no more. */
  async #endedOf(ids: readonly string[]): Promise<(Ended & { readonly known: boolean })[]> {
    const looked = await Promise.all(ids.map(async (id) => {
      const [state, ms] = await this.#connection.patiently((client) =>
        client.hmget(keys.jobKey(jobIdTag(id), id), "st", "ms")
      );
      return { id, ms: ms ?? "0", known: !!state, over: !state || isFinal(stateOf(state)) };
    }));
    return looked.filter(({ over }) => over);
  }

  /** Gives back what ended jobs of the queue held. */
  giveBack(tag: number): Promise<void> {
    return this.#ends.add(tag);
  }

  async #giveBackAll(tags: readonly number[]): Promise<void[]> {
    await Promise.all([...new Set(tags)].map((tag) => this.#giveBackOf(tag)));
    return tags.map(() => undefined);
  }

  async #giveBackOf(tag: number): Promise<void> {
    for (;;) {
      const members = await this.#connection.patiently((client) =>
        client.zrange(keys.endedKey(tag), 0, `${STEP - 1}`)
      );
      if (members.length === 0) return;
      await this.#release(members.map((member) => {
        const [id, ms] = member.split(" ");
        return { id: id!, ms: ms! };
      }));
      await this.#connection.patiently((client) => client.zrem(keys.endedKey(tag), ...members));
      if (members.length < STEP) return;
    }
  }

  /** See `QuotaLedger.sweepQuotas`. */
  async sweepQuotas(): Promise<number> {
    const ids = await this.#connection.run("quotaDue", keys.QUOTAS_KEY, STEP, QUOTA_HOLD_MS);
    return await this.#release(await this.#endedOf(ids as string[]));
  }

  async quotaUse(subjects: readonly string[]): Promise<QuotaStanding> {
    if (subjects.length === 0) return [];
    const key = keys.QUOTAS_KEY;
    const counts = await this.#connection.run("quotaUse", key, ...subjects) as number[];
    return subjects.map((_, i) => ({
      requests: 0,
      jobsInFlight: counts[3 * i]!,
      jobsToday: counts[3 * i + 1]!,
      computeSecondsToday: counts[3 * i + 2]! / 1000,
    }));
  }

  usage(query: UsageQuery): Promise<UsageRow[]> {
    return readUsage(this.#connection, query);
  }

  droppedTags(): Promise<number[]> {
    return readDropped(this.#connection);
  }

  noteDropped(tag: number): Promise<void> {
    return noteDropped(this.#connection, tag);
  }
}

type Row = [fault: number, letter: string, retryAfterMs: number, ...counts: number[]];

const LIMIT_OF: Readonly<Record<string, keyof QuotaLimits>> = {
  s: "requestsPerSecond",
  f: "jobsInFlight",
  d: "jobsPerDay",
  c: "computeSecondsPerDay",
};

function limitArguments(limits: QuotaLimits): (string | number)[] {
  const { requestsPerSecond, jobsInFlight, jobsPerDay, computeSecondsPerDay } = limits;
  const window = requestsPerSecond === undefined ? undefined : rateWindow(requestsPerSecond);
  return [
    window?.room ?? "",
    window === undefined ? "" : Math.ceil(window.ms * 1000),
    jobsInFlight ?? "",
    jobsPerDay ?? "",
    computeSecondsPerDay === undefined ? "" : Math.round(computeSecondsPerDay * 1000),
  ];
}
