/**
 * KEDA and its HPA at work on one ScaledObject: they poll a real Redis and start and stop real
 * workers. Time may be shortened: what the manifest calls a second lasts `secondMs`.
 *
 * Source: kedacore/keda v2.20.2, pkg/scaling/executor/scale_scaledobjects.go; see keda_metric.ts and
 * hpa.ts.
 *
 * @module
 */
import type { RedisNode } from "../services/redis.ts";
import type { Fleet } from "./fleet.ts";
import { Hpa } from "./hpa.ts";
import { poll, type ScaledObjectSpec } from "./keda_metric.ts";

/** How often an HPA looks, in its own seconds. */
const SYNC_SECONDS = 15;

/** What a scaler has done so far. */
export interface Scaling {
  /** Workers as they changed, the first 0, and when. */
  readonly history: readonly { readonly replicas: number; readonly at: number }[];
  readonly replicas: readonly number[];
  readonly most: number;
  /** What polls ended in that scaled nothing. */
  readonly errors: readonly string[];
}

export interface AutoscalerOptions {
  readonly spec: ScaledObjectSpec;
  readonly redis: RedisNode;
  readonly fleet: Pick<Fleet, "replicas" | "scale">;
  readonly secondMs: number;
}

export class Autoscaler implements Scaling, AsyncDisposable {
  readonly #options: AutoscalerOptions;
  readonly #hpa: Hpa;
  readonly #loops: Promise<void>[];
  readonly #began = performance.now();
  #stopped = false;
  #lastActive: number | undefined;
  #now = 0;
  /** Replicas as they changed, the first 0, and when. */
  readonly history: { readonly replicas: number; readonly at: number }[] = [{
    replicas: 0,
    at: Date.now(),
  }];
  /** What polls ended in that scaled nothing. */
  readonly errors: string[] = [];

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#hpa = new Hpa(options.spec);
    this.#loops = [
      this.#every(options.spec.pollingInterval, () => this.#execute()),
      this.#every(SYNC_SECONDS, () => this.#sync()),
    ];
  }

  get most(): number {
    return Math.max(...this.replicas);
  }

  get replicas(): number[] {
    return this.history.map(({ replicas }) => replicas);
  }

  async #every(seconds: number, step: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      this.#now = (performance.now() - this.#began) / this.#options.secondMs;
      await step();
      await new Promise((resolve) => setTimeout(resolve, seconds * this.#options.secondMs));
    }
  }

  /** KEDA's own loop: from zero, and to zero. */
  async #execute(): Promise<void> {
    const { spec, redis, fleet } = this.#options;
    const seen = await poll(spec, redis);
    if (seen.kind === "error") return void this.errors.push(String(seen.error));
    if (seen.active) {
      this.#lastActive = this.#now;
      if (fleet.replicas === 0) this.#scale(Math.max(1, spec.minReplicaCount));
      return;
    }
    if (fleet.replicas < spec.minReplicaCount) return this.#scale(spec.minReplicaCount);
    const since = this.#lastActive === undefined ? Infinity : this.#now - this.#lastActive;
    const mayGo = fleet.replicas > 0 && spec.minReplicaCount === 0;
    if (mayGo && since > spec.cooldownPeriod) this.#scale(0);
  }

  /** The HPA's loop: between one and many. */
  async #sync(): Promise<void> {
    const { spec, redis, fleet } = this.#options;
    if (fleet.replicas === 0) return;
    const seen = await poll(spec, redis);
    if (seen.kind === "value") this.#scale(this.#hpa.next(fleet.replicas, seen.value, this.#now));
  }

  #scale(replicas: number): void {
    if (replicas === this.#options.fleet.replicas || this.#stopped) return;
    this.history.push({ replicas, at: Date.now() });
    this.#options.fleet.scale(replicas);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }
}
