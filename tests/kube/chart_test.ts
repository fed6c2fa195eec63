import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { OPTIONS } from "../../program/config_options.ts";
import { chartFiles } from "../../kube/chart.ts";
import { parseInstallation } from "../../kube/installation.ts";
import type { Manifest } from "../../kube/manifest.ts";
import { dashboard } from "../../kube/static/dashboard.ts";
import { chatKeyVariables, chatVariables } from "../../kube/static/chat.ts";
import { devStores } from "../../kube/static/dev_stores.ts";
import { gateway } from "../../kube/static/gateway.ts";
import { migrationJob } from "../../kube/static/migration_job.ts";
import { podMonitor, prometheusRule, serviceMonitor } from "../../kube/static/monitoring.ts";
import { networkPolicies } from "../../kube/static/network_policies.ts";
import { accounts, KUBE_VARIABLE, scheduler, workerRights } from "../../kube/static/scheduler.ts";
import type { StaticSettings } from "../../kube/static/settings.ts";
import { testWhere } from "../services/shared.ts";
import { CHART, helm, helmCan, template } from "./helm.ts";
import { restrictedFaults } from "./pod_security.ts";
import { loadChecks, prometheusSchemas, schemaFolder } from "./schemas.ts";

// deno-lint-ignore no-explicit-any -- a manifest is looked into as it is
type Fields = any;

const VALUES = ["values.yaml", "values-dev.yaml", "values-production.yaml"];

const SETTINGS: StaticSettings = {
  name: "mg",
  namespace: "science",
  image: "registry.example/model-gateway:1",
  imagePullPolicy: "IfNotPresent",
  imagePullSecrets: [],
  secret: "stores",
  caSecret: "none",
  user: 10_001,
  labels: {},
  podAnnotations: {},
  gateway: {
    minReplicas: 2,
    maxReplicas: 9,
    cpuPercent: 60,
    resources: { requests: { cpu: "1", memory: "1Gi" } },
    priorityClass: "",
  },
  scheduler: { replicas: 2, resources: {}, priorityClass: "" },
};

const CHAT = {
  url: "http://ollama:11434/v1",
  model: "qwen3",
  ...{ steps: "1", tokens: "2", seconds: "3", jobs: "4" },
};

function rendered(): Manifest[] {
  return [
    ...accounts(SETTINGS),
    ...gateway(SETTINGS, [...chatVariables(CHAT), ...chatKeyVariables("chat")]),
    ...scheduler(SETTINGS, [KUBE_VARIABLE]),
    ...workerRights(SETTINGS),
    migrationJob(SETTINGS),
    ...networkPolicies(SETTINGS, {
      clients: [],
      monitoring: [],
      gatewayEgress: [{ ports: [{ port: 11_434, protocol: "TCP" }] }],
      workerEgress: [{}],
      storePorts: [6379, 5432],
    }),
    ...devStores(SETTINGS, { redis: "redis:7.4", postgres: "postgres:17", secret: "dev" }),
  ];
}

function pods(manifests: readonly Manifest[]): Fields[] {
  return manifests.flatMap(({ spec }: Fields) => spec?.template?.spec ?? []);
}

const schemas = await schemaFolder();
const prometheus = await prometheusSchemas();

testWhere(schemas, "the static part is valid against Kubernetes' own schemas", async () => {
  const faultsOf = await loadChecks(schemas.folder);
  for (const manifest of rendered()) {
    assertEquals(faultsOf(manifest), [], `${manifest.kind} ${manifest.metadata.name}`);
  }
});

