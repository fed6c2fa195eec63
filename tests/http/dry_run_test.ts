import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { cacheKey } from "../../actors/result_cache.ts";
import { onEachQueue, RouteBench } from "./route_bench.ts";
import { problemOf, TestGateway } from "./test_gateway.ts";

Deno.test("dryRun says which version would answer and by what route, and changes nothing", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const two = { version: "2.0", backend: { kind: "echo" }, inputSchema: true };
  await t.call("POST", "/v1/models/esol/versions", { body: two });
  await t.gateway.registry.setDefaultVersion("user:ada", "esol", "1.0");
  await t.gateway.catalog.refresh();
  const rules = [{ name: "ben", when: [{ user: ["ben"] }], version: "2.0" }];
  await t.call("PUT", "/v1/models/esol/route", { body: { rules } });
  const body = { model: "esol", input: { smiles: "CCO" }, dryRun: true };
  const dry = async (as: "ada" | "ben") => {
    const headers = { "idempotency-key": "k" };
    const response = await t.call("POST", "/v1/jobs", { as, body, headers });
    assertEquals(response.status, 200);
    return await response.json();
  };
  const asBen = await dry("ben");
  assertEquals([asBen.dryRun, asBen.version, asBen.route.by, asBen.route.rule], [
    true,
    "2.0",
    "rule",
    "ben",
  ]);
  assertEquals((await dry("ada")).version, "1.0");
  const { tag } = t.gateway.catalog.model("esol")!;
  assertEquals(await t.queue.list({ tags: [tag], limit: 10 }), []);
  assertEquals((await t.queue.measure(tag)).waiting, { interactive: 0, batch: 0 });
  const headers = { "idempotency-key": "k" };
  const real = await t.call("POST", "/v1/jobs", { body: { ...body, dryRun: false }, headers });
  assertEquals([real.status, real.headers.get("idempotency-replayed")], [202, null]);
  await real.body?.cancel();
});

Deno.test("dryRun refuses what a submission would refuse", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.addModel("hidden", { visibility: "private" });
  const dry = (body: Record<string, unknown>) =>
    t.call("POST", "/v1/jobs", { as: "cleo", body: { dryRun: true, ...body } });
  const bad = await dry({ model: "esol", input: { smiles: 1 } });
  await problemOf(bad, 422, "invalid-input");
  await problemOf(await dry({ model: "hidden", input: { smiles: "C" } }), 404, "not-found");
  await problemOf(await dry({ model: "esol", version: "9", input: {} }), 404, "not-found");
});

await onEachQueue(
  "dryRun forecasts the wait by the jobs ahead, and the cost by the prices",
  async (queue) => {
    await using b = await RouteBench.start(queue);
    const resources = { cpu: 2 };
    const prices = { perCpuSecond: 0.5, perCall: 0.25 };
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
    await b.model("priced", { ...version, resources, prices });
    const dry = async (more: Record<string, unknown> = {}) => {
      const body = { model: "priced", input: {}, dryRun: true, ...more };
      return await (await b.t.call("POST", "/v1/jobs", { body })).json();
    };
    const before = await dry();
    assertEquals(before.wait, { seconds: 0, ahead: 0, running: 0 });
    assert(before.run.unknown && before.cost.unknown && before.cost.amount === undefined);
    assertEquals([before.cost.perCall, before.cost.perSecond], [0.25, 1]);
    const { tag } = b.t.gateway.catalog.model("priced")!;
    const submit = (count: number) =>
      Promise.all(Array.from({ length: count }, () => b.t.submit("priced", { input: {} })));
    const claim = async () => (await queue.claim(tag, "w", 1, 2000))[0]!.lease;
    await submit(1);
    const first = await claim();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await queue.settle(first, { state: "completed", result: "1" });
    await submit(3);
    const stuck = await dry();
    assertEquals([stuck.wait.ahead, stuck.wait.running, stuck.wait.seconds], [3, 0, undefined]);
    assert(stuck.wait.unknown);
    await claim();
    const after = await dry();
    const { runTime } = await queue.measure(tag);
    const mean = runTime.sumMs / runTime.count / 1000;
    assert(mean >= 0.05, `${mean} s`);
    assertEquals([after.wait.ahead, after.wait.running], [2, 1]);
    assertAlmostEquals(after.wait.seconds, 2 * mean, 1e-9);
    assertAlmostEquals(after.run.seconds, mean, 1e-9);
    assert(after.run.p95Seconds >= after.run.seconds / 2);
    assertAlmostEquals(after.cost.amount, 0.25 + mean, 1e-6);
  },
);

Deno.test("dryRun says that a kept result would be the answer, and which quotas have no room", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  const repeats = { deterministic: true, cache: { ttlSeconds: 60 } };
  const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
  await b.model("kept", { ...version, ...repeats });
  const resolved = b.t.gateway.catalog.resolve("kept")!;
  const key = cacheKey(resolved.model.tag, resolved.version, { a: 1 });
  await b.cache.keep(key, "some-job", "1", 60);
  await b.t.call("PUT", "/v1/quotas/user:ada", { as: "root", body: { jobsPerDay: 1 } });
  const dry = async (input: unknown) => {
    const body = { model: "kept", input, dryRun: true };
    return await (await b.t.call("POST", "/v1/jobs", { body })).json();
  };
  assertEquals((await dry({ a: 1 })).cached, { job: "some-job" });
  const fresh = await dry({ a: 2 });
  assertEquals([fresh.cached, fresh.quotasWithoutRoom], [undefined, []]);
  await b.t.submit("kept", { input: { a: 3 } });
  assertEquals((await dry({ a: 2 })).quotasWithoutRoom, ["user:ada;jobsPerDay"]);
});
