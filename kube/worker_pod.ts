/**
 * The pod of a worker.
 *
 * @module
 */
import { CA_FILE, CA_FOLDER, secretVariables, type Variable, variables } from "./environment.ts";
import type { Installation } from "./installation.ts";
import { componentLabels, WORKERS_LABEL } from "./labels.ts";
import { present } from "./manifest.ts";
import { PORT, PORT_NAME, probes } from "./probes.ts";
import { mebibytes, processors } from "./quantity.ts";
import { CONTAINER_SECURITY, podSecurity } from "./restricted.ts";
import type { WorkerSet } from "./worker_set.ts";

/** How long before its end a worker hands back what it has not finished. */
const HAND_BACK_SECONDS = 15;

/**
 * Keeps pods that run jobs where they are: a grace period of more than ten minutes is not honoured
 * when an autoscaler empties a node.
 */
const STAY = {
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
};

/** The labels of a set's pods; they select them. */
export function workerPodLabels(installation: Installation, set: WorkerSet) {
  return { ...componentLabels(installation.name, "worker"), [WORKERS_LABEL]: set.name };
}

/** The pod's template; `more` are variables beside those of every worker. */
export function workerPod(
  installation: Installation,
  set: WorkerSet,
  more: Readonly<Record<string, string>> = {},
) {
  const { pool } = set;
  const nodeSelector = { ...installation.nodeSelector, ...pool.nodeSelector };
  const { imagePullSecrets } = installation;
  return {
    metadata: { labels: workerPodLabels(installation, set), annotations: STAY },
    spec: present({
      serviceAccountName: installation.serviceAccount,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: set.graceSeconds,
      securityContext: podSecurity(installation.runAsUser),
      imagePullSecrets: imagePullSecrets.length > 0 ? imagePullSecrets : undefined,
      nodeSelector: Object.keys(nodeSelector).length > 0 ? nodeSelector : undefined,
      tolerations: pool.tolerations,
      priorityClassName: pool.priorityClass,
      runtimeClassName: pool.runtimeClass,
      containers: [container(installation, set, more)],
      volumes: volumes(installation, set),
    }),
  };
}

function container(
  installation: Installation,
  set: WorkerSet,
  more: Readonly<Record<string, string>>,
) {
  const { pool } = set;
  const fromSecrets = pool.secrets?.filter(({ mountPath }) => mountPath === undefined) ?? [];
  const envFrom = fromSecrets.map(({ name }) => ({ secretRef: { name } }));
  return present({
    name: "worker",
    image: pool.image ?? installation.image,
    imagePullPolicy: installation.imagePullPolicy,
    env: workerVariables(installation, set, more),
    envFrom: envFrom.length > 0 ? envFrom : undefined,
    ports: [{ name: PORT_NAME, containerPort: PORT, protocol: "TCP" }],
    ...probes(),
    resources: resources(set),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      ...(installation.caSecret
        ? [{ name: "redis-ca", mountPath: CA_FOLDER, readOnly: true }]
        : []),
      ...mountedSecrets(set).map(({ mountPath }, i) => ({
        name: `secret-${i}`,
        mountPath,
        readOnly: true,
      })),
      ...(pool.volumes ?? []).map(({ mountPath, readOnly = true }, i) => ({
        name: `volume-${i}`,
        mountPath,
        readOnly,
      })),
    ],
  });
}

function workerVariables(
  installation: Installation,
  set: WorkerSet,
  more: Readonly<Record<string, string>>,
): Variable[] {
  const { pool } = set;
  const commands = Object.entries(pool.commands ?? {}).map(([name, path]) => `${name}=${path}`);
  const drain = Math.max(1, set.graceSeconds - HAND_BACK_SECONDS);
  return [
    ...variables({
      ...installation.env,
      MODEL_GATEWAY_ROLE: "worker",
      MODEL_GATEWAY_HOST: "0.0.0.0",
      MODEL_GATEWAY_PORT: String(PORT),
      MODEL_GATEWAY_MODELS: set.models.map(({ name }) => name).join(","),
      MODEL_GATEWAY_CONCURRENCY: String(set.concurrency),
      MODEL_GATEWAY_DRAIN_SECONDS: String(drain),
      MODEL_GATEWAY_ALLOW_COMMANDS: commands.length > 0 ? commands.sort().join(",") : undefined,
      REDIS_CLUSTER: installation.redis.cluster ? "true" : undefined,
      REDIS_CA: installation.caSecret ? `${CA_FOLDER}/${CA_FILE}` : undefined,
      ...more,
    }),
    ...secretVariables(installation.secret),
  ];
}

/** Memory is kept to what is asked for; processors are not, a job may use what is idle. */
function resources({ resources: { cpu, memoryBytes, gpu, gpuResource } }: WorkerSet) {
  const memory = mebibytes(memoryBytes);
  return {
    requests: { cpu: processors(cpu), memory },
    limits: { memory, ...(gpu > 0 && { [gpuResource]: String(gpu) }) },
  };
}

function mountedSecrets({ pool }: WorkerSet) {
  return (pool.secrets ?? []).filter(({ mountPath }) => mountPath !== undefined);
}

function volumes(installation: Installation, set: WorkerSet) {
  const { caSecret } = installation;
  return [
    { name: "tmp", emptyDir: {} },
    ...(caSecret ? [{ name: "redis-ca", secret: { secretName: caSecret } }] : []),
    ...mountedSecrets(set).map(({ name }, i) => ({
      name: `secret-${i}`,
      secret: { secretName: name },
    })),
    ...(set.pool.volumes ?? []).map(({ claim, readOnly = true }, i) => ({
      name: `volume-${i}`,
      persistentVolumeClaim: { claimName: claim, readOnly },
    })),
  ];
}