Deno.test("the static part meets restricted, asks each probe its own question, and rolls over softly", () => {
  for (const pod of pods(rendered())) {
    assertEquals(restrictedFaults(pod), []);
    for (const { startupProbe, livenessProbe, readinessProbe } of pod.containers) {
      if (!livenessProbe) continue;
      assertEquals(
        [startupProbe, livenessProbe, readinessProbe].map((probe) => probe.httpGet.path),
        ["/healthz", "/healthz", "/readyz"],
      );
    }
  }
  const deployments = rendered().filter(({ kind }) => kind === "Deployment") as Fields[];
  for (const { spec } of deployments) {
    assertEquals(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  }
  const front = deployments.find(({ metadata }) => metadata.name === "mg-gateway");
  assertEquals("replicas" in front.spec, false);
  const { terminationGracePeriodSeconds: grace, containers: [container] } =
    front.spec.template.spec;
  const drain = container.env.find((v: Fields) => v.name === "MODEL_GATEWAY_DRAIN_SECONDS").value;
  assert(grace > container.lifecycle.preStop.sleep.seconds + Number(drain));
});

Deno.test("variables of the static part are those of the program", () => {
  const known = new Set(Object.values(OPTIONS).map((option) => (option as { env?: string }).env));
  const names = pods(rendered()).flatMap((pod) =>
    pod.containers.flatMap(({ name, env = [] }: Fields) =>
      ["redis", "postgres"].includes(name) ? [] : env.map((variable: Fields) => variable.name)
    )
  );
  assert(names.length >= 10);
  for (const name of names) assert(known.has(name), name);
});

Deno.test("a scheduler may keep workers in its namespace, and nothing else", () => {
  const rights = workerRights(SETTINGS) as Fields[];
  assertEquals(rights.map(({ kind }) => kind), ["Role", "RoleBinding"]);
  for (const { resources, verbs } of rights[0].rules) {
    assert(![...resources, ...verbs].some((word: string) => word === "*" || word === "secrets"));
  }
});

Deno.test("alerts and dashboard ask for metrics that there are", async () => {
  const text = JSON.stringify([
    dashboard(),
    prometheusRule(SETTINGS, { backlogSeconds: 900, unaudited: 1 }),
    serviceMonitor(SETTINGS, {}),
    podMonitor(SETTINGS, {}),
  ]);
  const asked = new Set(
    [...text.matchAll(/model_gateway_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, "")),
  );
  let sources = "";
  for (const folder of ["../../http/", "../../http/metrics/", "../../http/routes/"]) {
    const at = new URL(folder, import.meta.url);
    for await (const { name } of Deno.readDir(at)) {
      if (name.endsWith(".ts")) sources += await Deno.readTextFile(new URL(name, at));
    }
  }
  assert(asked.size > 10);
  for (const metric of asked) assert(sources.includes(`"${metric}"`), metric);
});

Deno.test("the chart's made files are what `deno task chart` makes now", async () => {
  for (const [path, text] of chartFiles()) {
    assertEquals(await Deno.readTextFile(CHART + path), text, `${path}: run deno task chart`);
  }
});

Deno.test("every file of values fits the schema of values", async () => {
  const validate = new Ajv({ strict: false }).compile(
    JSON.parse(await Deno.readTextFile(`${CHART}values.schema.json`)),
  );
  for (const file of VALUES) {
    const values = parse(await Deno.readTextFile(CHART + file));
    assert(validate(values), `${file}: ${JSON.stringify(validate.errors)}`);
  }
  assert(!validate({ gateway: { minReplicas: "2" } }));
});

testWhere(
  helmCan,
  "helm renders the chart as the functions do, for development and production",
  async () => {
    const { ok, text } = await helm("lint", CHART, "-f", `${CHART}values-dev.yaml`);
    assert(ok, text);
    const faultsOf = schemas.available ? await loadChecks(schemas.folder) : () => [];
    for (const values of ["values-dev.yaml", "values-production.yaml"]) {
      const manifests = await template(values);
      for (const manifest of manifests) {
        const { apiVersion } = manifest;
        if (apiVersion.startsWith("monitoring.coreos.com/") && !prometheus.available) continue;
        assertEquals(
          faultsOf(manifest),
          [],
          `${values}: ${manifest.kind} ${manifest.metadata.name}`,
        );
      }
      for (const pod of pods(manifests)) assertEquals(restrictedFaults(pod), []);
      const config = manifests.find(({ metadata }) => metadata.name === "mg-workers") as Fields;
      const { redis, owner, secret } = parseInstallation(config.data["kube.yaml"]);
      const isDev = values === "values-dev.yaml";
      assertEquals([redis.cluster, owner, secret], [
        !isDev,
        "mg-scheduler",
        isDev ? "mg-dev" : "model-gateway",
      ]);
    }
  },
);

testWhere(
  helmCan,
  "helm in GitOps mode gives the scheduler no rights, and refuses what cannot work",
  async () => {
    const manifests = await template("values-dev.yaml", "--set", "workers.reconcile=false");
    assertEquals(manifests.filter(({ kind }) => kind === "Role"), []);
    const variables = pods(manifests).flatMap((pod) => pod.containers[0].env ?? []);
    assertEquals(variables.filter(({ name }: Fields) => name === KUBE_VARIABLE.name), []);
    const refused = await helm("template", "mg", CHART, "--kube-version", "1.35.0");
    assertEquals([refused.ok, refused.text.includes("redis.addresses")], [false, true]);
  },
);
