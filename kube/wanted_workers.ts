/**
 * What is to be on Kubernetes, rendered anew only as far as the registry has changed: a thousand
 * models take their time, and a scheduler has other things to do meanwhile.
 *
 * @module
 */
import type { Installation } from "./installation.ts";
import { keyOf } from "./kube_object.ts";
import { type Manifest, manifestText } from "./manifest.ts";
import { renderSet, renderShared } from "./render_workers.ts";
import { type Models, workerSets } from "./worker_set.ts";

/** An object that is to be. */
export interface Wanted {
  readonly manifest: Manifest;
  readonly key: string;
  readonly text: string;
}

/** Objects in the order in which they are applied. */
export type WantedSet = readonly Wanted[];

/** How long rendering may hold up everything else, in milliseconds. */
const AT_A_TIME_MS = 10;

export class WantedWorkers {
  #rendered = new Map<string, WantedSet>();
  #current: readonly WantedSet[] | undefined;

  constructor(readonly installation: Installation, readonly models: Models) {}

  /** Forgets what depends on the registry as it was. */
  changed(): void {
    this.#current = undefined;
  }

  /** Answers what is to be now: the same object until something has changed. */
  async sets(): Promise<readonly WantedSet[]> {
    if (this.#current) return this.#current;
    const before = this.#rendered;
    const rendered = new Map<string, WantedSet>();
    const shared = renderShared(this.installation).map(wanted);
    const sets = workerSets(this.installation.name, this.models);
    const current = [...(shared.length > 0 ? [shared] : [])];
    // A change from now on makes the next call render again.
    this.#current = current;
    let began = performance.now();
    for (const set of sets) {
      const key = JSON.stringify(set);
      const one = before.get(key) ?? renderSet(this.installation, set).map(wanted);
      rendered.set(key, one);
      current.push([...one]);
      if (performance.now() - began < AT_A_TIME_MS) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      began = performance.now();
    }
    this.#rendered = rendered;
    return current;
  }
}

function wanted(manifest: Manifest): Wanted {
  return { manifest, key: keyOf(manifest), text: manifestText(manifest) };
}
