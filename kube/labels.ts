/**
 * The labels by which objects belong together.
 *
 * @module
 */

export type Component = "gateway" | "scheduler" | "worker" | "migrate";

/** Names the set of workers that an object is of. */
export const WORKERS_LABEL = "model-gateway/workers";

/** The models that an object's workers serve. */
export const MODELS_ANNOTATION = "model-gateway/models";

/** The queues that they take jobs from, by name. */
export const QUEUES_ANNOTATION = "model-gateway/queues";

/** The labels of one component of an installation; they select its pods too. */
export function componentLabels(installation: string, component: Component) {
  return {
    "app.kubernetes.io/name": "model-gateway",
    "app.kubernetes.io/instance": installation,
    "app.kubernetes.io/component": component,
  };
}

/** The labels of objects that are made from the registry, not by the chart. */
export function workerLabels(installation: string) {
  return {
    ...componentLabels(installation, "worker"),
    "app.kubernetes.io/managed-by": "model-gateway",
  };
}
