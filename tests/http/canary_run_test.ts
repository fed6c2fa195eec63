import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JobQueue } from "../../actors/job_queue.ts";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { RouteWatch, type RouteWatchMessage } from "../../actors/routing/route_watch.ts";
import { ActorSystem } from "../../actors/system.ts";
import { Catalog } from "../../registry/catalog.ts";
import type { NewVersion } from "../../registry/definition.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { onEachQueue, RouteBench } from "./route_bench.ts";

const version = (version: string): NewVersion => ({
  version,
  backend: { kind: "echo" },
  inputSchema: true,
});
const STEPS = [
  { share: 30, holdSeconds: 0, minJobs: 10 },
  { share: 70, holdSeconds: 0, minJobs: 10 },
  { share: 100, holdSeconds: 0, minJobs: 10 },
];
const ROUTE = {
  key: { by: "job" },
  canary: { version: "2.0", steps: STEPS, latencySlackMs: 2000 },
};
const PATIENCE_MS = 20_000;

/** Sends jobs, some at a time, until the canary is in another phase than `running`. */
async function traffic(b: RouteBench, model: string): Promise<void> {
  await eventually(
    async () => {
      await Promise.all(Array.from({ length: 25 }, (_, n) => b.ended(model, { n })));
      return (await b.canary(model)).phase !== "running";
    },
    `the canary of ${model} to end`,
    PATIENCE_MS,
  );
}

await onEachQueue("a canary that holds advances by its steps to the end", async (queue) => {
  await using b = await RouteBench.start(queue);
  await b.model("good", version("1.0"), version("2.0"));
  b.work(() => ({ ok: true, output: 1 }));
  await b.scheduler();
  await b.route("good", ROUTE);
  await traffic(b, "good");
  const { phase, step } = await b.canary("good");
  assertEquals([phase, step], ["completed", 2]);
  const steps = await b.steps("good");
  assertEquals(steps.map((reason) => reason.split(":")[0]), ["advance", "advance", "complete"]);
  const last = await b.ended("good", {});
  assertEquals([last.version, last.provenance?.route?.by], ["2.0", "canary"]);
});

await onEachQueue("a canary that fails goes back by itself", async (queue) => {
  await using b = await RouteBench.start(queue);
  await b.model("bad", version("1.0"), version("2.0"));
  const error = { code: "broken", message: "no" };
  b.work(({ version }) =>
    version === "2.0" ? { ok: false, error, retry: false } : { ok: true, output: 1 }
  );
  await b.scheduler();
  await b.route("bad", ROUTE);
  await traffic(b, "bad");
  const { phase, step, reason } = await b.canary("bad");
  assertEquals([phase, step], ["rolled_back", 0]);
  assertStringIncludes(reason, "attempts failed");
  const after = await Promise.all(Array.from({ length: 25 }, (_, n) => b.ended("bad", { n })));
  assertEquals(new Set(after.map(({ version }) => version)), new Set(["1.0"]));
});

await onEachQueue("a canary that is slower goes back by itself", async (queue) => {
  await using b = await RouteBench.start(queue);
  await b.model("slow", version("1.0"), version("2.0"));
  b.work(async ({ version }) => {
    if (version === "2.0") await new Promise((resolve) => setTimeout(resolve, 800));
    return { ok: true, output: 1 };
  });
  await b.scheduler();
  const canary = { ...ROUTE.canary, maxLatencyRatio: 1.5, latencySlackMs: 100 };
  const steps = [{ share: 50, holdSeconds: 3600 }, { share: 100, holdSeconds: 0 }];
  await b.route("slow", { ...ROUTE, canary: { ...canary, steps } });
  await traffic(b, "slow");
  const { phase, reason } = await b.canary("slow");
  assertEquals(phase, "rolled_back");
  assertStringIncludes(reason, "of its runs take up to");
});

/** The same queue, until it is cut off: whoever works with it can then do nothing more. */
function cuttable(queue: JobQueue): { readonly queue: JobQueue; cut(): void } {
  let isCut = false;
  return {
    queue: new Proxy(queue, {
      get(target, name) {
        if (isCut) return () => Promise.reject(new Error("killed"));
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    cut: () => void (isCut = true),
  };
}

Deno.test("a canary outlives its scheduler: another goes on where it was", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("held", version("1.0"), version("2.0"));
  b.work(() => ({ ok: true, output: 1 }));
  const first = cuttable(queue);
  await b.scheduler({ queue: first.queue });
  const steps = [...STEPS.slice(0, 2), { share: 90, holdSeconds: 0, minJobs: 100 }, STEPS[2]!];
  await b.route("held", { ...ROUTE, canary: { ...ROUTE.canary, steps } });
  await eventually(
    async () => {
      await Promise.all(Array.from({ length: 25 }, (_, n) => b.ended("held", { n })));
      return (await b.canary("held")).step > 0;
    },
    "the first step",
    PATIENCE_MS,
  );
  first.cut();
  await b.scheduler();
  await traffic(b, "held");
  assertEquals((await b.canary("held")).phase, "completed");
  const made = (await b.steps("held")).map((reason) => reason.split(":")[0]);
  assertEquals(made, ["advance", "advance", "advance", "complete"]);
});

Deno.test("a canary never leads to a version that is not ready, and waits until it is", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  const late = { ...version("2.0"), backend: { kind: "echo", delayMs: 1 } };
  await b.model("late", version("1.0"), late);
  let ready = true;
  Object.assign(b.t.gateway.backends, {
    answers: ({ delayMs }: { delayMs?: number }) => delayMs === undefined || ready,
  });
  b.work(() => ({ ok: true, output: 1 }));
  await b.scheduler();
  await b.route("late", { ...ROUTE, canary: { ...ROUTE.canary, steps: [STEPS[0], STEPS[2]] } });
  ready = false;
  const jobs = await Promise.all(Array.from({ length: 60 }, (_, n) => b.ended("late", { n })));
  assertEquals(new Set(jobs.map(({ version }) => version)), new Set(["1.0"]));
  assert(jobs.some(({ provenance }) => provenance?.route?.instead === "2.0"));
  assertEquals((await b.canary("late")).step, 0);
  ready = true;
  await traffic(b, "late");
  assertEquals((await b.canary("late")).phase, "completed");
});

Deno.test("two that look after a canary at one time make each of its steps once", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  await using b = await RouteBench.start(queue);
  await b.model("both", version("1.0"), version("2.0"));
  b.work(() => ({ ok: true, output: 1 }));
  const { registry, catalog } = b.t.gateway;
  const { tag } = catalog.model("both")!;
  const faults: unknown[] = [];
  const onFault = (_what: string, error: unknown) => void faults.push(error);
  const watching = new ActorSystem({ mailboxCapacity: 4 });
  await using other = new Catalog(b.t.database);
  await other.start();
  await b.route("both", ROUTE);
  await other.refresh();
  let judged = 0;
  const counting = {
    setDocument: (...change: Parameters<typeof registry.setDocument>) => {
      judged++;
      return registry.setDocument(...change);
    },
  };
  for (const [i, seen] of [catalog, other].entries()) {
    const options = { jobs: queue, registry: counting, model: "both", tag, onFault };
    watching.spawn<RouteWatchMessage>(
      `route-${i}`,
      (self) => new RouteWatch({ ...options, catalog: seen }, self),
    );
  }
  await traffic(b, "both");
  await watching.stopAll();
  assertEquals(faults, []);
  const made = (await b.steps("both")).map((reason) => reason.split(":")[0]);
  assertEquals(made, ["advance", "advance", "complete"]);
  assert(judged >= made.length);
});
