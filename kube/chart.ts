/**
 * The files of the Helm chart that are made: its templates, the schema of its values, its dashboard.
 * What a person writes (values, notes, the chart's own file) is not among them.
 *
 * @module
 */
import { blockPlace, numberPlace, place, templateText, when } from "./chart_text.ts";
import { VALUES_SCHEMA } from "./chart_values.ts";
import { CA_FILE, CA_FOLDER, type Variable } from "./environment.ts";
import { type Manifest, manifestText } from "./manifest.ts";
import { chatKeyVariables, chatVariables } from "./static/chat.ts";
import { dashboard } from "./static/dashboard.ts";
import { devStores } from "./static/dev_stores.ts";
import { gateway, gatewayService } from "./static/gateway.ts";
import { migrationJob } from "./static/migration_job.ts";
import { podMonitor, prometheusRule, serviceMonitor } from "./static/monitoring.ts";
import { networkPolicies } from "./static/network_policies.ts";
import { roleMetadata } from "./static/role_pod.ts";
import { accounts, KUBE_VARIABLE, scheduler, workerRights } from "./static/scheduler.ts";
import {
  configName,
  INSTALLATION_FILE,
  installationName,
  type StaticSettings,
} from "./static/settings.ts";

const NAME = place(".Release.Name");
const RECONCILES = ".Values.workers.reconcile";
const DEV = ".Values.dev.stores";
const CHAT = ".Values.chat.url";
/** The secret that is there, or the one that is made for the stores of development. */
const SECRET = place(`ternary (printf \`%s-dev\` .Release.Name) .Values.secret ${DEV}`);
const IMAGE = place(".Values.image.repository") + ":" +
  place(".Values.image.tag | default .Chart.AppVersion");

const SETTINGS: StaticSettings = {
  name: NAME,
  namespace: place(".Release.Namespace"),
  image: IMAGE,
  imagePullPolicy: place(".Values.image.pullPolicy"),
  imagePullSecrets: blockPlace(".Values.imagePullSecrets"),
  secret: SECRET,
  caSecret: place(".Values.redis.caSecret | default `none`"),
  user: numberPlace(".Values.runAsUser"),
  labels: {
    "app.kubernetes.io/managed-by": place(".Release.Service"),
    "app.kubernetes.io/version": place(".Chart.AppVersion"),
    "helm.sh/chart": `${place(".Chart.Name")}-${place(".Chart.Version")}`,
  },
  podAnnotations: {
    "model-gateway/config": place(
      "include (print .Template.BasePath `/config.yaml`) . | sha256sum",
    ),
  },
  gateway: {
    minReplicas: numberPlace(".Values.gateway.minReplicas"),
    maxReplicas: numberPlace(".Values.gateway.maxReplicas"),
    cpuPercent: numberPlace(".Values.gateway.cpuPercent"),
    resources: blockPlace(".Values.gateway.resources"),
    priorityClass: place(".Values.gateway.priorityClass"),
  },
  scheduler: {
    replicas: numberPlace(".Values.scheduler.replicas"),
    resources: blockPlace(".Values.scheduler.resources"),
    priorityClass: place(".Values.scheduler.priorityClass"),
  },
};

/** The variables of the chat, where it has a language model, and a key for it. */
function chat(): Record<string, Variable>[] {
  const keySecret = ".Values.chat.keySecret";
  const number = (name: string) => place(`.Values.chat.${name} | int64`);
  const settings = chatVariables({
    url: place(CHAT),
    model: place(".Values.chat.model"),
    steps: number("steps"),
    tokens: number("tokens"),
    seconds: number("seconds"),
    jobs: number("jobs"),
  });
  const key = chatKeyVariables(place(keySecret));
  return [
    ...settings.map((variable) => when(CHAT, variable)),
    ...key.map((variable) => when(`and ${CHAT} ${keySecret}`, variable)),
  ];
}

/** Where the language model listens: mostly as its address says. */
const CHAT_PORT = `.Values.networkPolicy.chatPort | default ` +
  `((urlParse ${CHAT}).host | regexFind \`:[0-9]+$\` | trimPrefix \`:\` | default \`443\`)`;

/** The variables of all roles, and the file of `--kube`. */
function config(): Manifest[] {
  const addresses = `ternary (list (printf \`%s-redis:6379\` .Release.Name)) ` +
    `.Values.redis.addresses ${DEV}`;
  const installation = {
    name: NAME,
    namespace: place(".Release.Namespace"),
    image: IMAGE,
    imagePullPolicy: place(".Values.image.pullPolicy"),
    imagePullSecrets: blockPlace(".Values.imagePullSecrets"),
    secret: SECRET,
    ...when(".Values.redis.caSecret", { caSecret: place(".Values.redis.caSecret") }),
    owner: `${NAME}-scheduler`,
    runAsUser: numberPlace(".Values.runAsUser"),
    env: blockPlace("merge (dict) .Values.workers.env .Values.config"),
    redis: {
      addresses: blockPlace(addresses),
      cluster: numberPlace(".Values.redis.cluster"),
      tls: numberPlace(".Values.redis.tls"),
      databaseIndex: numberPlace(".Values.redis.databaseIndex"),
      ...when(".Values.redis.auth", { auth: blockPlace(".Values.redis.auth") }),
    },
    trigger: place(".Values.workers.trigger"),
    ...when(".Values.workers.metricsApi", {
      metricsApi: blockPlace(".Values.workers.metricsApi"),
    }),
    pollingSeconds: numberPlace(".Values.workers.pollingSeconds"),
    cooldownSeconds: numberPlace(".Values.workers.cooldownSeconds"),
    maxWorkers: numberPlace(".Values.workers.maxWorkers"),
    paused: numberPlace(".Values.workers.paused"),
    nodeSelector: blockPlace(".Values.workers.nodeSelector"),
  };
  const configMap = (name: string, data: object): Manifest => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: roleMetadata(SETTINGS, "scheduler", name),
    data,
  });
  return [
    configMap(configName(NAME), {
      REDIS_CLUSTER: place(".Values.redis.cluster | toString"),
      ...when(".Values.redis.caSecret", { REDIS_CA: `${CA_FOLDER}/${CA_FILE}` }),
      ...when(".Values.config", blockPlace(".Values.config")),
    }),
    configMap(installationName(NAME), {
      [INSTALLATION_FILE]: manifestText(installation),
    }),
  ];
}

