/**
 * KEDA at work on one ScaledJob: it makes Jobs, which end by themselves.
 *
 * Source: kedacore/keda v2.20.2, pkg/scaling/executor/scale_jobs.go (strategy `default`) and
 * pkg/scaling/scaledjob/metrics.go (`multipleScalersCalculation: sum`).
 *
 * @module
 */
import type { Manifest } from "../../kube/manifest.ts";
import type { RedisNode } from "../services/redis.ts";
import type { Scaling } from "./autoscaler.ts";
import type { Fleet } from "./fleet.ts";
import { metric } from "./keda_metric.ts";

interface ScaledJobSpec {
  readonly pollingInterval: number;
  readonly maxReplicaCount: number;
  readonly scalingStrategy: {
    readonly strategy: string;
    readonly multipleScalersCalculation: string;
  };
  readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[];
}

export function jobSpecOf(manifest: Manifest): ScaledJobSpec {
  return manifest.spec as ScaledJobSpec;
}

export interface JobScalerOptions {
  readonly spec: ScaledJobSpec;
  readonly redis: RedisNode;
  readonly fleet: Pick<Fleet, "runOne">;
  readonly secondMs: number;
}

export class JobScaler implements Scaling, AsyncDisposable {
  readonly #options: JobScalerOptions;
  readonly #loop: Promise<void>;
  #running = 0;
  #stopped = false;
  readonly history: { replicas: number; at: number }[] = [{ replicas: 0, at: Date.now() }];
  readonly errors: string[] = [];

  constructor(options: JobScalerOptions) {
    const { strategy, multipleScalersCalculation } = options.spec.scalingStrategy;
    if (strategy !== "default" || multipleScalersCalculation !== "sum") {
      throw new Error("another strategy than is simulated");
    }
    this.#options = options;
    this.#loop = this.#run();
  }

  get replicas(): number[] {
    return this.history.map(({ replicas }) => replicas);
  }

  get most(): number {
    return Math.max(...this.replicas);
  }

  async #run(): Promise<void> {
    const { spec, secondMs } = this.#options;
    while (!this.#stopped) {
      try {
        await this.#poll();
      } catch (error) {
        this.errors.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, spec.pollingInterval * secondMs));
    }
  }

  async #poll(): Promise<void> {
    const { spec, redis } = this.#options;
    let scale = 0;
    for (const { metadata } of spec.triggers) {
      const target = Number(metadata.lagCount ?? metadata.pendingEntriesCount);
      scale += Math.ceil(Math.max(0, await metric(metadata, redis)) / target);
    }
    const wanted = Math.min(scale - this.#running, spec.maxReplicaCount - this.#running);
    for (let i = 0; i < wanted; i++) void this.#job();
  }

  async #job(): Promise<void> {
    this.#change(1);
    await this.#options.fleet.runOne();
    this.#change(-1);
  }

  #change(by: number): void {
    this.#running += by;
    this.history.push({ replicas: this.#running, at: Date.now() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }
}
