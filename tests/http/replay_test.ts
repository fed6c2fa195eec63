import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { JobQueue } from "../../actors/job_queue.ts";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import type { NewVersion } from "../../registry/definition.ts";
import { ConsensusBench } from "./consensus_bench.ts";
import { type Compute, onEachQueue, RouteBench } from "./route_bench.ts";
import { type Call, problemOf, type TestGateway } from "./test_gateway.ts";

const one: NewVersion = { version: "1.0", backend: { kind: "echo" }, inputSchema: true };

/** A gateway with the model `m`, its versions 1.0 (the default) and 2.0, computed so. */
async function bench(queue: JobQueue, compute: Compute): Promise<RouteBench> {
  const b = await RouteBench.start(queue);
  await b.model("m", one, { ...one, version: "2.0" });
  b.work(compute);
  return b;
}

async function replayed(t: TestGateway, id: string, call: Call = {}) {
  const response = await t.call("POST", `/v1/jobs/${id}/replay`, call);
  const text = await response.text();
  assertEquals(response.status, 200, text);
  return JSON.parse(text);
}

await onEachQueue(
  "a replay runs on the recorded version, whatever is the default now, and matches",
  async (queue) => {
    await using b = await bench(queue, ({ version, input }) => ({
      ok: true,
      output: { version, input },
    }));
    const first = await b.ended("m", { a: [1, 2] });
    await b.t.gateway.registry.setDefaultVersion("user:ada", "m", "2.0");
    await b.t.gateway.catalog.refresh();
    await b.route("m", { rules: [{ when: [], version: "2.0" }] });
    const { verdict, job, replay, version } = await replayed(b.t, first.id);
    assertEquals([verdict, job, version], ["match", first.id, "1.0"]);
    const record = await (await b.t.call("GET", `/v1/jobs/${replay}`)).json();
    assertEquals([record.version, record.provenance], ["1.0", { replayOf: first.id }]);
    const read = await (await b.t.call("GET", `/v1/jobs/${replay}/replay`)).json();
    assertEquals([read.verdict, read.job, read.replay], ["match", first.id, replay]);
    await problemOf(await b.t.call("GET", `/v1/jobs/${first.id}/replay`), 404, "not-found");
  },
);

await onEachQueue(
  "a replay that comes out otherwise is drift, with each difference, unless it is within the tolerance",
  async (queue) => {
    let run = 0;
    await using b = await bench(queue, () => {
      run++;
      const output = {
        value: 1 + (run - 1) / 100,
        tags: ["a", ...(run > 1 ? ["b"] : [])],
        "x/y": null,
      };
      return { ok: true, output };
    });
    const first = await b.ended("m", {});
    const drift = await replayed(b.t, first.id);
    assertEquals([drift.verdict, drift.differing], ["drift", 2]);
    const [value, tag] = drift.differences;
    assertEquals([value.pointer, value.recorded, value.replayed], ["/value", 1, 1.01]);
    assert(Math.abs(value.by - 0.01) < 1e-12);
    assertEquals(tag, { pointer: "/tags/1", replayed: "b" });
    const near = await replayed(b.t, first.id, { body: { tolerance: { absolute: 0.5 } } });
    assertEquals([near.verdict, near.differing, near.tolerance], ["drift", 1, { absolute: 0.5 }]);
  },
);

Deno.test("a tolerance that all numbers are within makes a match", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  let value = 100;
  await using b = await bench(queue, () => ({ ok: true, output: [value++] }));
  const { id } = await b.ended("m", {});
  assertEquals(
    (await replayed(b.t, id, { body: { tolerance: { relative: 0.05 } } })).verdict,
    "match",
  );
  assertEquals(
    (await replayed(b.t, id, { body: { tolerance: { relative: 0.001 } } })).verdict,
    "drift",
  );
});

Deno.test("a failure that comes again is a match, another one says that the job cannot run", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  const errors = ["bad_molecule", "bad_molecule", "out_of_memory"];
  await using b = await bench(queue, () => {
    const code = errors.shift();
    if (code === undefined) return { ok: true, output: 1 };
    return { ok: false, error: { code, message: `no: ${code}` }, retry: false };
  });
  const { id } = await b.ended("m", {});
  assertEquals((await replayed(b.t, id)).verdict, "match");
  const other = await replayed(b.t, id);
  assertEquals(other.verdict, "cannot_run");
  assertStringIncludes(other.reason, "no: out_of_memory");
  const better = await replayed(b.t, id);
  assertEquals([better.verdict, better.differences], ["drift", [
    { pointer: "/status", recorded: "failed", replayed: "completed" },
  ]]);
});