function devSecret(): Manifest {
  const postgres = `postgres://postgres:${
    place(".Values.dev.password")
  }@${NAME}-postgres:5432/postgres`;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: roleMetadata(SETTINGS, "gateway", `${NAME}-dev`),
    stringData: {
      POSTGRES_PASSWORD: place(".Values.dev.password"),
      DATABASE_URL: postgres,
      REDIS_URL: `redis://${NAME}-redis:6379`,
      MODEL_GATEWAY_ADMIN_KEY: place(".Values.dev.adminKey"),
    },
  };
}

function ingress(): Manifest {
  const host = place(".Values.ingress.host");
  const service = { name: gatewayService(SETTINGS), port: { name: "http" } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      ...roleMetadata(SETTINGS, "gateway"),
      annotations: blockPlace(".Values.ingress.annotations"),
    },
    spec: {
      ...when(".Values.ingress.className", {
        ingressClassName: place(".Values.ingress.className"),
      }),
      rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend: { service } }] } }],
      ...when(".Values.ingress.tlsSecret", {
        tls: [{ hosts: [host], secretName: place(".Values.ingress.tlsSecret") }],
      }),
    },
  };
}

function monitoring(): Manifest[] {
  const own = ".Values.monitoring.labels";
  const labels = { ...SETTINGS.labels, ...when(own, blockPlace(own)) };
  const settings = { ...SETTINGS, labels } as unknown as StaticSettings;
  const credentials = { name: place(".Values.monitoring.keySecret"), key: "token" };
  const authorization = when(".Values.monitoring.keySecret", { authorization: { credentials } });
  return [
    serviceMonitor(settings, authorization),
    podMonitor(settings, authorization),
    prometheusRule(settings, {
      backlogSeconds: numberPlace(".Values.monitoring.backlogSeconds"),
      unaudited: numberPlace(".Values.monitoring.unaudited"),
    }),
  ];
}

const DASHBOARD = "dashboards/model-gateway.json";

/** Grafana's sidecar takes what has this label. The file is not a template: it has braces. */
const DASHBOARD_TEMPLATE = `{{- if .Values.monitoring.enabled }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: "{{ .Release.Name }}-dashboard"
  namespace: "{{ .Release.Namespace }}"
  labels:
    grafana_dashboard: "1"
data:
  model-gateway.json: |-
    {{- .Files.Get "${DASHBOARD}" | nindent 4 }}
{{- end }}
`;

/** After everything is there, or before anything is changed. */
const MIGRATION_HOOKS = {
  "helm.sh/hook": "post-install,pre-upgrade",
  "helm.sh/hook-delete-policy": "before-hook-creation",
};

/** Answers every made file by its path in the chart. */
export function chartFiles(): Map<string, string> {
  const policies = networkPolicies(SETTINGS, {
    clients: blockPlace(".Values.networkPolicy.clients"),
    monitoring: blockPlace(".Values.networkPolicy.monitoring"),
    gatewayEgress: [when(CHAT, { ports: [{ port: numberPlace(CHAT_PORT), protocol: "TCP" }] })],
    workerEgress: blockPlace(".Values.networkPolicy.workerEgress"),
    storePorts: [
      numberPlace(".Values.networkPolicy.redisPort"),
      numberPlace(".Values.networkPolicy.postgresPort"),
    ],
  });
  const images = {
    redis: place(".Values.dev.redisImage"),
    postgres: place(".Values.dev.postgresImage"),
    secret: `${NAME}-dev`,
  };
  const templates: Record<string, string> = {
    config: templateText(config()),
    gateway: templateText(gateway(SETTINGS, chat())),
    scheduler: templateText([
      ...accounts(SETTINGS),
      ...scheduler(SETTINGS, [when(RECONCILES, KUBE_VARIABLE)]),
    ]),
    rights: templateText(workerRights(SETTINGS), RECONCILES),
    migration: templateText([migrationJob(SETTINGS, MIGRATION_HOOKS)]),
    network: templateText(policies, ".Values.networkPolicy.enabled"),
    ingress: templateText([ingress()], ".Values.ingress.enabled"),
    monitoring: templateText(monitoring(), ".Values.monitoring.enabled"),
    dashboard: DASHBOARD_TEMPLATE,
    dev: templateText([devSecret(), ...devStores(SETTINGS, images)], DEV),
  };
  return new Map([
    ...Object.entries(templates).map(([name, text]) => [`templates/${name}.yaml`, text] as const),
    ["values.schema.json", JSON.stringify(VALUES_SCHEMA, null, 2) + "\n"],
    [DASHBOARD, JSON.stringify(dashboard(), null, 2) + "\n"],
  ]);
}
