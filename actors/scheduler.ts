/**
 * A scheduler: says that it lives, keeps a supervisor for each model that is placed on it, and runs
 * the jobs of consensus models.
 *
 * @module
 */
import type { Catalog } from "../registry/catalog.ts";
import { effectiveSettings, type Model } from "../registry/model.ts";
import type { Registry } from "../registry/registry.ts";
import type { StoredRoute } from "../registry/route.ts";
import { ConsensusExecutor } from "./consensus/consensus_executor.ts";
import { isConsensusModel } from "./consensus/consensus_model.ts";
import type { JobQueue } from "./job_queue.ts";
import { placeOn } from "./placement.ts";
import { isWatched, RouteWatch, type RouteWatchMessage } from "./routing/route_watch.ts";
import { RoundPace } from "./round_pace.ts";
import { Supervisor, type SupervisorMessage, type SupervisorOptions } from "./supervisor.ts";
import { ActorSystem } from "./system.ts";
import type { Tracing } from "./tracing.ts";
import { Worker, type WorkerEvent } from "./worker.ts";

export interface SchedulerOptions
  extends Pick<SupervisorOptions, "sender" | "onRound" | "onFault"> {
  readonly queue: JobQueue;
  readonly catalog: Catalog;
  /** Unique among schedulers. */
  readonly name: string;
  /** How long the lease of a consensus job lasts without a heartbeat. */
  readonly leaseMs: number;
  /** Consensus jobs under way at once; {@link CONSENSUS_IN_FLIGHT} where it is not set. */
  readonly consensusInFlight?: number;
  /** Hears of every attempt of a consensus job. */
  readonly onConsensus?: (event: WorkerEvent) => void;
  readonly tracing?: Tracing;
  /** Where the steps of canaries are written; routes are not looked after where it is not set. */
  readonly registry?: Pick<Registry, "setDocument">;
}

/** They hold memory, not processors: their children do the work. */
export const CONSENSUS_IN_FLIGHT = 10_000;
/** A cancelled consensus is to have cancelled its children within a second. */
const CONSENSUS_HEARTBEAT_MS = 400;
/** How long a stopping scheduler waits for consensus jobs that are about to end. */
const CONSENSUS_DRAIN_MS = 500;

