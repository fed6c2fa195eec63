/**
 * The Deployment of a set of workers. It says nothing of `replicas`: they are the scaler's.
 *
 * @module
 */
import type { Installation } from "./installation.ts";
import type { Manifest } from "./manifest.ts";
import { workerMetadata } from "./worker_metadata.ts";
import { workerPod, workerPodLabels } from "./worker_pod.ts";
import type { WorkerSet } from "./worker_set.ts";

/** Loading a model may take long before a rollout counts as stuck. */
const PROGRESS_SECONDS = 1800;

/** Renders the Deployment. */
export function workerDeployment(installation: Installation, set: WorkerSet): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: workerMetadata(installation, set),
    spec: {
      selector: { matchLabels: workerPodLabels(installation, set) },
      // Old workers drain at once and new ones start beside them; none is started in advance, for
      // which there may be no graphics processor.
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "100%" } },
      progressDeadlineSeconds: PROGRESS_SECONDS,
      revisionHistoryLimit: 3,
      template: workerPod(installation, set),
    },
  };
}
