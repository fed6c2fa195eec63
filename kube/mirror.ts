/**
 * The objects of one kind as they are now: listed once, then followed by a watch that goes on after
 * it ended, was cut, or is told that it is too old.
 *
 * @module
 */
import { type KubeClient, KubeRefusal } from "./kube_client.ts";
import type { KubeObject, Resource } from "./kube_object.ts";

export interface MirrorOptions {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly resource: Resource;
  readonly namespace: string;
  readonly labelSelector: string;
  /** Hears of every change. */
  readonly onChange: () => void;
  readonly onFault: (what: string, error: unknown) => void;
}

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 10_000;

export class Mirror {
  readonly #options: MirrorOptions;
  readonly #stop = new AbortController();
  readonly #objects = new Map<string, KubeObject>();
  #version: string | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #told = "";
  #ended: Promise<void> = Promise.resolve();

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** True once everything was listed. */
  get isComplete(): boolean {
    return this.#version !== undefined;
  }

  /** The objects by name. */
  get objects(): ReadonlyMap<string, KubeObject> {
    return this.#objects;
  }

  /** Takes in an object that a call has just answered, so that nothing is done twice. */
  note(object: KubeObject): void {
    this.#objects.set(object.metadata.name, object);
  }

  start(): void {
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#follow(this.#version!);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof KubeRefusal && error.status === 410) {
          this.#version = undefined;
          continue;
        }
        this.#tell(error);
        await this.#pause();
      }
    }
  }

  /** Says what is wrong once, however often it is tried. */
  #tell(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (message === this.#told) return;
    this.#told = message;
    this.#options.onFault(`could not watch ${this.#options.resource.plural}`, error);
  }

  async #list(): Promise<void> {
    const { client, resource, namespace, labelSelector, onChange } = this.#options;
    const { items, resourceVersion } = await client.list(resource, namespace, labelSelector);
    this.#objects.clear();
    for (const item of items) this.note(item);
    this.#version = resourceVersion;
    onChange();
  }

  async #follow(version: string): Promise<void> {
    const { client, resource, namespace, labelSelector, onChange } = this.#options;
    const { signal } = this.#stop;
    const events = client.watch(resource, namespace, labelSelector, version, signal);
    for await (const { type, object } of events) {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#told = "";
      this.#version = object.metadata.resourceVersion;
      if (type === "BOOKMARK") continue;
      if (type === "DELETED") this.#objects.delete(object.metadata.name);
      else this.note(object);
      onChange();
    }
  }

  async #pause(): Promise<void> {
    const pause = this.#pauseMs * (0.5 + Math.random());
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
    const { signal } = this.#stop;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, pause);
      signal.addEventListener("abort", done);
    });
  }
}