Deno.test("what cannot be run again says why, and nothing is queued", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await bench(queue, () => ({ ok: true, output: 1 }));
  const { tag } = b.t.gateway.catalog.model("m")!;
  const job = await b.ended("m", {});
  const reason = async (as: "ada" | "cleo" = "ada", id = job.id) => {
    const { verdict, replay, reason } = await replayed(b.t, id, { as });
    assertEquals([verdict, replay], ["cannot_run", undefined]);
    return reason;
  };
  Object.assign(b.t.gateway.backends, { answers: () => false });
  assertMatch(await reason(), /does not answer/);
  Object.assign(b.t.gateway.backends, { answers: () => true });
  const cleos = await b.t.submit("m", { input: {} }, "cleo");
  await queue.settled(cleos, 30_000);
  const access = { visibility: "private", owners: ["user:ada"], readers: [] } as const;
  await b.t.gateway.registry.setAccess("user:ada", "m", access);
  await b.t.gateway.catalog.refresh();
  assertMatch(await reason("cleo", cleos), /may not run it any more/);
  assertEquals((await queue.list({ tags: [tag], limit: 100 })).length, 2);
});

Deno.test("a job that goes on, one of someone else's and one that is not there are not replayed", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("m", one);
  const id = await b.t.submit("m", { input: {} }, "cleo");
  const path = `/v1/jobs/${id}/replay`;
  await problemOf(await b.t.call("POST", path, { as: "cleo" }), 409, "job-unfinished");
  await queue.cancel(id);
  const { verdict, reason } = await replayed(b.t, id, { as: "cleo" });
  assertEquals(verdict, "cannot_run");
  assertStringIncludes(reason, "it is cancelled");
  await problemOf(await b.t.call("POST", path, { as: "ada" }), 403, "forbidden");
  await problemOf(await b.t.call("POST", path, { as: "ben" }), 404, "not-found");
  const odd = await b.t.call("POST", path, { as: "cleo", body: { tolerance: { absolute: -1 } } });
  await problemOf(odd, 422, "invalid-request");
});

Deno.test("a replay that takes longer than its caller waits is told of later, and a key repeats none", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("m", { ...one, deterministic: true, cache: { ttlSeconds: 60 } });
  const id = await b.t.submit("m", { input: {} });
  const { tag } = b.t.gateway.catalog.model("m")!;
  const complete = async () => {
    const [claim] = await queue.claim(tag, "w", 1, 2000);
    await queue.settle(claim!.lease, { state: "completed", result: "1" });
  };
  await complete();
  const headers = { prefer: "wait=0", "idempotency-key": "again" };
  const call = () => b.t.call("POST", `/v1/jobs/${id}/replay`, { headers });
  const response = await call();
  const pending = await response.json();
  assertEquals([response.status, pending.verdict], [202, "pending"]);
  assertEquals((await (await call()).json()).replay, pending.replay);
  assertEquals((await queue.measure(tag)).waiting.interactive, 1);
  await complete();
  const path = response.headers.get("location")!;
  assertEquals((await (await b.t.call("GET", path)).json()).verdict, "match");
});

Deno.test("a consensus is replayed with its children at the versions that they ran at", async () => {
  await using b = await ConsensusBench.start();
  await b.child({ name: "m1", compute: () => 1 });
  const { registry, catalog } = b.t.gateway;
  const schemas = { inputSchema: true, outputSchema: true } as const;
  const next = { version: "2.0", backend: { kind: "echo" }, ...schemas };
  const version = { ...next, version: "1.0" };
  await registry.createModel("user:ada", {
    name: "m2",
    description: "The model m2",
    visibility: "public",
    version,
  });
  await registry.addVersion("user:ada", "m2", next);
  await registry.setDefaultVersion("user:ada", "m2", "1.0");
  await catalog.refresh();
  b.t.work("m2", ({ version }) => ({
    state: "completed",
    result: JSON.stringify({ value: version === "1.0" ? 3 : 30 }),
  }));
  await b.register("name: agreed\nunits: log\nchildren: {one: m1, two: m2}\nscheme: mean\n");
  await b.register("name: above\nunits: log\nchildren: {x: agreed, y: m1}\nscheme: mean\n");
  const ended = async (model: string) => {
    const id = await b.t.submit(model);
    const job = await b.t.queue.settled(id, 10_000);
    return [id, JSON.parse(job!.result!).value] as const;
  };
  const [id, value] = await ended("agreed");
  const [aboveId, above] = await ended("above");
  assertEquals([value, above], [2, 1.5]);
  await registry.setDefaultVersion("user:ada", "m2", "2.0");
  await catalog.refresh();
  assertEquals((await ended("agreed"))[1], 15.5);
  const body = { tolerance: { absolute: 1e-9 } };
  for (const each of [id, aboveId]) {
    const replay = await replayed(b.t, each, { body });
    assertEquals([replay.verdict, replay.differences], ["match", undefined]);
  }
});
