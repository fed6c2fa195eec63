/**
 * All objects that are made from the registry, in the order in which they are applied.
 *
 * @module
 */
import type { Installation } from "./installation.ts";
import type { Manifest } from "./manifest.ts";
import { scaledJob } from "./scaled_job.ts";
import { scaledObject } from "./scaled_object.ts";
import { triggerAuthentication } from "./trigger_authentication.ts";
import { workerDeployment } from "./worker_deployment.ts";
import { type Models, type WorkerSet, workerSets } from "./worker_set.ts";

/** A set of workers with its objects: what is scaled comes before its scaler. */
export interface RenderedSet {
  readonly set: WorkerSet;
  readonly manifests: readonly Manifest[];
}

/** Renders one set. */
export function renderSet(installation: Installation, set: WorkerSet): Manifest[] {
  return set.pool.scaling === "job"
    ? [scaledJob(installation, set)]
    : [workerDeployment(installation, set), scaledObject(installation, set)];
}

/** Renders what all sets share. */
export function renderShared(installation: Installation): Manifest[] {
  const authentication = triggerAuthentication(installation);
  return authentication ? [authentication] : [];
}

/** Renders the workers of every model. */
export function renderSets(installation: Installation, models: Models): RenderedSet[] {
  return workerSets(installation.name, models).map((set) => ({
    set,
    manifests: renderSet(installation, set),
  }));
}

/** Renders everything: what all share first. */
export function renderWorkers(installation: Installation, models: Models): Manifest[] {
  return [
    ...renderShared(installation),
    ...renderSets(installation, models).flatMap(({ manifests }) => manifests),
  ];
}
