import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BackendResult } from "../../../actors/backend.ts";
import type { CallbackSender } from "../../../actors/callback_sender.ts";
import { type ConsensusTrace, hasRows } from "../../../actors/consensus/consensus_answer.ts";
import { isConsensusModel } from "../../../actors/consensus/consensus_model.ts";
import { QueueUnavailable } from "../../../actors/job_queue.ts";
import { childJobId } from "../../../actors/job_id.ts";
import { Scheduler, type SchedulerOptions } from "../../../actors/scheduler.ts";
import { eventually, LIMITS } from "../../contracts/job_queue_store.ts";
import { FunctionBackend, LEASE_MS, Workplace } from "../workplace.ts";

const SENDER: CallbackSender = {
  send: () => Promise.resolve({ ok: true, status: 200, tookMs: 1 }),
};
const MEAN = "children: {one: a, two: b, three: c}\nscheme: mean\ndisagreement: 1\n";

type Answers = Readonly<Record<string, () => Promise<BackendResult> | BackendResult>>;

/** A place with the child models `a` (1), `b` (2) and `c` (3) and a scheduler at work. */
class ConsensusPlace implements AsyncDisposable {
  readonly schedulers: Scheduler[] = [];
  readonly faults: string[] = [];

  private constructor(readonly place: Workplace) {}

  static async open(answers: Answers = {}, isPublic = true): Promise<ConsensusPlace> {
    const place = await Workplace.open();
    const settings = { maxAttempts: 2, backoffSeconds: 0.01, maxBackoffSeconds: 0.01 };
    for (const name of ["a", "b", "c"]) {
      await place.model(name, { ...settings, concurrency: 100 });
      const access = { owners: ["user:ada"], readers: [] };
      const visibility = isPublic ? "public" : "private";
      await place.registry.setAccess("user:ada", name, { ...access, visibility });
    }
    const values: Record<string, number> = { a: 1, b: 2, c: 3 };
    place.worker(
      new FunctionBackend(({ model }) =>
        answers[model]?.() ?? { ok: true, output: { value: values[model]! } }
      ),
      { serves: ({ name }) => !isConsensusModel(place.catalog, name) },
    );
    return new ConsensusPlace(place);
  }

  async scheduler(change: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
    const { queue, catalog } = this.place;
    const scheduler = new Scheduler({
      queue,
      catalog,
      name: `s${this.schedulers.length}`,
      sender: SENDER,
      leaseMs: LEASE_MS,
      onFault: (what) => void this.faults.push(what),
      ...change,
    });
    this.schedulers.push(scheduler);
    await scheduler.start();
    return scheduler;
  }

  /** Waits until a child's job is running. */
  async running(model: string): Promise<void> {
    const tags = [this.place.catalog.model(model)!.tag];
    await eventually(
      async () =>
        (await this.place.queue.list({ tags, limit: 1, states: ["running"] })).length === 1,
      `${model} to run`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const scheduler of this.schedulers) await scheduler.stop();
    await this.place[Symbol.asyncDispose]();
  }
}

Deno.test("a consensus job is claimed by a scheduler, and its answer tells of the children", async () => {
  await using at = await ConsensusPlace.open();
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  await at.scheduler();
  const id = await place.submit(tag, { smiles: "CCO" }, { submitter: "user:bob", lane: "batch" });
  const job = await place.ended(id);
  assertEquals([job.state, job.attempt, job.trace], ["completed", 1, undefined]);
  const result = JSON.parse(job.result!);
  assertEquals([result.value, result.units, result.disagreement], [2, "log", true]);
  assertEquals(result.spread, { values: 3, standardDeviation: 1, range: 2, agreement: 1 / 3 });
  assertEquals(result.missing, []);
  assertEquals(result.revision.length, 64);
  const [one] = result.children;
  const child = (await place.queue.get(one.jobId))!;
  assertEquals([child.parent, child.submitter, child.lane], [id, "user:ada", "batch"]);
  assertEquals([one.child, one.model, one.version, one.value, one.weight], ["one", "a", "1", 1, 1]);
  assert(one.seconds >= 0);
});

Deno.test("what strangers may not see of the children is kept beside the result, not in it", async () => {
  await using at = await ConsensusPlace.open({}, false);
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  await at.scheduler();
  const job = await place.ended(await place.submit(tag));
  const result = JSON.parse(job.result!);
  assertEquals(result.value, 2);
  assertEquals(result.children, [
    { child: "one", weight: 1, offset: 0 },
    { child: "two", weight: 1, offset: 0 },
    { child: "three", weight: 1, offset: 0 },
  ]);
  assertEquals(result.spread.range, null);
  const { verdict } = JSON.parse(job.trace!) as ConsensusTrace;
  assert(!hasRows(verdict));
  assertEquals(verdict.children.map(({ model, value }) => [model, value]), [
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ]);
});

Deno.test("a child that fails ends its parent, which names child, version and attempt", async () => {
  await using at = await ConsensusPlace.open({
    b: () => ({ ok: false, error: { code: "broken", message: "no oil" }, retry: true }),
  });
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  await at.scheduler();
  const job = await place.ended(await place.submit(tag));
  assertEquals([job.state, job.deadLettered], ["failed", true]);
  const { code, child, version, attempt, message } = job.error!;
  assertEquals([code, child, version, attempt], ["child_failed", "two", "1", 2]);
  assertStringIncludes(message, "no oil");
});

