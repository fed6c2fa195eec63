/**
 * A worker: claims jobs of the models it serves, runs them, settles them. One claim loop per model;
 * one heartbeat and one watch over time limits for all attempts together.
 *
 * @module
 */
import type { Catalog } from "../registry/catalog.ts";
import { effectiveSettings, type JobSettings, type Model } from "../registry/model.ts";
import { Attempt } from "./attempt.ts";
import type { Backend } from "./backend.ts";
import { type ClaimHost, ClaimLoop } from "./claim_loop.ts";
import {
  type AttemptReports,
  type AttemptRunner,
  DEFAULT_EXECUTOR_OPTIONS,
  type Executed,
  Executor,
} from "./executor.ts";
import type { JobProgress } from "./job.ts";
import {
  type Claim,
  type ClaimRoom,
  type Ending,
  type JobDelivery,
  QueueUnavailable,
} from "./job_queue.ts";
import { Places } from "./places.ts";
import { decide } from "./retry.ts";
import { cacheKey, type ResultCache } from "./result_cache.ts";
import { SHADOW_SUBMITTER } from "./routing/shadow_copy.ts";
import type { Tracing } from "./tracing.ts";

/** What happened in a worker, for logs and metrics. */
export type WorkerEvent =
  | {
    readonly kind: "attempt";
    readonly claim: Claim;
    readonly outcome: Executed["kind"] | "discarded";
    readonly runMs: number;
  }
  | {
    readonly kind: "surprise";
    readonly claim?: Claim;
    readonly what: string;
    readonly error?: unknown;
  };

export interface WorkerOptions {
  readonly queue: JobDelivery;
  readonly catalog: Catalog;
  readonly backends: ReadonlyMap<string, Backend>;
  /** Names this process in job records. */
  readonly name: string;
  /** Which models to serve. */
  readonly serves: (model: Model) => boolean;
  readonly leaseMs: number;
  /** Most jobs to run at once over all models. */
  readonly concurrency: number;
  readonly onEvent?: (event: WorkerEvent) => void;
  readonly tracing?: Tracing;
  /** Keeps results for equal inputs; none are where it is not set. */
  readonly cache?: Pick<ResultCache, "keep">;
  /** What runs the attempts; an executor over the backends where it is not set. */
  readonly runner?: AttemptRunner;
  /** The settings that a model's jobs run under here; its own where it is not set. */
  readonly settingsOf?: (model: Model) => JobSettings;
  /** How often running attempts are looked at; {@link HEARTBEAT_MS} where it is not set. */
  readonly heartbeatMs?: number;
}

/** How often a running attempt is looked at: a cancel is seen within a second. */
const HEARTBEAT_MS = 700;
const WATCH_MS = 50;
/** How long stopped work may take to end before it is given up on. */
const STOP_GRACE_MS = 5000;
const PROGRESS_MS = 250;

