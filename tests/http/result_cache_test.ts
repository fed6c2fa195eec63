import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import type { NewVersion } from "../../registry/definition.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { onEachQueue, RouteBench } from "./route_bench.ts";
import { problemOf, type User } from "./test_gateway.ts";

const KEPT: NewVersion = {
  version: "1.0",
  backend: { kind: "echo" },
  inputSchema: true,
  deterministic: true,
  cache: { ttlSeconds: 3600 },
};

/** Submits until the job is answered from the cache, and answers that job as its caller sees it. */
async function hit(b: RouteBench, model: string, input: unknown, as: User = "ada") {
  return await eventually(async () => {
    const id = await b.t.submit(model, { input }, as);
    await b.queue.settled(id, 30_000);
    const job = await (await b.t.call("GET", `/v1/jobs/${id}`, { as })).json();
    return job.provenance?.cache !== undefined && job;
  }, "an answer from the cache");
}

await onEachQueue(
  "an equal input is answered by the result that was computed before",
  async (queue) => {
    await using b = await RouteBench.start(queue);
    await b.model("kept", KEPT, { ...KEPT, version: "2.0" });
    let runs = 0;
    b.work(({ version }) => ({ ok: true, output: { run: ++runs, version } }));
    const first = await b.ended("kept", { a: 1, b: [1.0, "x"] });
    assertEquals([first.state, first.provenance], ["completed", undefined]);
    const second = await hit(b, "kept", { b: [1, "x"], a: 1e0 });
    assertEquals([second.status, second.attempt, second.usage], ["completed", 0, undefined]);
    assertNotEquals(second.id, first.id);
    assertEquals(second.provenance.cache.job, first.id);
    assertMatch(second.provenance.cache.key, /^sha256:[0-9a-f]{64}$/);
    assertEquals(second.history.map(({ status }: { status: string }) => status), [
      "queued",
      "completed",
    ]);
    const result = await (await b.t.call("GET", `/v1/jobs/${second.id}/result`)).json();
    assertEquals(result.result, { run: 1, version: "1.0" });
    const before = runs;
    const other = await b.ended("kept", { a: 2, b: [1, "x"] });
    assertEquals(other.provenance, undefined);
    const onTwo = await b.ended("kept", { a: 1, b: [1, "x"] }, { version: "2.0" });
    assertEquals(JSON.parse(onTwo.result!), { run: before + 2, version: "2.0" });
  },
);

await onEachQueue(
  "a job that runs is asked for by Cache-Control, and predict is answered too",
  async (queue) => {
    await using b = await RouteBench.start(queue);
    await b.model("kept", KEPT);
    let runs = 0;
    b.work(() => ({ ok: true, output: ++runs }));
    await b.ended("kept", { a: 1 });
    await hit(b, "kept", { a: 1 });
    const before = runs;
    const predict = async (headers: Record<string, string>) => {
      const call = { body: { input: { a: 1 } }, headers };
      return (await (await b.t.call("POST", "/v1/models/kept/predict", call)).json()).result;
    };
    assertEquals(await predict({}), 1);
    assertEquals(await predict({ "cache-control": "max-age=0, no-cache" }), before + 1);
    const submission = { body: { model: "kept", input: { a: 1 } } };
    const accepted = await (await b.t.call("POST", "/v1/jobs", submission)).json();
    assertEquals(accepted.status, "completed");
  },
);

Deno.test("a cached result is given to whoever may run the model, and tells nothing of the job before", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("kept", KEPT);
  b.work(() => ({ ok: true, output: 7 }));
  const first = await b.ended("kept", { a: 1 });
  const seen = await hit(b, "kept", { a: 1 }, "cleo");
  assertEquals([seen.submitter, seen.provenance.cache.job], ["user:cleo", first.id]);
  await problemOf(await b.t.call("GET", `/v1/jobs/${first.id}`, { as: "cleo" }), 404, "not-found");
  const asOwner = await (await b.t.call("GET", `/v1/jobs/${seen.id}`)).json();
  assertEquals([asOwner.inputDigest, asOwner.provenance.cache.key], [undefined, undefined]);
  const access = { visibility: "private", owners: ["user:ada"], readers: [] } as const;
  await b.t.gateway.registry.setAccess("user:ada", "kept", access);
  await b.t.gateway.catalog.refresh();
  const body = { model: "kept", input: { a: 1 } };
  await problemOf(await b.t.call("POST", "/v1/jobs", { as: "cleo", body }), 404, "not-found");
});

Deno.test("failures are not kept, a result goes with its time, and a version without a cache runs each job", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("kept", { ...KEPT, cache: { ttlSeconds: 1 } });
  const { cache: _, ...plain } = KEPT;
  await b.model("plain", plain);
  let runs = 0;
  const error = { code: "broken", message: "no" };
  b.work(({ input }) => {
    runs++;
    const bad = (input as { bad?: boolean }).bad;
    return bad ? { ok: false, error, retry: false } : { ok: true, output: runs };
  });
  for (let i = 1; i <= 3; i++) {
    assertEquals((await b.ended("kept", { bad: true })).state, "failed");
    assertEquals(runs, i);
  }
  await b.ended("kept", { a: 1 });
  await hit(b, "kept", { a: 1 });
  const before = runs;
  await eventually(async () => {
    await b.ended("kept", { a: 1 });
    return runs > before;
  }, "the result to be too old");
  const plainRuns = runs;
  for (let i = 1; i <= 3; i++) {
    assertEquals((await b.ended("plain", { a: 1 })).provenance, undefined);
    assertEquals(runs, plainRuns + i);
  }
});

Deno.test("a result that is answered counts in no canary, and is not copied to a shadow", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("kept", KEPT, { ...KEPT, version: "2.0" });
  b.work(() => ({ ok: true, output: 1 }));
  await b.ended("kept", { a: 1 });
  await hit(b, "kept", { a: 1 });
  const canary = { version: "2.0", steps: [{ share: 0.01, holdSeconds: 3600 }] };
  await b.route("kept", { canary, shadow: { version: "2.0", sample: 100 } });
  const job = await b.ended("kept", { a: 1 });
  assert(job.provenance?.cache && job.provenance.route);
  assertEquals(job.cohort, undefined);
  const { tag } = b.t.gateway.catalog.model("kept")!;
  assertEquals((await queue.measure(tag)).waiting.batch, 0);
});

Deno.test("a cache that cannot be honoured is refused, with the reason", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("kept", KEPT);
  const faults = async (version: Record<string, unknown>, kind = "invalid-definition") => {
    const body = { version: "9", backend: { kind: "echo" }, inputSchema: true, ...version };
    const response = await b.t.call("POST", "/v1/models/kept/versions", { body });
    return (await problemOf(response, 422, kind)).errors!.map(({ pointer }) => pointer);
  };
  assertEquals(await faults({ cache: { ttlSeconds: 60 } }), ["/cache"]);
  assertEquals(await faults({ deterministic: false, cache: { ttlSeconds: 60 } }), ["/cache"]);
  const never = { deterministic: true, cache: { ttlSeconds: 0 } };
  assertEquals(await faults(never, "invalid-request"), ["/cache/ttlSeconds"]);
  const document = "name: kept2\nunits: log\nchildren: {a: kept, b: {model: kept}}\nscheme: mean\n";
  const consensus = { backend: { kind: "consensus", document } };
  const cached = { ...consensus, deterministic: true, cache: { ttlSeconds: 60 } };
  assertEquals(await faults(cached), ["/cache"]);
});
