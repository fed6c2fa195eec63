/**
 * The ScaledObject of a set of workers: from zero to many by what waits and runs, and back.
 *
 * By default the HPA never takes a worker away, for it cannot know which one is idle; the only way
 * down is KEDA's own, to zero, when nothing has waited or run for a while. There is no fallback:
 * where Redis does not answer, the workers there are stay.
 *
 * @module
 */
import type { Installation } from "./installation.ts";
import type { Manifest } from "./manifest.ts";
import { scaleOf } from "./triggers.ts";
import { pausing, workerMetadata } from "./worker_metadata.ts";
import type { WorkerSet } from "./worker_set.ts";

const SCALE_UP_SECONDS = 15;
/** `graceful`: workers go one by one, after this long without need of them. */
const GRACEFUL_WINDOW_SECONDS = 300;
const GRACEFUL_STEP_SECONDS = 60;

/** Renders the ScaledObject. */
export function scaledObject(installation: Installation, set: WorkerSet): Manifest {
  const { pool } = set;
  const { triggers, formula, target } = scaleOf(installation, set);
  const maxReplicaCount = pool.maxWorkers ?? installation.maxWorkers;
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: workerMetadata(installation, set, pausing(installation, set)),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: set.name },
      pollingInterval: installation.pollingSeconds,
      cooldownPeriod: pool.cooldownSeconds ?? installation.cooldownSeconds,
      minReplicaCount: Math.min(pool.minWorkers ?? 0, maxReplicaCount),
      maxReplicaCount,
      advanced: {
        restoreToOriginalReplicaCount: false,
        horizontalPodAutoscalerConfig: {
          name: set.name,
          behavior: { scaleUp: scaleUp(maxReplicaCount), scaleDown: scaleDown(set) },
        },
        scalingModifiers: {
          formula,
          target: String(target),
          activationTarget: "0",
          metricType: "AverageValue",
        },
      },
      triggers,
    },
  };
}

/** A burst gets all its workers at once; without a tolerance of 0 the 21st job would wait for one. */
function scaleUp(most: number) {
  return {
    stabilizationWindowSeconds: 0,
    tolerance: "0",
    policies: [{ type: "Pods", value: most, periodSeconds: SCALE_UP_SECONDS }],
  };
}

function scaleDown({ pool }: WorkerSet) {
  if (pool.scaling !== "graceful") return { selectPolicy: "Disabled" };
  return {
    stabilizationWindowSeconds: GRACEFUL_WINDOW_SECONDS,
    policies: [{ type: "Pods", value: 1, periodSeconds: GRACEFUL_STEP_SECONDS }],
  };
}
