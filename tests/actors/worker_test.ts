import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BackendCall, BackendResult } from "../../actors/backend.ts";
import { eventually, LIMITS, supervised } from "../contracts/job_queue_store.ts";
import type { WorkerEvent } from "../../actors/worker.ts";
import { FunctionBackend, LEASE_MS, Workplace } from "./workplace.ts";

function ok(output: unknown): BackendResult {
  return { ok: true, output };
}

/** Runs until it is asked to stop. */
function endless(stopped: string[] = []) {
  return (call: BackendCall) =>
    new Promise<BackendResult>((resolve) => {
      call.signal.addEventListener("abort", () => {
        stopped.push(call.jobId);
        resolve(ok(null));
      });
    });
}

Deno.test("a worker runs what is submitted and records the result", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("twice");
  place.worker(new FunctionBackend(({ input }) => ok({ value: 2 * (input as number) })));
  const ids = await Promise.all([1, 2, 3].map((n) => place.submit(tag, n)));
  const jobs = await Promise.all(ids.map((id) => place.ended(id)));
  assertEquals(jobs.map(({ state, result }) => [state, result]), [
    ["completed", '{"value":2}'],
    ["completed", '{"value":4}'],
    ["completed", '{"value":6}'],
  ]);
});

Deno.test("a worker is idle for as long as it runs nothing", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const [begun, allowed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const worker = place.worker(
    new FunctionBackend(async () => {
      begun.resolve();
      await allowed.promise;
      return ok(1);
    }),
  );
  await eventually(() => Promise.resolve(worker.idleMs > 5), "an idle worker");
  const id = await place.submit(tag);
  await begun.promise;
  assertEquals(worker.idleMs, 0);
  const released = performance.now();
  allowed.resolve();
  assertEquals((await place.ended(id)).state, "completed");
  await eventually(() => Promise.resolve(worker.idleMs > 0), "an idle worker");
  // It counts from the end of the job, not from its beginning.
  assert(worker.idleMs <= performance.now() - released);
});

Deno.test("a backend is told what it runs, and its reports reach the job", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  let seen: BackendCall | undefined;
  place.worker(
    new FunctionBackend((call) => {
      seen = call;
      call.log("hello");
      call.progress({ fraction: 0.3 });
      call.progress({ fraction: 0.6 });
      call.progress({ fraction: 0.9, message: "nearly" });
      return ok(1);
    }),
  );
  const id = await place.submit(tag, { a: 1 }, { traceparent: "00-a-b-01" });
  const job = await place.ended(id);
  assertEquals([seen!.jobId, seen!.deliveryId, seen!.model, seen!.version], [
    id,
    `${id}:1`,
    "m",
    "1",
  ]);
  assertEquals([seen!.input, seen!.traceparent], [{ a: 1 }, "00-a-b-01"]);
  assertEquals(job.progress, { fraction: 0.9, message: "nearly" });
  const events = await place.queue.events(id);
  assertEquals(events.find(({ type }) => type === "log")?.data, { line: "hello" });
  // Those in between are dropped, the last is not.
  assert(events.filter(({ type }) => type === "progress").length <= 2);
});

Deno.test("no more jobs run at once than the model's concurrency, and freed slots are used", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m", { concurrency: 3 });
  let running = 0, most = 0;
  place.worker(
    new FunctionBackend(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
      return ok(1);
    }),
  );
  const ids = await Promise.all(Array.from({ length: 20 }, () => place.submit(tag)));
  for (const id of ids) assertEquals((await place.ended(id)).state, "completed");
  assertEquals(most, 3);
});

for (const batching of [false, true]) {
  const how = batching ? ", in batches" : "";
  Deno.test(`no more jobs of all models run at once than the worker's concurrency${how}`, async () => {
    await using place = await Workplace.open();
    const settings = batching ? { maxBatchSize: 4, maxBatchDelayMs: 5 } : {};
    const tags = await Promise.all(
      Array.from({ length: 12 }, (_, n) => place.model(`m${n}`, settings)),
    );
    let running = 0, most = 0, done = 0;
    const compute = async () => {
      most = Math.max(most, ++running);
      // Now and then long enough that all loops wait for a place.
      await new Promise((resolve) => setTimeout(resolve, done++ % 5 === 0 ? 15 : 1));
      running--;
      return ok(1);
    };
    const early = await Promise.all(tags.map((tag) => place.submit(tag)));
    const worker = place.worker(new FunctionBackend(compute, batching), { concurrency: 5 });
    const ids = await Promise.all(
      Array.from({ length: 120 }, (_, n) => place.submit(tags[n % tags.length]!)),
    );
    for (const id of [...early, ...ids]) {
      assertEquals((await place.ended(id)).state, "completed");
    }
    assertEquals(most, 5);
    await eventually(() => Promise.resolve(worker.places.free === 5), "all places to be free");
  });
}

