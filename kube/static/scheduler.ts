/**
 * The schedulers: two, of which each takes over from the other by leases in the store; and what they
 * may do in the namespace to keep workers.
 *
 * @module
 */
import { componentLabels } from "../labels.ts";
import type { Manifest } from "../manifest.ts";
import { PORT, PORT_NAME } from "../probes.ts";
import { roleMetadata, rolePod } from "./role_pod.ts";
import { serviceAccount } from "./service_account.ts";
import {
  type Block,
  INSTALLATION_FILE,
  INSTALLATION_FOLDER,
  installationName,
  type StaticSettings,
} from "./settings.ts";

const DRAIN_SECONDS = 25;

/** The schedulers; `kube` holds what makes them keep workers, where they do. */
export function scheduler(settings: StaticSettings, kube: readonly Block[]): Manifest[] {
  const metadata = roleMetadata(settings, "scheduler");
  const matchLabels = componentLabels(settings.name, "scheduler");
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        clusterIP: "None",
        selector: matchLabels,
        ports: [{ name: PORT_NAME, port: PORT, targetPort: PORT_NAME, protocol: "TCP" }],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: settings.scheduler.replicas,
        selector: { matchLabels },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: pod(settings, kube),
      },
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata,
      spec: {
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: "AlwaysAllow",
        selector: { matchLabels },
      },
    },
  ];
}

function pod(settings: StaticSettings, kube: readonly Block[]) {
  return rolePod(settings, {
    component: "scheduler",
    resources: settings.scheduler.resources,
    environment: {
      MODEL_GATEWAY_ROLE: "scheduler",
      MODEL_GATEWAY_DRAIN_SECONDS: String(DRAIN_SECONDS),
    },
    moreEnvironment: kube,
    graceSeconds: DRAIN_SECONDS + 15,
    priorityClass: settings.scheduler.priorityClass,
    pod: {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{
            weight: 100,
            podAffinityTerm: {
              topologyKey: "kubernetes.io/hostname",
              labelSelector: { matchLabels: componentLabels(settings.name, "scheduler") },
            },
          }],
        },
      },
    },
    folder: { configMap: installationName(settings.name), path: INSTALLATION_FOLDER },
    serves: true,
    usesApi: true,
  });
}

/** The variable that makes a scheduler keep workers. */
export const KUBE_VARIABLE = {
  name: "MODEL_GATEWAY_KUBE",
  value: `${INSTALLATION_FOLDER}/${INSTALLATION_FILE}`,
};

const VERBS = ["get", "list", "watch", "create", "patch", "delete"];

/** The accounts of schedulers and workers, and the least rights to keep workers. */
export function workerRights(settings: StaticSettings): Manifest[] {
  const metadata = roleMetadata(settings, "scheduler");
  return [
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [
        { apiGroups: ["apps"], resources: ["deployments"], verbs: VERBS },
        {
          apiGroups: ["keda.sh"],
          resources: ["scaledobjects", "scaledjobs", "triggerauthentications"],
          verbs: VERBS,
        },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: metadata.name, namespace: settings.namespace }],
    },
  ];
}

/** The accounts of schedulers, workers and migrations. */
export function accounts(settings: StaticSettings): Manifest[] {
  return (["scheduler", "worker", "migrate"] as const).map((component) =>
    serviceAccount(settings, component)
  );
}
