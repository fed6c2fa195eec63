import { assert, assertEquals, assertMatch } from "@std/assert";
import { observeWorker } from "../../http/metrics/worker_metrics.ts";
import { createOpsApp } from "../../http/ops_app.ts";
import { problemOf, TestGateway } from "./test_gateway.ts";

Deno.test("/healthz and /readyz answer without a key; what fails is named, its detail is not", async () => {
  await using t = await TestGateway.start();
  assertEquals(await (await t.app.request("/healthz")).json(), {
    status: "ok",
    version: "0.1.0",
  });
  assertEquals(await (await t.app.request("/readyz")).json(), {
    status: "ready",
    checks: [{ name: "queue", ok: true }],
  });
  const app = createOpsApp({
    ...t.gateway,
    ready: () => Promise.resolve([{ name: "queue", ok: false, detail: "refused by 10.0.0.7" }]),
  });
  for (const _ of [1, 2]) {
    const response = await app.request("/readyz");
    assertEquals(response.status, 503);
    assertEquals(await response.json(), {
      status: "not_ready",
      checks: [{ name: "queue", ok: false }],
    });
  }
  assertEquals(t.logged, [{ message: "not ready", reasons: "queue: refused by 10.0.0.7" }]);
  await problemOf(await app.request("/v1/models"), 404, "not-found");
});

Deno.test("/metrics tells queue time apart from run time, and the gateway's own overhead", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.submit("esol");
  await t.submit("esol", { lane: "batch" });
  await t.settleOne("esol");
  await problemOf(await t.call("GET", "/v1/models/none"), 404, "not-found");
  await problemOf(await t.call("BREW", "/v1/coffee"), 404, "not-found");
  const response = await t.app.request("/metrics");
  assertMatch(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (
    const line of [
      'model_gateway_jobs_waiting{model="esol",lane="batch"} 1',
      'model_gateway_jobs_waiting{model="esol",lane="interactive"} 0',
      'model_gateway_jobs_ended_total{model="esol",state="completed"} 1',
      'model_gateway_queue_time_seconds_count{model="esol"} 1',
      'model_gateway_run_time_seconds_bucket{model="esol",le="+Inf"} 1',
      "model_gateway_submission_overhead_seconds_count 2",
      'model_gateway_http_requests_total{method="POST",route="/v1/jobs",status="202"} 2',
      'model_gateway_http_requests_total{method="GET",route="/v1/models/:model",status="404"} 1',
      'model_gateway_http_requests_total{method="other",route="none",status="404"} 1',
      "model_gateway_queue_up 1",
      "model_gateway_registry_stale 0",
    ]
  ) {
    assert(text.includes(line + "\n"), `${line} is not in\n${text}`);
  }
  checkExposition(text);
});

/** Fails on text that Prometheus would refuse. */
function checkExposition(text: string): void {
  const typed = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line)?.[1];
    if (type !== undefined) {
      assert(!typed.has(type), `${type} has two types`);
      typed.add(type);
    } else if (!line.startsWith("# HELP ")) {
      const sample = /^([a-z_]+)(?:\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+\})? \S+$/.exec(line);
      assert(sample, line);
      const base = sample[1]!.replace(/_(?:bucket|sum|count)$/, "");
      assert(typed.has(sample[1]!) || typed.has(base), `${line} has no type`);
    }
  }
}

Deno.test("/metrics shows private models to those who may read them", async () => {
  await using t = await TestGateway.start();
  await t.addModel("secret", { visibility: "private" });
  const shows = async (headers?: Record<string, string>) =>
    (await (await t.app.request("/metrics", { headers })).text()).includes('model="secret"');
  assertEquals(await shows(), false);
  assertEquals(await shows({ authorization: `Bearer ${t.keys.ben}` }), false);
  assertEquals(await shows({ authorization: `Bearer ${t.keys.ada}` }), true);
  assertEquals(await shows({ authorization: `Bearer ${t.keys.root}` }), true);
});

Deno.test("/metrics tells of attempts on private models to their readers alone", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.addModel("secret", { visibility: "private" });
  const observe = observeWorker(t.gateway.metrics, { warn: () => {} });
  for (const model of ["esol", "secret"]) {
    await t.submit(model);
    const claim = await t.settleOne(model);
    observe({ kind: "attempt", claim, outcome: "completed", runMs: 5 });
  }
  const anyone = await (await t.app.request("/metrics")).text();
  const line = 'model_gateway_worker_attempts_total{model="esol",outcome="completed"} 1';
  assert(anyone.includes(line) && !anyone.includes("secret"), anyone);
  const owner = await (await t.call("GET", "/metrics")).text();
  assert(owner.includes(line.replace("esol", "secret")), owner);
  assert(owner.includes('model_gateway_worker_attempt_seconds_count{model="secret"} 1'), owner);
});
