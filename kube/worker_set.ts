/**
 * Which workers there are to be: one set per model, or per pool of models, with what each of its
 * workers takes of a machine.
 *
 * @module
 */
import { isConsensus } from "../actors/consensus/consensus_model.ts";
import type { Catalog } from "../registry/catalog.ts";
import { effectiveSettings, type Model, type Resources } from "../registry/model.ts";
import { type Policy, policyOf, withinPolicy } from "../registry/policy.ts";
import {
  type NamedPool,
  type PoolResources,
  poolsOf,
  poolWith,
  type WorkerPool,
} from "../registry/worker_pool.ts";
import { modelWorkersName, poolWorkersName } from "./object_name.ts";
import { bytesOf } from "./quantity.ts";

/** What rendering reads of the registry. */
export type Models = Pick<Catalog, "models" | "versions" | "document" | "documents">;

/** A model as its workers see it. */
export interface ServedModel {
  readonly name: string;
  readonly tag: number;
  /** Jobs of it that one worker runs at once. */
  readonly concurrency: number;
}

/** What one worker takes. */
export interface WorkerResources {
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly gpu: number;
  readonly gpuResource: string;
}

/** Workers that are alike. */
export interface WorkerSet {
  /** Of all its objects. */
  readonly name: string;
  /** By name, at least one. */
  readonly models: readonly ServedModel[];
  /** Jobs that one worker runs at once, over all models. */
  readonly concurrency: number;
  readonly resources: WorkerResources;
  /** How long a worker may take to finish what it runs. */
  readonly graceSeconds: number;
  /** What was set for it; nothing for a model of its own. */
  readonly pool: Omit<WorkerPool, "models">;
}

/** What the program itself needs before it runs anything. */
const BASE_CPU = 0.1;
const BASE_MEMORY = 256 * 2 ** 20;
/** Beside the longest attempt: to claim no more, settle and leave. */
const GRACE_MARGIN_SECONDS = 30;
const GPU_RESOURCE = "nvidia.com/gpu";

/** Answers the sets of workers, by name. A consensus has none: schedulers run it. */
export function workerSets(release: string, models: Models): WorkerSet[] {
  const pools = poolsOf(models);
  const policy = policyOf(models);
  const alone: WorkerSet[] = [];
  const pooled = new Map<NamedPool, Model[]>();
  for (const model of models.models()) {
    // All versions of a model are a consensus, or none is.
    const [version] = models.versions(model.name);
    if (!version || isConsensus(version)) continue;
    const pool = poolWith(pools, model.name);
    if (pool) pooled.set(pool, [...pooled.get(pool) ?? [], model]);
    else {
      const name = modelWorkersName(release, model.name, model.tag);
      alone.push(setOf(name, [model], { models: [] }, models, policy));
    }
  }
  const grouped = [...pooled].map(([{ name, pool }, members]) =>
    setOf(poolWorkersName(release, name), members, pool, models, policy)
  );
  return [...alone, ...grouped].sort((a, b) => a.name < b.name ? -1 : 1);
}

function setOf(
  name: string,
  members: readonly Model[],
  { models: _, ...pool }: WorkerPool,
  catalog: Models,
  policy: Policy | undefined,
): WorkerSet {
  const settings = members.map((model) => {
    const own = effectiveSettings(model);
    return policy ? withinPolicy(policy, own) : own;
  });
  const attempt = largest(members.flatMap(({ name }) => catalog.versions(name)));
  const most = Math.max(...settings.map(({ concurrency }) => concurrency));
  const concurrency = pool.concurrency ?? placesFor(attempt.gpu ?? 0, most, pool.scaling === "job");
  const longest = Math.max(...settings.map(({ runTimeoutSeconds }) => runTimeoutSeconds));
  return {
    name,
    models: members.map((model, i) => ({
      name: model.name,
      tag: model.tag,
      concurrency: Math.min(concurrency, settings[i]!.concurrency),
    })).sort((a, b) => a.name < b.name ? -1 : 1),
    concurrency,
    resources: resourcesOf(attempt, concurrency, pool.resources),
    graceSeconds: pool.graceSeconds ?? Math.ceil(longest) + GRACE_MARGIN_SECONDS,
    pool,
  };
}

/** A worker runs as many attempts as one graphics processor has room for, and a Job one. */
function placesFor(gpu: number, most: number, isJob: boolean): number {
  if (isJob) return 1;
  return gpu > 0 ? Math.min(most, Math.max(1, Math.floor(1 / gpu))) : most;
}

/** The most that an attempt of any version takes: a worker runs them all. */
function largest(versions: readonly { readonly resources?: Resources }[]): Resources {
  let cpu = 0;
  let gpu = 0;
  let memory: string | undefined;
  for (const { resources = {} } of versions) {
    cpu = Math.max(cpu, resources.cpu ?? 0);
    gpu = Math.max(gpu, resources.gpu ?? 0);
    if (resources.memory && (!memory || bytesOf(resources.memory) > bytesOf(memory))) {
      memory = resources.memory;
    }
  }
  return { cpu, gpu, ...(memory !== undefined && { memory }) };
}

/** What the pool says of a worker, or what the attempts take that it runs at once. */
function resourcesOf(
  attempt: Resources,
  concurrency: number,
  pool: PoolResources = {},
): WorkerResources {
  const memory = attempt.memory === undefined ? 0 : bytesOf(attempt.memory);
  return {
    cpu: pool.cpu ?? BASE_CPU + (attempt.cpu ?? 0) * concurrency,
    memoryBytes: pool.memory ? bytesOf(pool.memory) : BASE_MEMORY + memory * concurrency,
    gpu: pool.gpu ?? Math.ceil((attempt.gpu ?? 0) * concurrency),
    gpuResource: pool.gpuResource ?? GPU_RESOURCE,
  };
}