Deno.test("a worker whose places are all taken by one model serves the others as they come free", async () => {
  await using place = await Workplace.open();
  const [busy, other] = [await place.model("busy"), await place.model("other")];
  const order: string[] = [];
  place.worker(
    new FunctionBackend(async ({ model }) => {
      order.push(model);
      await new Promise((resolve) => setTimeout(resolve, 2));
      return ok(1);
    }),
    { concurrency: 2 },
  );
  await Promise.all(Array.from({ length: 100 }, () => place.submit(busy)));
  const id = await place.submit(other);
  assertEquals((await place.ended(id)).state, "completed");
  assert(order.indexOf("other") < 60, `it came after ${order.indexOf("other")} of the busy model`);
});

Deno.test("a failure is tried again, and the retry may succeed", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const round = await supervised(place.queue, tag);
  let tries = 0;
  const error = { code: "busy", message: "later" };
  place.worker(
    new FunctionBackend(() => ++tries < 3 ? { ok: false, error, retry: true } : ok(tries)),
  );
  const limits = { ...LIMITS, backoffSeconds: 0.02, maxBackoffSeconds: 0.05 };
  const id = await place.submit(tag, {}, { limits });
  await eventually(async () => {
    await round();
    return (await place.queue.get(id))!.state === "completed";
  }, "the third try");
  const job = (await place.queue.get(id))!;
  assertEquals([job.result, job.attempt, job.error], ["3", 3, undefined]);
});

Deno.test("a job out of attempts is dead-lettered, one that cannot be mended is not", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  place.worker(
    new FunctionBackend(({ input }) => ({
      ok: false,
      error: { code: "no", message: "no" },
      retry: input === "again",
    })),
  );
  const limits = { ...LIMITS, maxAttempts: 1 };
  const again = await place.ended(await place.submit(tag, "again", { limits }));
  const never = await place.ended(await place.submit(tag, "never", { limits }));
  assertEquals([again.state, again.deadLettered], ["failed", true]);
  assertEquals([never.state, never.deadLettered], ["failed", false]);
});

Deno.test("a backend that throws fails the attempt, and the worker goes on", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  place.worker(
    new FunctionBackend(({ input }) => {
      if (input === "bad") throw new Error("a surprise");
      return ok("fine");
    }),
  );
  const limits = { ...LIMITS, maxAttempts: 1 };
  const bad = await place.ended(await place.submit(tag, "bad", { limits }));
  assertEquals(bad.error, { code: "backend_error", message: "a surprise" });
  assertEquals((await place.ended(await place.submit(tag, "good"))).state, "completed");
  assert(
    place.events.some((event) => event.kind === "surprise" && event.claim?.lease.jobId === bad.id),
  );
});

Deno.test("an attempt that runs too long is really stopped", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const stopped: string[] = [];
  place.worker(new FunctionBackend(endless(stopped)));
  const limits = { ...LIMITS, maxAttempts: 1, runTimeoutSeconds: 0.2 };
  const job = await place.ended(await place.submit(tag, {}, { limits }));
  assertEquals([job.state, job.error?.code, job.deadLettered], ["failed", "run_timeout", true]);
  assertEquals(stopped, [job.id]);
});

Deno.test("cancelling a running job stops it within a second or so", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const stopped: string[] = [];
  place.worker(new FunctionBackend(endless(stopped)));
  const id = await place.submit(tag);
  await eventually(async () => (await place.queue.get(id))!.state === "running", "the start");
  assertEquals(await place.queue.cancel(id), "cancelling");
  assertEquals((await place.ended(id)).state, "cancelled");
  assertEquals(stopped, [id]);
});

Deno.test("output that breaks the version's schema, or is too large, is a failure", async () => {
  await using place = await Workplace.open();
  const schema = { type: "object", properties: { value: { type: "number" } }, required: ["value"] };
  const tag = await place.model("m", {}, schema);
  place.worker(new FunctionBackend(({ input }) => ok(input)));
  const bad = await place.ended(await place.submit(tag, { value: "many" }));
  assertEquals(bad.error?.code, "invalid_output");
  assertStringIncludes(bad.error!.message, "/value");
  const large = { value: 1, text: "x".repeat(11 * 1024 * 1024) };
  assertEquals((await place.ended(await place.submit(tag, large))).error?.code, "result_too_large");
});

