/**
 * The metadata of objects that are made from the registry.
 *
 * @module
 */
import { queueName } from "../actors/redis_keys.ts";
import type { Installation } from "./installation.ts";
import { MODELS_ANNOTATION, QUEUES_ANNOTATION, workerLabels, WORKERS_LABEL } from "./labels.ts";
import type { Metadata } from "./manifest.ts";
import type { WorkerSet } from "./worker_set.ts";

/** Says which workers an object is of, and which queues they take jobs from. */
export function workerMetadata(
  installation: Installation,
  set: WorkerSet,
  annotations: Readonly<Record<string, string>> = {},
): Metadata {
  return {
    name: set.name,
    namespace: installation.namespace,
    labels: { ...workerLabels(installation.name), [WORKERS_LABEL]: set.name },
    annotations: {
      [MODELS_ANNOTATION]: set.models.map(({ name }) => name).join(","),
      [QUEUES_ANNOTATION]: set.models.map(({ tag }) => queueName(tag)).join(","),
      ...annotations,
    },
  };
}

/** KEDA scales nothing while it reads this, and deletes its HPA. */
export const PAUSED_ANNOTATION = "autoscaling.keda.sh/paused";

/** The annotation of a paused set; none for one that is scaled. */
export function pausing(installation: Installation, set: WorkerSet): Record<string, string> {
  return installation.paused || set.pool.paused ? { [PAUSED_ANNOTATION]: "true" } : {};
}