export class Worker implements AttemptReports, ClaimHost {
  readonly places: Places;
  readonly #options: WorkerOptions;
  readonly #runner: AttemptRunner;
  readonly #loops = new Map<number, ClaimLoop>();
  readonly #attempts = new Set<Attempt>();
  readonly #progress = new Map<Attempt, { at: number; next?: JobProgress }>();
  readonly #freed = new Set<() => void>();
  #timers: ReturnType<typeof setInterval>[] = [];
  #unsubscribe: () => void = () => {};
  #heartbeating = false;
  #draining = false;
  /** When something began or ended last. */
  #busyAt = performance.now();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.places = new Places(options.concurrency);
    this.#runner = options.runner ?? new Executor(options.catalog, options.backends, this, {
      ...DEFAULT_EXECUTOR_OPTIONS,
      ...(options.tracing && { tracing: options.tracing }),
    });
  }

  /** Jobs running now. */
  get running(): number {
    return this.#attempts.size;
  }

  /** How long it has had nothing to do. */
  get idleMs(): number {
    return this.#attempts.size > 0 ? 0 : performance.now() - this.#busyAt;
  }

  start(): void {
    if (this.#timers.length > 0) return;
    const { heartbeatMs = HEARTBEAT_MS, leaseMs } = this.#options;
    const heartbeat = Math.min(heartbeatMs, leaseMs / 3);
    this.#timers = [
      setInterval(() => void this.#heartbeat(), heartbeat),
      setInterval(() => this.#watch(), WATCH_MS),
    ];
    this.#unsubscribe = this.#options.catalog.onChange(() => this.#follow());
    this.#follow();
  }

  /** Takes no more; finishes until `deadlineMs` have passed, then hands back what is left. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    this.#unsubscribe();
    const loops = [...this.#loops.values()];
    for (const loop of loops) loop.stop();
    await Promise.all(loops.map((loop) => loop.ended));
    const deadline = performance.now() + deadlineMs;
    while (this.#attempts.size > 0 && performance.now() < deadline) {
      await this.freed(Math.min(100, deadline - performance.now()));
    }
    for (const attempt of this.#attempts) attempt.stop("draining", performance.now());
    while (this.#attempts.size > 0) await this.freed(100);
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** One claim loop per model served, with the settings of now. */
  #follow(): void {
    if (this.#draining) return;
    const served = new Set<number>();
    for (const model of this.#options.catalog.models()) {
      if (!this.#options.serves(model)) continue;
      served.add(model.tag);
      const loop = this.#loops.get(model.tag);
      if (loop) loop.settings = this.settingsOf(model);
      else this.#loops.set(model.tag, new ClaimLoop(this, model));
    }
    for (const [tag, loop] of this.#loops) {
      if (!served.has(tag)) {
        loop.stop();
        this.#loops.delete(tag);
      }
    }
  }

  // ClaimHost

  settingsOf(model: Model): JobSettings {
    return this.#options.settingsOf?.(model) ?? effectiveSettings(model);
  }

  get sharers(): number {
    return this.#loops.size;
  }

  claim(tag: number, room: ClaimRoom, waitMs: number, signal: AbortSignal): Promise<Claim[]> {
    return this.#options.queue.claim(tag, this.#options.name, room, waitMs, signal);
  }

  /** Resolves when an attempt has ended, or after `withinMs`. */
  freed(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#freed.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, withinMs));
      this.#freed.add(done);
    });
  }

  fault(what: string, error: unknown): void {
    this.#options.onEvent?.({ kind: "surprise", what, error });
  }

  /** Runs claimed jobs, each by itself or in batches of one version; calls `ended` for each. */
  run(claims: readonly Claim[], settings: JobSettings, ended: () => void): void {
    const now = this.#busyAt = performance.now();
    const attempts = claims.map((claim) => new Attempt(claim, now));
    for (const attempt of attempts) this.#attempts.add(attempt);
    if (settings.maxBatchSize <= 1) {
      for (const attempt of attempts) {
        void this.#runner.run(attempt).then((executed) => this.#conclude(attempt, executed, ended));
      }
      return;
    }
    const batches: Attempt[][] = [];
    for (const same of Map.groupBy(attempts, (attempt) => attempt.claim.version).values()) {
      for (let i = 0; i < same.length; i += settings.maxBatchSize) {
        batches.push(same.slice(i, i + settings.maxBatchSize));
      }
    }
    for (const batch of batches) {
      void this.#runner.runBatch(batch).then((executed) =>
        batch.forEach((attempt, i) => void this.#conclude(attempt, executed[i]!, ended))
      );
    }
  }

  async #conclude(attempt: Attempt, executed: Executed, ended: () => void): Promise<void> {
    const { claim } = attempt;
    let outcome: Executed["kind"] | "discarded" = executed.kind;
    try {
      await this.#flushProgress(attempt);
      if (executed.kind === "draining") await this.#options.queue.handBack(claim.lease);
      else if (executed.kind !== "lost") {
        const ending = endingOf(claim, decide(executed, claim.attempt, claim.limits));
        if (await this.#settle(attempt, ending) === "lost") outcome = "discarded";
        else if (ending.state === "completed") this.#keepResult(claim, ending.result);
      }
    } catch (error) {
      // Not settled: the lease runs out, and the job is run again.
      this.#options.onEvent?.({ kind: "surprise", claim, what: "could not settle", error });
    } finally {
      this.#attempts.delete(attempt);
      this.#busyAt = performance.now();
      ended();
      this.places.give(1);
      for (const done of [...this.#freed]) done();
      this.#options.onEvent?.({
        kind: "attempt",
        claim,
        outcome,
        runMs: performance.now() - attempt.startedAt,
      });
    }
  }

  /** Nobody waits for it: a result that is not kept is computed again. */
  #keepResult(claim: Claim, result: string): void {
    const { cache, catalog, onEvent } = this.#options;
    const resolved = cache && catalog.resolve(claim.model, claim.version);
    if (!resolved?.version.cache) return;
    const { model, version } = resolved;
    const key = cacheKey(model.tag, version, JSON.parse(claim.input));
    const kept = cache!.keep(key, claim.lease.jobId, result, version.cache!.ttlSeconds);
    kept.catch((error) =>
      onEvent?.({ kind: "surprise", claim, what: "could not keep a result", error })
    );
  }

  /** Tries while the lease may still be held: a store that fails over is back by then. */
  async #settle(attempt: Attempt, ending: ReturnType<typeof decide>): Promise<"recorded" | "lost"> {
    for (;;) {
      try {
        return await this.#options.queue.settle(attempt.claim.lease, ending);
      } catch (error) {
        const gone = performance.now() > attempt.renewedAt + this.#options.leaseMs;
        if (!(error instanceof QueueUnavailable) || gone) throw error;
        await this.freed(200);
      }
    }
  }

  async #heartbeat(): Promise<void> {
    if (this.#heartbeating || this.#attempts.size === 0) return;
    this.#heartbeating = true;
    const attempts = [...this.#attempts];
    const asked = performance.now();
    try {
      const states = await this.#options.queue.heartbeat(attempts.map((each) => each.claim.lease));
      states.forEach((state, i) => {
        const attempt = attempts[i]!;
        if (state === "lost") attempt.stop("lost", performance.now());
        else attempt.renewedAt = asked;
        if (state === "cancel") attempt.stop("cancelled", performance.now());
      });
    } catch (error) {
      this.fault("heartbeat failed", error);
    } finally {
      this.#heartbeating = false;
    }
  }

  #watch(): void {
    const now = performance.now();
    for (const attempt of this.#attempts) {
      if (now > attempt.deadline) attempt.stop("timeout", now);
      // Not renewed for a whole lease: whatever the reason, someone else may have the job.
      if (now > attempt.renewedAt + this.#options.leaseMs) attempt.stop("lost", now);
      if (attempt.abandonAfter(STOP_GRACE_MS, now)) {
        this.surprise(attempt, "the backend did not stop when asked to, and is left to itself");
      }
    }
    for (const [attempt, pending] of this.#progress) {
      if (pending.next && now - pending.at >= PROGRESS_MS) {
        void this.#sendProgress(attempt, pending);
      }
    }
  }

  // AttemptReports

  progress(attempt: Attempt, progress: JobProgress): void {
    let pending = this.#progress.get(attempt);
    if (!pending) this.#progress.set(attempt, pending = { at: -Infinity });
    pending.next = progress;
    if (performance.now() - pending.at >= PROGRESS_MS) void this.#sendProgress(attempt, pending);
  }

  async #sendProgress(
    attempt: Attempt,
    pending: { at: number; next?: JobProgress },
  ): Promise<void> {
    const progress = pending.next!;
    delete pending.next;
    pending.at = performance.now();
    try {
      await this.#options.queue.progress(attempt.claim.lease, progress);
    } catch (error) {
      this.surprise(attempt, "could not tell of progress", error);
    }
  }

  async #flushProgress(attempt: Attempt): Promise<void> {
    const pending = this.#progress.get(attempt);
    if (!pending) return;
    this.#progress.delete(attempt);
    if (pending.next) await this.#sendProgress(attempt, pending);
  }

  log(attempt: Attempt, line: string): void {
    this.#options.queue.log(attempt.claim.lease, line.slice(0, 4096)).catch((error) =>
      this.surprise(attempt, "could not log a line", error)
    );
  }

  surprise(attempt: Attempt, what: string, error?: unknown): void {
    this.#options.onEvent?.({
      kind: "surprise",
      claim: attempt.claim,
      what,
      ...(error === undefined ? {} : { error }),
    });
  }
}

/** Nobody waits for a shadow copy: a failed one is no dead letter. */
function endingOf({ submitter }: Claim, ending: Ending): Ending {
  if (ending.state !== "failed" || submitter !== SHADOW_SUBMITTER) return ending;
  return { ...ending, deadLetter: false };
}
