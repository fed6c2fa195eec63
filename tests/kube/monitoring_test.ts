import { assert, assertEquals } from "@std/assert";
import { createOpsApp } from "../../http/ops_app.ts";
import { observeWorker } from "../../http/metrics/worker_metrics.ts";
import { renderWorkers } from "../../kube/render_workers.ts";
import { podMonitor } from "../../kube/static/monitoring.ts";
import { TestGateway } from "../http/test_gateway.ts";
import { testWhere } from "../services/shared.ts";
import { helmCan, template } from "./helm.ts";
import { installation, Plant } from "./plant.ts";
import { loadChecks, prometheusSchemas } from "./schemas.ts";

// deno-lint-ignore no-explicit-any -- a manifest is looked into as it is
type Fields = any;

/** What the monitor is to find: the settings of a release `mg`. */
const RELEASE = { name: "mg", namespace: "science", labels: {} };

function monitor(): Fields {
  return podMonitor(RELEASE, { authorization: { credentials: { name: "s", key: "token" } } });
}

const schemas = await prometheusSchemas();

testWhere(schemas, "the monitor of workers is valid against its operator's schema", async () => {
  const faultsOf = await loadChecks(schemas.folder);
  assertEquals(faultsOf(monitor()), []);
});

Deno.test("the monitor of workers finds every worker's pod and the port that serves its metrics", async () => {
  await using plant = await Plant.start();
  for (const name of ["steady", "long"]) await plant.model(name);
  await plant.pool("jobs", { models: ["long"], scaling: "job" });
  const { selector, podMetricsEndpoints: [endpoint], podTargetLabels } = monitor().spec;
  const templates = (renderWorkers(installation(), plant.catalog) as Fields[]).flatMap(({ spec }) =>
    spec.template ?? spec.jobTargetRef?.template ?? []
  );
  assertEquals(templates.length, 2);
  for (const { metadata, spec } of templates) {
    for (const [label, value] of Object.entries(selector.matchLabels)) {
      assertEquals(metadata.labels[label], value);
    }
    for (const label of podTargetLabels) assert(label in metadata.labels, label);
    const ports = spec.containers[0].ports.map(({ name }: Fields) => name);
    assert(ports.includes(endpoint.port));
  }
});

Deno.test("Prometheus asks a worker for what it alone knows", async () => {
  await using gateway = await TestGateway.start();
  await gateway.gateway.registry.createModel("user:root", {
    name: "open",
    description: "seen by everybody",
    visibility: "public",
    version: { version: "1", backend: { kind: "echo" }, inputSchema: true },
  });
  await gateway.gateway.catalog.refresh();
  observeWorker(gateway.gateway.metrics, { warn: () => {} });
  const app = createOpsApp(gateway.gateway);
  const namesAt = async (path: string) => {
    const text = await (await app.request(path)).text();
    return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  };
  const [{ path, params }] = monitor().spec.podMetricsEndpoints;
  const asked = await namesAt(`${path}?${new URLSearchParams({ queues: params.queues[0] })}`);
  const all = await namesAt(path);
  assert(asked.includes("model_gateway_worker_attempts_total"));
  assert(asked.includes("process_resident_memory_bytes"));
  assertEquals(asked.filter((name) => !all.includes(name)), []);
  const left = all.filter((name) => !asked.includes(name));
  for (const queue of ["jobs_waiting", "jobs_running", "dead_letters", "oldest_waiting_seconds"]) {
    assert(left.includes(`model_gateway_${queue}`), `${queue} of ${left}`);
  }
  assertEquals((await app.request(`${path}?queues=no`)).status, 422);
});

testWhere(
  helmCan,
  "helm adds the monitors where they are asked for, and with their key",
  async () => {
    const kinds = (manifests: readonly Fields[]) =>
      manifests.filter(({ apiVersion }) => apiVersion.startsWith("monitoring.coreos.com/"));
    assertEquals(kinds(await template("values-dev.yaml")), []);
    const made = kinds(await template("values-production.yaml"));
    assertEquals(made.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(), [
      "PodMonitor mg-worker",
      "PrometheusRule mg",
      "ServiceMonitor mg",
    ]);
    const { spec } = made.find(({ kind }) => kind === "PodMonitor");
    assertEquals(spec.podMetricsEndpoints[0].authorization, {
      credentials: { name: "model-gateway-metrics", key: "token" },
    });
  },
);
