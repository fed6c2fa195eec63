/**
 * Keeps the workers on Kubernetes as the registry wants them. It looks at what is to be and what is,
 * never at what happened: whatever was missed, the next round mends it.
 *
 * A model's queue is made before its scaler, which would fail without it. Of a model that is gone the
 * scaler goes first, so that nothing is started any more, then its workers, once nothing of it runs.
 *
 * @module
 */
import type { JobQueue } from "../actors/job_queue.ts";
import type { Catalog } from "../registry/catalog.ts";
import { Applier, isManaged, isOwnedBy } from "./applier.ts";
import type { Installation } from "./installation.ts";
import type { KubeClient } from "./kube_client.ts";
import {
  DEPLOYMENTS,
  keyOf,
  type KubeObject,
  type OwnerReference,
  resourceOf,
  SCALED_JOBS,
  SCALED_OBJECTS,
  WORKER_RESOURCES,
} from "./kube_object.ts";
import { QUEUES_ANNOTATION, workerLabels } from "./labels.ts";
import type { Manifest } from "./manifest.ts";
import { Mirror } from "./mirror.ts";
import { Retries } from "./retries.ts";
import { type Wanted, WantedWorkers } from "./wanted_workers.ts";
import type { Models } from "./worker_set.ts";

export interface ReconcilerOptions {
  readonly client: KubeClient;
  readonly installation: Installation;
  readonly catalog: Models & Pick<Catalog, "onChange">;
  readonly queue: Pick<JobQueue, "claim" | "measure">;
  /** Whether it is this process that acts; the others watch. */
  readonly isFirst: () => boolean;
  readonly onFault: (what: string, error: unknown) => void;
}

/** All that was applied is applied again after so long, whatever is seen. */
const RESYNC_MS = 10 * 60_000;
/** What waits for something else is looked at again after so long. */
const LOOK_MS = 1000;
/** Changes that come together are one round. */
const GATHER_MS = 50;
const AT_ONCE = 8;
/** How long the jobs of a model that is gone may run on before its workers are told to drain. */
const DRAIN_MS = 10 * 60_000;

/** The changes of the registry that manifests are made of. */
const RENDERED = /^(?:model|pool|policy):/;

