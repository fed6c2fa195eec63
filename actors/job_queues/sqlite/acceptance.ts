/**
 * The way in of jobs to the embedded queue; for use inside a transaction.
 *
 * @module
 */
import type { NewJob } from "../../job.ts";
import { jobIdTag } from "../../job_id.ts";
import { AuditBufferFull, type Submission } from "../../job_queue.ts";
import type { QuotaClaim, QuotaRefusal } from "../../quota_ledger.ts";
import type { GroupCommit } from "./group_commit.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { SqliteQuotaLedger } from "./quota_ledger.ts";
import type { Unaudited } from "./unaudited.ts";

export class Acceptance {
  constructor(
    private readonly store: GroupCommit,
    private readonly lifecycle: Lifecycle,
    private readonly ledger: SqliteQuotaLedger,
    private readonly unaudited: Unaudited,
    private readonly now: () => number,
  ) {}

  /**
   * Takes a job that was not accepted before, if its quotas have room. Throws
   * {@link AuditBufferFull}.
   */
  accept(job: NewJob): Submission;
  accept(job: NewJob, quotas: readonly QuotaClaim[]): Submission | QuotaRefusal;
  accept(job: NewJob, quotas: readonly QuotaClaim[] = []): Submission | QuotaRefusal {
    const before = this.#acceptedBefore(job);
    if (before) return before;
    const tag = jobIdTag(job.id);
    if (this.unaudited.full(tag)) throw new AuditBufferFull();
    if (quotas.length === 0) {
      this.#insert(tag, job);
      return { kind: "accepted", id: job.id };
    }
    const held = this.ledger.reserve(job.id, quotas);
    if (held.kind === "limited") return held;
    this.#insert(tag, { ...job, account: { ...job.account, held: true } });
    return { kind: "accepted", id: job.id, standing: held.standing };
  }

  #insert(tag: number, job: NewJob): void {
    this.lifecycle.insert(tag, job);
    if (job.result === undefined) return;
    this.lifecycle.finish(this.lifecycle.row(job.id)!, "completed", { result: job.result });
  }

  #acceptedBefore({ id, idempotency }: NewJob): Submission | undefined {
    if (this.store.get("SELECT 1 FROM jobs WHERE id = ?", id)) return { kind: "duplicate", id };
    if (!idempotency) return undefined;
    const prior = this.store.get(
      "SELECT id, fingerprint, delete_at FROM jobs WHERE tag = ? AND idempotency_key = ?",
      jobIdTag(id),
      idempotency.key,
    );
    if (!prior) return undefined;
    if (prior.delete_at !== null && (prior.delete_at as number) <= this.now()) {
      this.lifecycle.freeKey(prior.id as string);
      return undefined;
    }
    const same = prior.fingerprint === idempotency.fingerprint;
    return { kind: same ? "duplicate" : "conflict", id: prior.id as string };
  }
}