Deno.test("requeued after a child failed, a consensus asks that child again and joins the rest", async () => {
  let broken = true;
  await using at = await ConsensusPlace.open({
    b: () =>
      broken
        ? { ok: false, error: { code: "broken", message: "no" }, retry: true }
        : { ok: true, output: { value: 2 } },
  });
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  await at.scheduler();
  const id = await place.submit(tag);
  assertEquals((await place.ended(id)).state, "failed");
  broken = false;
  assert(await place.queue.requeue(id));
  const job = await place.ended(id);
  assertEquals([job.state, JSON.parse(job.result!).value], ["completed", 2]);
  const tags = ["a", "b", "c"].map((name) => place.catalog.model(name)!.tag);
  const children = await place.queue.list({ tags, limit: 20 });
  const completed = children.filter(({ state }) => state === "completed");
  assertEquals(completed.map(({ model }) => model).toSorted(), ["a", "b", "c"]);
});

Deno.test("cancelling a consensus cancels its children", async () => {
  const hanging = Promise.withResolvers<BackendResult>();
  await using at = await ConsensusPlace.open({
    a: () => hanging.promise,
    b: () => hanging.promise,
  });
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  await at.scheduler();
  const id = await place.submit(tag);
  await at.running("a");
  await at.running("b");
  assertEquals(await place.queue.cancel(id), "cancelling");
  assertEquals((await place.ended(id)).state, "cancelled");
  for (const [key, model] of [["one", "a"], ["two", "b"]] as const) {
    const child = childJobId(id, key, place.catalog.model(model)!.tag);
    assert((await place.queue.get(child))!.cancelRequested);
  }
  hanging.resolve({ ok: true, output: { value: 1 } });
});

Deno.test("out of time, a consensus is judged by the children that have answered", async () => {
  const hanging = Promise.withResolvers<BackendResult>();
  await using at = await ConsensusPlace.open({ c: () => hanging.promise });
  const { place } = at;
  const some = await place.consensus("some", MEAN + "quorum: 2\n");
  const all = await place.consensus("all", MEAN + "deadlineSeconds: 0.15\n");
  await at.scheduler();
  const limits = { ...LIMITS, runTimeoutSeconds: 0.15 };
  const [judged, failed] = await Promise.all([
    place.submit(some, {}, { limits }).then((id) => place.ended(id)),
    place.submit(all).then((id) => place.ended(id)),
  ]);
  assertEquals(judged.state, "completed");
  const { value, missing } = JSON.parse(judged.result!);
  assertEquals([value, missing[0].child, missing[0].code], [1.5, "three", "timeout"]);
  assertEquals([failed.state, failed.error?.child, failed.attempt], ["failed", "three", 1]);
  hanging.resolve({ ok: true, output: { value: 1 } });
});

Deno.test("a scheduler that stops hands its consensus over, and no child runs twice", async () => {
  const hanging = Promise.withResolvers<BackendResult>();
  let runs = 0;
  await using at = await ConsensusPlace.open({
    a: () => {
      runs++;
      return hanging.promise;
    },
  });
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  const first = await at.scheduler();
  const id = await place.submit(tag);
  await at.running("a");
  await first.stop();
  assertEquals((await place.queue.get(id))!.state, "queued");
  const second = await at.scheduler();
  await eventually(() => Promise.resolve(second.consensusRunning === 1), "it to be taken over");
  hanging.resolve({ ok: true, output: { value: 1 } });
  const job = await place.ended(id);
  assertEquals([job.state, job.attempt, runs], ["completed", 1, 1]);
});

Deno.test("an actor whose queue is away for a moment is replaced, and joins its children", async () => {
  await using at = await ConsensusPlace.open();
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  let faults = 2;
  const flaky = new Proxy(place.queue, {
    get(target, name) {
      if (name === "ask" && faults > 0) {
        return async (...args: Parameters<typeof target.ask>) => {
          if (faults-- <= 0) return await target.ask(...args);
          await target.submit(args[0]);
          throw new QueueUnavailable("away");
        };
      }
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  await at.scheduler({ queue: flaky });
  const job = await place.ended(await place.submit(tag));
  assertEquals([job.state, job.attempt], ["completed", 1]);
  assertEquals(at.faults.some((what) => what.startsWith("consensus-")), true);
  const tags = ["a", "b", "c"].map((name) => place.catalog.model(name)!.tag);
  assertEquals((await place.queue.list({ tags, limit: 20 })).length, 3);
});

Deno.test("a consensus of consensus models is computed, to a depth and not in a circle", async () => {
  await using at = await ConsensusPlace.open();
  const { place } = at;
  await place.consensus("inner", "children: {one: a, two: b}\nscheme: mean\n");
  const outer = await place.consensus(
    "outer",
    "children: {low: inner, high: c}\nscheme: mean\n",
  );
  const circle = await place.consensus("circle", "children: {me: circle}\nscheme: mean\n");
  await at.scheduler();
  const job = await place.ended(await place.submit(outer));
  assertEquals([job.state, JSON.parse(job.result!).value], ["completed", 2.25]);
  const round = await place.ended(await place.submit(circle));
  assertEquals([round.state, round.error?.code], ["failed", "consensus_cycle"]);
});

Deno.test("more consensus jobs than may be under way at once wait their turn", async () => {
  const hanging = Promise.withResolvers<BackendResult>();
  await using at = await ConsensusPlace.open({ a: () => hanging.promise });
  const { place } = at;
  const tag = await place.consensus("both", MEAN);
  const scheduler = await at.scheduler({ consensusInFlight: 3 });
  const ids = await Promise.all(Array.from({ length: 5 }, () => place.submit(tag)));
  await eventually(() => Promise.resolve(scheduler.consensusRunning === 3), "three to run");
  assertEquals((await place.queue.measure(tag)).waiting.interactive, 2);
  hanging.resolve({ ok: true, output: { value: 1 } });
  const jobs = await Promise.all(ids.map((id) => place.ended(id)));
  assertEquals(jobs.map(({ state }) => state), Array(5).fill("completed"));
});
