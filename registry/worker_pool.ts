/**
 * How the workers of one model, or of a group of models, are run on Kubernetes: a document of the
 * kind `pool`. A model that is in none has workers of its own under the installation's defaults.
 *
 * @module
 */
import type { Document } from "./document.ts";

/**
 * How workers go away. `steady`: all at once, when nothing waits or runs. `graceful`: one by one,
 * each after it has finished what it runs. `job`: each ends with its job.
 */
export const SCALINGS = ["steady", "graceful", "job"] as const;

export type Scaling = typeof SCALINGS[number];

/** Lets pods on nodes that keep others off. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: "Exists" | "Equal";
  readonly value?: string;
  readonly effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** A Kubernetes secret, as environment variables or as files. */
export interface PoolSecret {
  readonly name: string;
  /** Where its keys are files; they are environment variables where it is not set. */
  readonly mountPath?: string;
}

/** A persistent volume claim of the namespace. */
export interface PoolVolume {
  readonly claim: string;
  readonly mountPath: string;
  /** True where it is not set. */
  readonly readOnly?: boolean;
}

/** What one worker takes of a machine, over all jobs that it runs at once. */
export interface PoolResources {
  readonly cpu?: number;
  /** As Kubernetes writes it, such as `16Gi`. */
  readonly memory?: string;
  readonly gpu?: number;
  /** The resource that `gpu` counts; `nvidia.com/gpu` where it is not set. */
  readonly gpuResource?: string;
}

export interface WorkerPool {
  /** Names of models; one that is not there (yet) does no harm. */
  readonly models: readonly string[];
  readonly scaling?: Scaling;
  /** Jobs that one worker runs at once. */
  readonly concurrency?: number;
  readonly minWorkers?: number;
  readonly maxWorkers?: number;
  /** How long workers stay after the last job. */
  readonly cooldownSeconds?: number;
  /** How long a worker that is to go may finish what it runs. */
  readonly graceSeconds?: number;
  /** Nothing is scaled while it is true. */
  readonly paused?: boolean;
  readonly image?: string;
  /** Programs in the image that `command` backends may run: name to path. */
  readonly commands?: Readonly<Record<string, string>>;
  readonly resources?: PoolResources;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly secrets?: readonly PoolSecret[];
  readonly volumes?: readonly PoolVolume[];
  readonly priorityClass?: string;
  readonly runtimeClass?: string;
}

/** A pool and its name. */
export interface NamedPool {
  readonly name: string;
  readonly pool: WorkerPool;
}

/** Answers all pools, by name. */
export function poolsOf(
  catalog: { documents(kind: "pool"): ReadonlyMap<string, Document> },
): NamedPool[] {
  return [...catalog.documents("pool").values()]
    .map(({ name, value }) => ({ name, pool: value as WorkerPool }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Answers the pool that a model is in; of several, the first by name. */
export function poolWith(pools: readonly NamedPool[], model: string): NamedPool | undefined {
  const key = model.toLowerCase();
  return pools.find(({ pool }) => pool.models.some((name) => name.toLowerCase() === key));
}
