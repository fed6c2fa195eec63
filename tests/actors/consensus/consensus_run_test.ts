import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BackendResult } from "../../../actors/backend.ts";
import {
  type ConsensusCall,
  type ConsensusEnd,
  ConsensusStop,
} from "../../../actors/consensus/consensus_call.ts";
import { consensusAnswer } from "../../../actors/consensus/consensus_answer.ts";
import { runConsensus } from "../../../actors/consensus/consensus_run.ts";
import { childJobId, newJobId } from "../../../actors/job_id.ts";
import { Consensus } from "../../../consensus/evaluate.ts";
import { parseSpec } from "../../../consensus/parse_spec.ts";
import type { Verdict } from "../../../consensus/verdict.ts";
import { eventually } from "../../contracts/job_queue_store.ts";
import { FunctionBackend, Workplace } from "../workplace.ts";

/** A place with the child models `a` (1), `b` (2) and `c` (3), and whatever a test adds. */
async function open(
  change: Readonly<Record<string, (input: unknown) => Promise<BackendResult> | BackendResult>> = {},
): Promise<Workplace> {
  const place = await Workplace.open();
  for (const name of new Set(["a", "b", "c", ...Object.keys(change)])) {
    await place.model(name, { maxAttempts: 2, backoffSeconds: 0.01, maxBackoffSeconds: 0.01 });
  }
  const values: Record<string, number> = { a: 1, b: 2, c: 3 };
  place.worker(
    new FunctionBackend((call) =>
      change[call.model]?.(call.input) ?? { ok: true, output: { value: values[call.model]! } }
    ),
  );
  return place;
}

function consensusFrom(lines: string): Consensus {
  const parsed = parseSpec(`name: both\n${lines}`);
  assert("spec" in parsed, JSON.stringify(parsed));
  return new Consensus(parsed.spec);
}

const MEAN = "children: {one: a, two: b, three: c}\nscheme: mean\n";

function callOf(spec: string, change: Partial<ConsensusCall> = {}): ConsensusCall {
  return {
    consensus: consensusFrom(spec),
    rights: { subjects: ["user:ada"], superuser: false },
    submitter: "user:ada",
    input: { x: 1 },
    parent: newJobId(999),
    lane: "batch",
    deadline: Date.now() + 20_000,
    retentionSeconds: 60,
    ...change,
  };
}

function run(place: Workplace, call: ConsensusCall): Promise<ConsensusEnd> {
  return runConsensus(place.queue, place.catalog, call);
}

function verdictOf(end: ConsensusEnd): Verdict {
  assert(end.kind === "judged" && !("rows" in end.verdict), JSON.stringify(end));
  return end.verdict;
}

async function childJobs(place: Workplace) {
  const tags = [...place.catalog.models()].map(({ tag }) => tag);
  return await place.queue.list({ tags, limit: 100 });
}