/** How long a scheduler, or its hold on a queue, outlives its last sign of life. */
const LEASE_MS = 3000;
const JOIN_MS = 700;
const SWEEP_QUOTAS_MS = 10_000;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #system: ActorSystem;
  readonly #supervised = new Map<number, string>();
  readonly #pace = new RoundPace();
  /** Actors that look after routes, by the model's tag. */
  readonly #routes = new Map<number, string>();
  readonly #consensus: Worker;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #members: readonly string[] = [];
  #nextSweep = 0;
  #stopped = false;
  #round: Promise<void> = Promise.resolve();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#system = new ActorSystem({
      mailboxCapacity: 16,
      onFailure: (name, error) => options.onFault?.(`${name} failed`, error),
    });
    this.#consensus = consensusWorker(options);
  }

  /** Consensus jobs under way here. */
  get consensusRunning(): number {
    return this.#consensus.running;
  }

  /** Tags of the queues that this scheduler looks after, or tries to. */
  get supervised(): readonly number[] {
    return [...this.#supervised.keys()];
  }

  /** Whether this is the one that does what only one is to do. */
  get isFirst(): boolean {
    return !this.#stopped && this.#members[0] === this.#options.name;
  }

  get members(): readonly string[] {
    return this.#members;
  }

  async start(): Promise<void> {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => {}, 0);
    this.#round = this.#join();
    await this.#round;
    this.#consensus.start();
  }

  /** Hands everything over at once. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearTimeout(this.#timer);
    // Handed back, their children go on and are joined by the next one that has them.
    await this.#consensus.drain(CONSENSUS_DRAIN_MS);
    await this.#round;
    clearTimeout(this.#timer);
    await this.#system.stopAll();
    try {
      await this.#options.queue.leave(this.#options.name);
    } catch (error) {
      this.#options.onFault?.("could not leave", error);
    }
  }

  async #join(): Promise<void> {
    try {
      this.#members = await this.#options.queue.join(this.#options.name, LEASE_MS);
      this.#place();
      await this.#sweepQuotas();
    } catch (error) {
      this.#options.onFault?.("could not join", error);
    }
    if (!this.#stopped) {
      this.#timer = setTimeout(() => {
        this.#round = this.#join();
      }, JOIN_MS);
    }
  }

  /** The first of the schedulers looks after what is held for jobs that never came to be. */
  async #sweepQuotas(): Promise<void> {
    const now = performance.now();
    if (!this.isFirst || now < this.#nextSweep) return;
    this.#nextSweep = now + SWEEP_QUOTAS_MS;
    await this.#options.queue.ledger.sweepQuotas();
  }

  #place(): void {
    if (this.#stopped) return;
    const mine = new Set<number>();
    for (const { tag } of this.#options.catalog.models()) {
      if (placeOn(tag, this.#members) === this.#options.name) mine.add(tag);
    }
    for (const [tag, name] of this.#supervised) {
      if (mine.has(tag)) continue;
      this.#supervised.delete(tag);
      void this.#system.stop(name);
    }
    for (const tag of mine) {
      if (this.#supervised.has(tag)) continue;
      // A number of its own: the one before may still be stopping.
      const name = `supervisor-${tag}-${crypto.randomUUID().slice(0, 8)}`;
      this.#supervised.set(tag, name);
      this.#system.spawn<SupervisorMessage>(name, (self) => this.#supervisor(tag, self));
    }
    this.#watchRoutes();
  }

  /** One actor for each route that has something to look after, beside the model's supervisor. */
  #watchRoutes(): void {
    const { catalog, queue: jobs, registry, onFault } = this.#options;
    if (!registry) return;
    const watched = new Map<number, string>();
    for (const { name, value } of catalog.documents("route").values()) {
      const tag = catalog.model(name)?.tag;
      if (tag === undefined || !this.#supervised.has(tag)) continue;
      if (isWatched(value as StoredRoute)) watched.set(tag, name);
    }
    for (const [tag, name] of this.#routes) {
      if (watched.has(tag)) continue;
      this.#routes.delete(tag);
      void this.#system.stop(name);
    }
    for (const [tag, model] of watched) {
      if (this.#routes.has(tag)) continue;
      const name = `route-${tag}-${crypto.randomUUID().slice(0, 8)}`;
      this.#routes.set(tag, name);
      this.#system.spawn<RouteWatchMessage>(
        name,
        (self) =>
          new RouteWatch(
            { jobs, catalog, registry, model, tag, ...(onFault && { onFault }) },
            self,
          ),
      );
    }
  }

  #supervisor(tag: number, self: ConstructorParameters<typeof Supervisor>[1]): Supervisor {
    const { queue, sender, onRound, onFault, name } = this.#options;
    return new Supervisor({
      queue,
      sender,
      tag,
      scheduler: name,
      leaseMs: LEASE_MS,
      pace: this.#pace,
      ...(onRound ? { onRound } : {}),
      ...(onFault ? { onFault } : {}),
    }, self);
  }
}

/** Claims the jobs of consensus models, keeps their leases and settles them. */
function consensusWorker(options: SchedulerOptions): Worker {
  const { queue, catalog, name, leaseMs, onFault, onConsensus } = options;
  const inFlight = options.consensusInFlight ?? CONSENSUS_IN_FLIGHT;
  return new Worker({
    queue,
    catalog,
    backends: new Map(),
    name,
    leaseMs,
    serves: (model) => isConsensusModel(catalog, model.name),
    concurrency: inFlight,
    heartbeatMs: CONSENSUS_HEARTBEAT_MS,
    settingsOf: (model) => consensusSettings(model, inFlight),
    runner: new ConsensusExecutor({
      jobs: queue,
      catalog,
      ...(onFault ? { onFault } : {}),
      ...(options.tracing ? { tracing: options.tracing } : {}),
    }),
    ...(onConsensus ? { onEvent: onConsensus } : {}),
  });
}

/** A consensus waits rather than works: without a setting of its own it is not held to a few. */
function consensusSettings(model: Model, inFlight: number) {
  const concurrency = model.settings.concurrency ?? inFlight;
  return { ...effectiveSettings(model), concurrency, maxBatchSize: 1, maxBatchDelayMs: 0 };
}
