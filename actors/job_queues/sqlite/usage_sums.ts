/**
 * What jobs have taken, gathered in memory while a transaction is made and written once per day,
 * payer and version, in that same transaction. What a write added goes with it if it is undone.
 *
 * @module
 */
import type { UsageRow } from "../../quota_ledger.ts";
import type { Companion, GroupCommit } from "./group_commit.ts";

/** A part of a row, of the queue with this tag. */
export interface UsagePart extends UsageRow {
  readonly tag: number;
}

export class UsageSums implements Companion {
  readonly #sums = new Map<string, UsagePart>();
  /** What the present write has added. */
  #fresh: UsagePart[] = [];

  add(part: UsagePart): void {
    this.#fresh.push(part);
  }

  keep(): void {
    for (const part of this.#fresh) {
      const key = `${part.tag} ${part.day} ${part.payer} ${part.version}`;
      const sum = this.#sums.get(key);
      this.#sums.set(key, sum ? added(sum, part) : part);
    }
    this.#fresh = [];
  }

  undo(): void {
    this.#fresh = [];
  }

  flush(store: GroupCommit): void {
    for (const sum of this.#sums.values()) {
      store.run(
        `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           jobs = jobs + excluded.jobs, completed = completed + excluded.completed,
           compute_ms = compute_ms + excluded.compute_ms, cpu_ms = cpu_ms + excluded.cpu_ms,
           gpu_ms = gpu_ms + excluded.gpu_ms, cost = cost + excluded.cost, model = excluded.model`,
        sum.tag,
        sum.day,
        sum.payer,
        sum.version,
        sum.model,
        sum.jobs,
        sum.completed,
        sum.computeMs,
        sum.cpuMs,
        sum.gpuMs,
        sum.cost,
      );
    }
    this.clear();
  }

  clear(): void {
    this.#sums.clear();
    this.#fresh = [];
  }
}

function added(a: UsagePart, b: UsagePart): UsagePart {
  return {
    ...b,
    jobs: a.jobs + b.jobs,
    completed: a.completed + b.completed,
    computeMs: a.computeMs + b.computeMs,
    cpuMs: a.cpuMs + b.cpuMs,
    gpuMs: a.gpuMs + b.gpuMs,
    cost: a.cost + b.cost,
  };
}