Deno.test("a job whose version or backend is not there ends with the reason", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const limits = { ...LIMITS, maxAttempts: 1 };
  place.worker(new FunctionBackend(() => ok(1)), { backends: new Map() });
  const missing = await place.ended(await place.submit(tag, {}, { version: "9", limits }));
  assertEquals(missing.error?.code, "version_not_found");
  const homeless = await place.ended(await place.submit(tag, {}, { limits }));
  assertEquals(homeless.error?.code, "backend_unavailable");
});

Deno.test("jobs go to a batching backend together, those of one version at a time", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m", { concurrency: 16, maxBatchSize: 8, maxBatchDelayMs: 100 });
  const ids = await Promise.all(Array.from({ length: 16 }, (_, n) => place.submit(tag, n)));
  const backend = new FunctionBackend(({ input }) => ok(input), true);
  place.worker(backend);
  const jobs = await Promise.all(ids.map((id) => place.ended(id)));
  assertEquals(jobs.map(({ result }) => Number(result)), Array.from({ length: 16 }, (_, n) => n));
  assert(backend.batches.length <= 4 && Math.max(...backend.batches) === 8, `${backend.batches}`);
});

Deno.test("a worker that drains finishes what it has and takes no more", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m", { concurrency: 1 });
  const gate = Promise.withResolvers<void>();
  const worker = place.worker(
    new FunctionBackend(async () => {
      await gate.promise;
      return ok(1);
    }),
  );
  const first = await place.submit(tag);
  await eventually(async () => (await place.queue.get(first))!.state === "running", "the start");
  const second = await place.submit(tag);
  const drained = worker.drain(10_000);
  setTimeout(() => gate.resolve(), 50);
  await drained;
  assertEquals((await place.queue.get(first))!.state, "completed");
  assertEquals((await place.queue.get(second))!.state, "queued");
});

Deno.test("at the deadline a draining worker hands back what is left, and it does not count", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const stopped: string[] = [];
  const worker = place.worker(new FunctionBackend(endless(stopped)));
  const id = await place.submit(tag);
  await eventually(async () => (await place.queue.get(id))!.state === "running", "the start");
  await worker.drain(30);
  const job = (await place.queue.get(id))!;
  assertEquals([job.state, job.attempt, job.stalls], ["queued", 0, 0]);
  assertEquals(stopped, [id]);
  place.worker(new FunctionBackend(() => ok("second")));
  assertEquals((await place.ended(id)).result, '"second"');
});

Deno.test("a long job keeps its lease, and is not run twice", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const round = await supervised(place.queue, tag);
  let runs = 0;
  place.worker(
    new FunctionBackend(async () => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, 4 * LEASE_MS));
      return ok(1);
    }),
  );
  const id = await place.submit(tag);
  await eventually(async () => {
    await round();
    return (await place.queue.get(id))!.state === "completed";
  }, "the long job to end");
  assertEquals([runs, (await place.queue.get(id))!.stalls], [1, 0]);
});

Deno.test("an attempt whose lease was passed on is stopped, and its result is dropped", async () => {
  await using place = await Workplace.open();
  // One slot, and it is taken: the job goes to someone else.
  const tag = await place.model("m", { concurrency: 1 });
  const stopped: string[] = [];
  place.worker(new FunctionBackend(endless(stopped)));
  const id = await place.submit(tag);
  await eventually(async () => (await place.queue.get(id))!.state === "running", "the start");
  await place.queue.handBack({ jobId: id, fence: 1, worker: "worker-1", ticket: "" });
  const [claim] = await place.queue.claim(tag, "other", 1, 2000);
  assertEquals(claim?.lease.jobId, id);
  await eventually(() => Promise.resolve(stopped.length === 1), "the attempt to be stopped");
  await place.queue.settle(claim!.lease, { state: "completed", result: '"other"' });
  const job = await place.ended(id);
  assertEquals([job.state, job.result], ["completed", '"other"']);
  assertEquals(job.history.filter(({ state }) => state === "completed").length, 1);
  const lost = (event: WorkerEvent) => event.kind === "attempt" && event.outcome === "lost";
  await eventually(() => Promise.resolve(place.events.some(lost)), "the result to be dropped");
});

Deno.test("a worker serves models as they come and go", async () => {
  await using place = await Workplace.open();
  place.worker(new FunctionBackend(() => ok(1)), { serves: ({ name }) => name !== "other" });
  const late = await place.model("late");
  assertEquals((await place.ended(await place.submit(late))).state, "completed");
  const other = await place.model("other");
  const unserved = await place.submit(other);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals((await place.queue.get(unserved))!.state, "queued");
});
