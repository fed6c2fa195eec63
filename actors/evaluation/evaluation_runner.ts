/**
 * Runs evaluations: takes those that nobody runs, predicts their rows, makes their reports. What a
 * lost process has begun, another takes up where it was.
 *
 * @module
 */
import { reportOn } from "../../consensus/evaluation_report.ts";
import type { Catalog, Resolved } from "../../registry/catalog.ts";
import { isConsensus } from "../consensus/consensus_model.ts";
import type { JobError } from "../job.ts";
import {
  type Evaluation,
  type EvaluationResult,
  type EvaluationTable,
  MAX_FAILURES,
} from "./evaluation.ts";
import type { EvaluationStore } from "./evaluation_store.ts";
import { predictConsensus, Unsound } from "./predict_consensus.ts";
import { predictRows, type RowsToPredict, Stopped } from "./predict_rows.ts";

export interface EvaluationRunnerOptions {
  readonly store: EvaluationStore;
  readonly jobs: RowsToPredict["jobs"];
  readonly catalog: Catalog;
  /** Unique among runners. */
  readonly name: string;
  readonly onFault?: (what: string, error: unknown) => void;
  /** Pause between two looks for evaluations; half a second where it is not set. */
  readonly pollMs?: number;
  /** How long an evaluation outlives the last sign of who runs it. */
  readonly leaseMs?: number;
}

const POLL_MS = 500;
const LEASE_MS = 15_000;
const AT_ONCE = 4;
/** Begun so often, it is given up. */
const MAX_RUNS = 20;
/** How long one that failed of a surprise waits for its next run. */
const AGAIN_MS = 3_000;
const SWEEP_MS = 3_600_000;
/** How long the results of evaluations are kept. */
export const EVALUATIONS_KEPT_MS = 90 * 24 * 3_600_000;

export class EvaluationRunner {
  readonly #options: EvaluationRunnerOptions;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();
  #sweptAt = 0;

  constructor(options: EvaluationRunnerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer === undefined && !this.#stopping.signal.aborted) this.#schedule(0);
  }

  /** Takes no more, and leaves what is under way to others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all(this.#running);
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        const { pollMs = POLL_MS } = this.#options;
        if (!this.#stopping.signal.aborted) this.#schedule(pollMs);
      });
    }, ms);
  }

  async #look(): Promise<void> {
    const { store, name, leaseMs = LEASE_MS, onFault } = this.#options;
    try {
      const now = Date.now();
      if (now - this.#sweptAt > SWEEP_MS) {
        this.#sweptAt = now;
        await store.sweep(now - EVALUATIONS_KEPT_MS);
      }
      while (this.#running.size < AT_ONCE && !this.#stopping.signal.aborted) {
        const evaluation = await store.claim(name, Date.now(), leaseMs);
        if (!evaluation) return;
        const run = this.#run(evaluation).finally(() => this.#running.delete(run));
        this.#running.add(run);
      }
    } catch (error) {
      onFault?.("could not look for evaluations", error);
    }
  }

  async #run(evaluation: Evaluation): Promise<void> {
    const { store, name, onFault } = this.#options;
    const hold = new Hold(this.#options, evaluation, this.#stopping.signal);
    try {
      const end = await this.#end(evaluation, hold);
      await store.finish(evaluation.id, name, Date.now(), end);
    } catch (error) {
      if (!(error instanceof Stopped)) onFault?.("an evaluation failed", error);
      const wait = error instanceof Stopped ? 0 : AGAIN_MS;
      // If this fails too, its lease ends by itself.
      await hold.letGo(wait).catch(() => {});
    } finally {
      hold.end();
    }
  }

  async #end(
    evaluation: Evaluation,
    hold: Hold,
  ): Promise<{ result: EvaluationResult } | { error: JobError }> {
    const { store } = this.#options;
    if (evaluation.runs > MAX_RUNS) {
      const message = `it was begun ${MAX_RUNS} times and never ended`;
      return { error: { code: "gave_up", message } };
    }
    const [table, resolved] = await Promise.all([
      store.table(evaluation.id),
      this.#resolve(evaluation),
    ]);
    if (!table) throw new Stopped();
    if (!resolved) {
      const message = `the model has no version ${evaluation.version} any more`;
      return { error: { code: "version_not_found", message } };
    }
    try {
      return { result: await this.#result(evaluation, table, resolved, hold) };
    } catch (error) {
      if (error instanceof Unsound) return { error: error.error };
      throw error;
    }
  }

  async #resolve({ modelTag, version }: Evaluation): Promise<Resolved | undefined> {
    const { catalog } = this.#options;
    const resolve = () => {
      const model = catalog.modelByTag(modelTag);
      return model && catalog.resolve(model.name, version);
    };
    const known = resolve();
    if (known) return known;
    await catalog.refresh();
    return resolve();
  }

  async #result(
    evaluation: Evaluation,
    table: EvaluationTable,
    resolved: Resolved,
    hold: Hold,
  ): Promise<EvaluationResult> {
    const { jobs, catalog } = this.#options;
    const { signal } = hold;
    const context: RowsToPredict = {
      ...{ jobs, evaluation, table, signal },
      cancels: () => hold.isDeleted,
      done: (rows) => void (hold.rowsDone += rows),
    };
    const { predictions, failures } = isConsensus(resolved.version)
      ? await predictConsensus({ ...context, catalog }, resolved)
      : await predictRows(context, resolved);
    const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
    const report = await reportOn(table.measured, predictions, pause);
    const all = [...table.refused, ...failures].sort((a, b) => a.row - b.row);
    return { predictions, report, failed: all.length, failures: all.slice(0, MAX_FAILURES) };
  }
}

/** The hold on one evaluation: renewed until it ends, is lost, or the runner stops. */
class Hold {
  readonly #options: EvaluationRunnerOptions;
  readonly #evaluation: Evaluation;
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly signal: AbortSignal;
  rowsDone: number;
  /** True once someone has deleted it: nobody will take it up. */
  isDeleted = false;

  constructor(options: EvaluationRunnerOptions, evaluation: Evaluation, stopping: AbortSignal) {
    this.#options = options;
    this.#evaluation = evaluation;
    this.signal = AbortSignal.any([stopping, this.#stop.signal]);
    this.rowsDone = 0;
    const { leaseMs = LEASE_MS } = options;
    this.#timer = setInterval(() => void this.#renew(), Math.min(1000, leaseMs / 3));
  }

  async #renew(): Promise<void> {
    const { store, name, leaseMs = LEASE_MS } = this.#options;
    const { id } = this.#evaluation;
    try {
      if (await store.renew(id, name, this.rowsDone, Date.now() + leaseMs)) return;
      this.isDeleted = await store.get(id) === undefined;
      this.#stop.abort();
    } catch {
      // The database is away: whoever takes it up meanwhile only joins the same jobs.
    }
  }

  /** Lets others have it, after a while. */
  async letGo(waitMs: number): Promise<void> {
    const { store, name } = this.#options;
    await store.renew(this.#evaluation.id, name, this.rowsDone, Date.now() + waitMs);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