/** What was applied of an object: its text, and the generation that came of it. */
interface Applied {
  readonly text: string;
  readonly generation: number | undefined;
  readonly uid: string;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #mirrors: ReadonlyMap<string, Mirror>;
  readonly #applied = new Map<string, Applied>();
  readonly #retries = new Retries();
  /** When an object that is not wanted any more was first seen. */
  readonly #unwanted = new Map<string, number>();
  #applier: Applier | undefined;
  #owner: OwnerReference | undefined;
  #resyncAt = 0;
  readonly #wanted: WantedWorkers;
  #stopped = false;
  #woken = Promise.withResolvers<void>();
  #unsubscribe = () => {};
  #loop: Promise<void> = Promise.resolve();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#wanted = new WantedWorkers(options.installation, options.catalog);
    const { client, installation: { name, namespace }, onFault } = options;
    const labelSelector = Object.entries(workerLabels(name)).map((pair) => pair.join("=")).join();
    const onChange = () => this.#woken.resolve();
    this.#mirrors = new Map(
      WORKER_RESOURCES.map((resource) => [
        resource.kind,
        new Mirror({ client, resource, namespace, labelSelector, onChange, onFault }),
      ]),
    );
  }

  start(): void {
    for (const mirror of this.#mirrors.values()) mirror.start();
    this.#unsubscribe = this.#options.catalog.onChange((subject) => {
      if (!RENDERED.test(subject)) return;
      this.#wanted.changed();
      this.#woken.resolve();
    });
    this.#loop = this.#run();
  }

  /** Ends after the round under way; what is there stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#woken.resolve();
    await Promise.all([...this.#mirrors.values()].map((mirror) => mirror.stop()));
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      let waits = true;
      try {
        if (this.#isReady()) waits = await this.#round();
      } catch (error) {
        this.#options.onFault("the workers could not be looked after", error);
      }
      await this.#wait(waits ? LOOK_MS : 10 * LOOK_MS);
    }
  }

  async #wait(mostMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, mostMs));
    await Promise.race([this.#woken.promise, late]);
    clearTimeout(timer);
    if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    this.#woken = Promise.withResolvers();
  }

  #isReady(): boolean {
    return this.#options.isFirst() && [...this.#mirrors.values()].every((m) => m.isComplete);
  }

  /** Answers whether something is still to be done. */
  async #round(): Promise<boolean> {
    if (performance.now() >= this.#resyncAt) {
      this.#applied.clear();
      this.#applier = undefined;
      this.#resyncAt = performance.now() + RESYNC_MS;
    }
    const applier = this.#applier ??= await this.#openApplier();
    const sets = await this.#wanted.sets();
    let waits = false;
    await eachOf(sets, async (set) => {
      // In this order: what is scaled, then its scaler.
      for (const one of set) {
        if (!await this.#bring(applier, one)) {
          waits = true;
          break;
        }
      }
    });
    return await this.#prune(sets.flat()) || waits;
  }

  async #openApplier(): Promise<Applier> {
    const { client, installation: { namespace, owner } } = this.#options;
    if (owner !== undefined) {
      const found = await client.get(DEPLOYMENTS, namespace, owner);
      if (!found) throw new Error(`the Deployment ${owner} is not there, to own what is made`);
      const { apiVersion, kind } = DEPLOYMENTS;
      this.#owner = { apiVersion, kind, name: owner, uid: found.metadata.uid };
    }
    return new Applier({ client, namespace, ...(this.#owner && { owner: this.#owner }) });
  }

  /** Applies a manifest where that changes something; false if it is to be tried again. */
  async #bring(applier: Applier, { manifest, key, text }: Wanted): Promise<boolean> {
    const mirror = this.#mirrors.get(manifest.kind)!;
    const live = mirror.objects.get(manifest.metadata.name);
    const known = this.#applied.get(key);
    this.#unwanted.delete(key);
    const isSame = live && known?.text === text && known.uid === live.metadata.uid &&
      known.generation === live.metadata.generation;
    if (isSame) return true;
    // One of that name is about to go: it is made again when it has gone.
    if (live?.metadata.deletionTimestamp !== undefined) return false;
    if (this.#stopped || !this.#retries.mayTry(key, text)) return false;
    try {
      await this.#makeQueues(manifest);
      const object = await applier.apply(manifest, live);
      mirror.note(object);
      const { generation, uid } = object.metadata;
      this.#applied.set(key, { text, generation, uid });
      this.#retries.succeeded(key);
      return true;
    } catch (error) {
      if (this.#retries.failed(key, text, error)) {
        this.#options.onFault(`could not apply ${key}`, error);
      }
      return false;
    }
  }

  /** A scaler finds the streams that it looks at, and their group. */
  async #makeQueues(manifest: Manifest): Promise<void> {
    for (const tag of queuesOf(manifest)) {
      await this.#options.queue.claim(tag, "reconciler", 0, 0);
    }
  }

  /** Takes away what is ours and not wanted; answers whether something is still to go. */
  async #prune(wanted: readonly Wanted[]): Promise<boolean> {
    const keys = new Set(wanted.map(({ key }) => key));
    const queues = new Set(wanted.flatMap(({ manifest }) => queuesOf(manifest)));
    let left = false;
    for (const mirror of this.#mirrors.values()) {
      for (const object of [...mirror.objects.values()]) {
        if (keys.has(keyOf(object)) || !this.#isOurs(object)) continue;
        left = true;
        await this.#remove(object, queues);
      }
    }
    for (const key of this.#unwanted.keys()) {
      if (!this.#mirrors.get(key.split("/")[0]!)?.objects.has(key.split("/")[1]!)) {
        this.#unwanted.delete(key);
        this.#applied.delete(key);
      }
    }
    return left;
  }

  /** KEDA copies labels to what it makes: only what we have applied, and own, is ours. */
  #isOurs(object: KubeObject): boolean {
    // Without any owner it is what a process made that was killed before it could say whose it is.
    const isOrphan = (object.metadata.ownerReferences ?? []).length === 0;
    return isManaged(object) && (!this.#owner || isOrphan || isOwnedBy(object, this.#owner));
  }

  async #remove(object: KubeObject, wantedQueues: ReadonlySet<number>): Promise<void> {
    const key = keyOf(object);
    const { name, uid, deletionTimestamp } = object.metadata;
    if (deletionTimestamp !== undefined || !this.#retries.mayTry(key, uid)) return;
    const since = this.#unwanted.get(key) ?? performance.now();
    this.#unwanted.set(key, since);
    try {
      if (object.kind === DEPLOYMENTS.kind) {
        const isScaled = this.#mirrors.get(SCALED_OBJECTS.kind)!.objects.has(name);
        if (isScaled || await this.#isBusy(object, wantedQueues, since)) return;
      }
      const { client, installation: { namespace } } = this.#options;
      // Jobs run to their end without what made them.
      const policy = object.kind === SCALED_JOBS.kind ? "Orphan" : "Background";
      await client.delete(resourceOf(object), namespace, { name, uid }, policy);
      this.#applied.delete(key);
    } catch (error) {
      if (this.#retries.failed(key, uid, error)) {
        this.#options.onFault(`could not delete ${key}`, error);
      }
    }
  }

  /**
   * True while jobs of a model that is gone run. Where others serve its queue from now on, nobody can
   * tell whose they are, and the workers drain in their grace.
   */
  async #isBusy(
    object: KubeObject,
    wantedQueues: ReadonlySet<number>,
    since: number,
  ): Promise<boolean> {
    if (performance.now() - since > DRAIN_MS) return false;
    for (const tag of queuesOf(object)) {
      if (wantedQueues.has(tag)) continue;
      if ((await this.#options.queue.measure(tag)).running > 0) return true;
    }
    return false;
  }
}

function queuesOf({ metadata }: Pick<Manifest, "metadata">): number[] {
  const names = metadata.annotations?.[QUEUES_ANNOTATION]?.split(",") ?? [];
  return names.filter((name) => name !== "").map((name) => parseInt(name, 16));
}

async function eachOf<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const lane = async () => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