Deno.test("children run as jobs of their own models, for the owner, in the parent's lane", async () => {
  await using place = await open();
  const call = callOf(MEAN, { traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` });
  const verdict = verdictOf(await run(place, call));
  assert(verdict.ok);
  assertEquals([verdict.value, verdict.spread.range], [2, 2]);
  assertEquals(
    verdict.children.map(({ child, model, version, attempt, value }) => [
      child,
      model,
      version,
      attempt,
      value,
    ]),
    [["one", "a", "1", 1, 1], ["two", "b", "1", 1, 2], ["three", "c", "1", 1, 3]],
  );
  for (const job of await childJobs(place)) {
    assertEquals(
      [job.parent, job.lane, job.submitter, job.traceparent, JSON.parse(job.input)],
      [call.parent, "batch", "user:ada", call.traceparent, { x: 1 }],
    );
    assert(job.limits.runTimeoutSeconds <= 20 && job.limits.queueTimeoutSeconds <= 20);
  }
});

Deno.test("a run after a crash joins the children, and their versions stand", async () => {
  await using place = await open();
  const call = callOf(MEAN);
  const first = verdictOf(await run(place, call));
  await place.registry.addVersion("user:ada", "a", {
    version: "2",
    backend: { kind: "function" },
    inputSchema: { type: "string" },
  });
  await place.registry.setDefaultVersion("user:ada", "a", "2");
  await place.catalog.refresh();
  const second = verdictOf(await run(place, { ...call, again: { readyAt: Date.now() - 60_000 } }));
  assertEquals(second, first);
  assertEquals((await childJobs(place)).length, 3);
});

Deno.test("a required child that fails ends the consensus early and cancels the others", async () => {
  const hanging = Promise.withResolvers<BackendResult>();
  await using place = await open({
    a: () => hanging.promise,
    b: () => ({ ok: false, error: { code: "broken", message: "no" }, retry: false }),
  });
  const end = await run(place, callOf(MEAN));
  const verdict = verdictOf(end);
  assert(!verdict.ok && end.kind === "judged");
  const { code, child, version, attempt, message } = verdict.failure;
  assertEquals([code, child, version, attempt], ["child_failed", "two", "1", 1]);
  assertStringIncludes(message, "broken");
  assertEquals(end.mendable, false);
  const [a] = await place.queue.list({ tags: [place.catalog.model("a")!.tag], limit: 1 });
  assert(a!.cancelRequested);
  hanging.resolve({ ok: true, output: 1 });
});

Deno.test("an optional child that is missing leaves the rest to the quorum", async () => {
  await using place = await open({
    c: () => ({ ok: false, error: { code: "broken", message: "no" }, retry: false }),
  });
  const verdict = verdictOf(await run(place, callOf(MEAN + "quorum: 2\n")));
  assert(verdict.ok);
  assertEquals([verdict.value, verdict.missing], [1.5, [
    { child: "three", code: "broken", message: "no" },
  ]]);
});

Deno.test("a child that takes too long is cancelled and counts as missing", async () => {
  const hanging = Promise.withResolvers<BackendResult>();
  await using place = await open({ c: () => hanging.promise });
  const spec = "children: {one: a, three: {model: c, timeoutSeconds: 0.1}}\n" +
    "scheme: mean\nquorum: 1\n";
  const verdict = verdictOf(await run(place, callOf(spec)));
  assert(verdict.ok);
  assertEquals([verdict.value, verdict.missing[0]?.code], [1, "timeout"]);
  const [c] = await place.queue.list({ tags: [place.catalog.model("c")!.tag], limit: 1 });
  assert(c!.cancelRequested);
  hanging.resolve({ ok: true, output: 1 });
});

for (
  const [how, cancelled] of [["cancel", true], ["leave", false], ["judge", true]] as const
) {
  Deno.test(`stopped with ${how}, the children are ${cancelled ? "" : "not "}cancelled`, async () => {
    const hanging = Promise.withResolvers<BackendResult>();
    await using place = await open({ a: () => hanging.promise });
    const stop = new AbortController();
    const ending = run(place, callOf(MEAN, { signal: stop.signal }));
    const tags = [place.catalog.model("a")!.tag];
    await eventually(
      async () => (await place.queue.list({ tags, limit: 1, states: ["running"] })).length === 1,
      "the child to run",
    );
    stop.abort(new ConsensusStop(how));
    const end = await ending;
    assertEquals(end.kind, how === "judge" ? "judged" : "stopped");
    if (how === "judge") {
      const verdict = verdictOf(end);
      // The others may have ended by then, or not.
      assertEquals(verdict.missing.find(({ child }) => child === "one")?.code, "timeout");
    }
    const [a] = await place.queue.list({ tags, limit: 1 });
    assertEquals(a!.cancelRequested, cancelled);
    hanging.resolve({ ok: true, output: { value: 1 } });
  });
}

Deno.test("a child that ended badly before its parent was made ready is asked again", async () => {
  let broken = true;
  await using place = await open({
    b: () =>
      broken
        ? { ok: false, error: { code: "broken", message: "no" }, retry: false }
        : { ok: true, output: { value: 5 } },
  });
  const call = callOf(MEAN);
  assert(!verdictOf(await run(place, call)).ok);
  broken = false;
  // Rescued after a crash, it is the same try: the failure stands.
  const again = await run(place, { ...call, again: { readyAt: Date.now() - 60_000 } });
  assert(!verdictOf(again).ok);
  // Requeued later, it is another one.
  const requeued = { ...call, again: { readyAt: Date.now() + 1 } };
  await new Promise((resolve) => setTimeout(resolve, 2));
  const verdict = verdictOf(await run(place, requeued));
  assert(verdict.ok);
  assertEquals(verdict.value, 3);
  const tag = place.catalog.model("b")!.tag;
  assertEquals(
    (await place.queue.list({ tags: [tag], limit: 10 })).map(({ id }) => id).toSorted(),
    [childJobId(call.parent, "two", tag), childJobId(call.parent, "two#1", tag)]
      .toSorted(),
  );
});

Deno.test("children that the owners may not run, or that are gone, are missing and say so", async () => {
  await using place = await open();
  const spec = "children: {one: a, gone: nowhere, two: b}\nscheme: mean\nquorum: 1\n";
  const strange = callOf(spec, { rights: { subjects: ["user:bob"], superuser: false } });
  await place.registry.setAccess("user:ada", "b", {
    visibility: "public",
    owners: ["user:ada"],
    readers: [],
  });
  await place.catalog.refresh();
  const verdict = verdictOf(await run(place, strange));
  assertEquals(verdict.missing.map(({ child, code }) => [child, code]), [
    ["one", "access"],
    ["gone", "model_not_found"],
  ]);
  assert(verdict.ok);
  assertEquals(verdict.value, 2);
});

Deno.test("a list is judged row by row, as one job where a child takes lists, else a job a row", async () => {
  await using place = await open({
    a: (input) => ({ ok: true, output: (input as number[]).map((x) => x + 1) }),
    row: (input) =>
      input === 2
        ? { ok: false, error: { code: "odd", message: "not two" }, retry: false }
        : { ok: true, output: { value: input as number } },
  });
  await place.registry.addVersion("user:ada", "row", {
    version: "2",
    backend: { kind: "function" },
    inputSchema: { type: "number" },
  });
  await place.catalog.refresh();
  const spec = "children: {one: a, each: row}\nscheme: mean\n";
  const end = await run(place, callOf(spec, { input: [1, 2, 3] }));
  assert(end.kind === "judged");
  const answer = consensusAnswer({ verdict: end.verdict }) as {
    rows: { value?: number; error?: { code: string; child: string }; values: unknown }[];
  };
  assertEquals(answer.rows.map(({ value }) => value), [1.5, undefined, 3.5]);
  assertEquals([answer.rows[1]!.error?.code, answer.rows[1]!.error?.child], [
    "child_failed",
    "each",
  ]);
  const jobs = await childJobs(place);
  assertEquals(jobs.filter(({ model }) => model === "a").length, 1);
  assertEquals(jobs.filter(({ model }) => model === "row").length, 3);
});

Deno.test("a child whose version is retired fails by itself, and nothing of it is submitted", async () => {
  await using place = await open();
  await place.registry.setLifecycle("user:ada", "b", "1", { retiresAt: Date.now() - 1000 });
  await place.catalog.refresh();
  const pinned = MEAN.replace("two: b", "two: { model: b, version: '1' }");
  const verdict = verdictOf(await run(place, callOf(pinned)));
  assert(!verdict.ok);
  assertEquals([verdict.failure.code, verdict.failure.child], ["child_failed", "two"]);
  assertStringIncludes(verdict.failure.message, "b 1 is retired");
  const { tag } = place.catalog.model("b")!;
  assertEquals(await place.queue.list({ tags: [tag], limit: 1 }), []);
});
