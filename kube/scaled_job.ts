/**
 * The ScaledJob of a set of workers: for programs that run for hours, one Kubernetes Job per job. A
 * Job is never ended by scaling, nor by a new version of its template.
 *
 * @module
 */
import type { Installation } from "./installation.ts";
import type { Manifest } from "./manifest.ts";
import { scaleOf } from "./triggers.ts";
import { pausing, workerMetadata } from "./worker_metadata.ts";
import { workerPod } from "./worker_pod.ts";
import type { WorkerSet } from "./worker_set.ts";

/** A worker that finds nothing to do for so long has come for a job that another one took. */
const IDLE_EXIT_SECONDS = 15;
/** How long ended Jobs can be looked at. */
const KEPT_SECONDS = 3600;

/** Renders the ScaledJob. */
export function scaledJob(installation: Installation, set: WorkerSet): Manifest {
  const { pool } = set;
  const pod = workerPod(installation, set, {
    MODEL_GATEWAY_EXIT_WHEN_IDLE_SECONDS: String(IDLE_EXIT_SECONDS),
  });
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledJob",
    metadata: workerMetadata(installation, set, pausing(installation, set)),
    spec: {
      pollingInterval: installation.pollingSeconds,
      minReplicaCount: 0,
      maxReplicaCount: pool.maxWorkers ?? installation.maxWorkers,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 10,
      // `immediate`, the default, would delete running Jobs when the template changes.
      rollout: { strategy: "gradual" },
      // What waits and what runs, less the Jobs there are.
      scalingStrategy: { strategy: "default", multipleScalersCalculation: "sum" },
      jobTargetRef: {
        parallelism: 1,
        completions: 1,
        // The queue decides what is tried again.
        backoffLimit: 0,
        ttlSecondsAfterFinished: KEPT_SECONDS,
        template: { ...pod, spec: { ...pod.spec, restartPolicy: "Never" } },
      },
      triggers: scaleOf(installation, set, set.concurrency).triggers,
    },
  };
}
