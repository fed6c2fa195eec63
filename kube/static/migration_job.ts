/**
 * The Job that brings the database up to date before the new version's processes start.
 *
 * @module
 */
import type { Manifest } from "../manifest.ts";
import { roleMetadata, rolePod } from "./role_pod.ts";
import type { StaticSettings } from "./settings.ts";

/** Renders the Job; the annotations say when it is to run. */
export function migrationJob(
  settings: StaticSettings,
  annotations: Readonly<Record<string, string>> = {},
): Manifest {
  const { resources } = settings.scheduler;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...roleMetadata(settings, "migrate"), annotations },
    spec: {
      // A database that comes up late is waited for.
      backoffLimit: 10,
      ttlSecondsAfterFinished: 3600,
      template: rolePod(settings, {
        component: "migrate",
        resources,
        environment: { MODEL_GATEWAY_MIGRATE: "true" },
        graceSeconds: 30,
        pod: { restartPolicy: "OnFailure" },
        serves: false,
        usesApi: false,
      }),
    },
  };
}
