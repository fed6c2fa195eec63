import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { MAX_EVALUATION_ROWS } from "../../http/evaluation/evaluation_table.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { ConsensusBench } from "./consensus_bench.ts";
import { problemOf } from "./test_gateway.ts";

const INPUT = {
  type: "object",
  properties: { x: { type: "number" }, note: { type: "string" } },
  required: ["x"],
  additionalProperties: false,
};
const ROWS = 60;
/** A smooth noise that is the same at every run. */
const noise = (x: number, phase: number) => Math.sin(12.9898 * (x + 1) + phase);
const measuredOf = (x: number) => x / 10 + 0.3 * noise(x, 0);
const high = (x: number) => x / 10 + 0.8 + 0.3 * noise(x, 2);
const steep = (x: number) => 0.14 * x - 1 + 0.3 * noise(x, 4);
const xs = Array.from({ length: ROWS }, (_, i) => i);

const MEAN = "name: agreed\nchildren: {high: high, steep: steep}\nscheme: mean\n";

function csv(rows: readonly number[] = xs): string {
  return ["x,measured", ...rows.map((x) => `${x},${measuredOf(x)}`)].join("\n") + "\n";
}

async function bench(limits = {}): Promise<ConsensusBench> {
  const b = await ConsensusBench.start(limits);
  const x = (input: Record<string, unknown>) => input.x as number;
  const example = { x: 1 };
  await b.child({ name: "high", inputSchema: INPUT, example, compute: (i) => high(x(i)) });
  await b.child({
    name: "steep",
    inputSchema: INPUT,
    example,
    compute: (i) => x(i) === 13 ? new Error("unlucky") : steep(x(i)),
  });
  return b;
}

/** By hand, over the rows that `steep` computes. */
function rmse(predict: (x: number) => number, rows = xs.filter((x) => x !== 13)): number {
  const squares = rows.map((x) => (predict(x) - measuredOf(x)) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / rows.length);
}

Deno.test("a consensus is evaluated beside its children, with its spread and its failed rows", async () => {
  await using b = await bench();
  await b.register(MEAN);
  b.runner();
  const text = csv() + "five,1\n7,much\n8\n";
  const path = await b.evaluate("agreed", text);
  const { report, rows, version, rowsDone, runs } = await b.evaluated(path);
  assertEquals([rows, version, rowsDone, runs], [63, "1", 63, 1]);
  const mean = (x: number) => (high(x) + steep(x)) / 2;
  assertEquals([report.score.n, report.children.map((c: { child: string }) => c.child)], [
    59,
    ["high", "steep"],
  ]);
  assertAlmostEquals(report.score.rmse, rmse(mean), 1e-9);
  assertAlmostEquals(report.children[0].score.rmse, rmse(high, xs), 1e-9);
  assertEquals([report.children[0].score.n, report.children[1].score.n], [60, 59]);
  assertAlmostEquals(report.children[1].score.rmse, rmse(steep), 1e-9);
  assertEquals(report.best.child, "steep");
  assertAlmostEquals(report.best.difference.difference, rmse(mean) - rmse(steep), 1e-9);
  assert(report.best.difference.low < report.best.difference.high);
  assertEquals(report.spread.range.n, 59);
  assertEquals(report.spread.standardDeviation.quartiles.length, 4);
  assertEquals(report.worst.length, 10);
  assertEquals([report.failed, report.failures.map((f: { row: number }) => f.row)], [4, [
    14,
    61,
    62,
    63,
  ]]);
  assertEquals([report.failures[0].child, report.failures[0].code], ["steep", "child_failed"]);
  assertStringIncludes(report.failures[1].message, "/x: expected number");
  assertStringIncludes(report.failures[2].message, '"much"');
  assertStringIncludes(report.failures[3].message, "line 64 has 1 cells for 2 columns");
  assertEquals(b.faults, []);
});

Deno.test("CSV, JSON lines and JSON rows say the same, under any names of columns", async () => {
  await using b = await bench();
  b.runner();
  const rows = xs.slice(0, 20).map((x) => ({ x, y: measuredOf(x) }));
  const quoted = `"the ""x"", in full"\tlog S\r\n` +
    rows.map(({ x, y }) => `"${x}"\t ${y} `).join("\r\n");
  const field = encodeURIComponent('x:the "x", in full');
  const nested = rows.map(({ x, y }) => ({ input: { x }, y }));
  const paths = [
    await b.evaluate("high", quoted, { query: `?measured=log%20S&field=${field}` }),
    await b.evaluate("high", rows.map((row) => JSON.stringify(row)).join("\n"), {
      type: "application/x-ndjson",
      query: "?measured=y",
    }),
    await b.evaluate("high", JSON.stringify({ rows: nested, measured: "y" }), {
      type: "application/json",
    }),
    await b.evaluate(
      "high",
      JSON.stringify({
        rows: nested.map(({ input: { x }, y }) => ({ X: x, y })),
        fields: { x: "X" },
      }),
      { type: "application/json", query: "?measured=y" },
    ),
  ];
  for (const path of paths) {
    const { report, version } = await b.evaluated(path);
    assertEquals([version, report.score.n, report.children], ["1.0", 20, undefined]);
    assertAlmostEquals(report.score.rmse, rmse(high, xs.slice(0, 20)), 1e-9);
  }
  const list = await (await b.t.call("GET", "/v1/models/high/evaluations?limit=3")).json();
  assertEquals(list.items.length, 3);
  const rest = await b.t.call("GET", `/v1/models/high/evaluations?cursor=${list.nextCursor}`);
  assertEquals((await rest.json()).items.map((e: { id: string }) => e.id), [paths[0]!.slice(-36)]);
});

Deno.test("a model that takes lists gets many rows in a job", async () => {
  await using b = await bench();
  await b.t.gateway.registry.createModel("user:ada", {
    name: "lists",
    description: "takes lists",
    visibility: "public",
    version: {
      version: "1",
      backend: { kind: "echo" },
      inputSchema: { type: "array", items: INPUT },
    },
  });
  await b.t.gateway.catalog.refresh();
  const sizes: number[] = [];
  b.t.work("lists", (_claim, input) => {
    const rows = input as { x: number }[];
    sizes.push(rows.length);
    const values = rows.map(({ x }) => x === 5 ? { error: "odd" } : { value: high(x) });
    return { state: "completed", result: JSON.stringify(values) };
  });
  b.runner();
  const many = Array.from({ length: 450 }, (_, i) => i);
  const { report } = await b.evaluated(await b.evaluate("lists", csv(many)));
  assertEquals(sizes.toSorted((a, b) => a - b), [50, 200, 200]);
  assertEquals([report.score.n, report.failures], [449, [
    { row: 6, code: "row_failed", message: "odd" },
  ]]);
  assertAlmostEquals(report.score.rmse, rmse(high, many.filter((x) => x !== 5)), 1e-9);
});

Deno.test("what a lost process has begun, another takes up, and no job is run twice", async () => {
  await using b = await bench();
  await b.register(MEAN);
  // A process that died after it took the evaluation.
  const path = await b.evaluate("agreed", csv());
  const store = b.t.gateway.evaluations;
  const claimed = await store.claim("dead", Date.now(), 150);
  assertEquals(path.slice(-36), claimed!.id);
  const first = b.runner("first");
  const second = await b.evaluated(path);
  assertEquals([second.runs, second.report.score.n], [2, 59]);
  // A process that is stopped in the middle hands it on at once.
  await b.t.addModel("slow", { version: { inputSchema: INPUT } });
  const stopped = await b.evaluate("slow", csv());
  const { tag } = b.t.gateway.catalog.model("slow")!;
  const jobs = () => b.t.queue.list({ tags: [tag], limit: 200 });
  await eventually(async () => (await jobs()).length === ROWS, "all jobs to wait");
  await first.stop();
  b.runner("next");
  b.t.work("slow", (_claim, input) => {
    const { x } = input as { x: number };
    return { state: "completed", result: JSON.stringify({ value: high(x) }) };
  });
  const ended = await b.evaluated(stopped);
  assertEquals([ended.runs, ended.report.score.n], [2, ROWS]);
  const all = await jobs();
  assertEquals([all.length, new Set(all.map(({ attempt }) => attempt))], [ROWS, new Set([1])]);
  assertEquals([all[0]!.lane, all[0]!.provenance?.evaluation], ["batch", stopped.slice(-36)]);
});

Deno.test("a deleted evaluation stops, and its jobs are cancelled", async () => {
  await using b = await bench();
  await b.t.addModel("slow", { version: { inputSchema: INPUT } });
  b.runner("runner", 300);
  const path = await b.evaluate("slow", csv());
  const { tag } = b.t.gateway.catalog.model("slow")!;
  const states = async () =>
    new Set((await b.t.queue.list({ tags: [tag], limit: 200 })).map(({ state }) => state));
  await eventually(async () => (await states()).has("queued"), "the jobs to wait");
  assertEquals((await b.t.call("DELETE", path)).status, 204);
  await problemOf(await b.t.call("GET", path), 404, "not-found");
  await eventually(
    async () => JSON.stringify([...await states()]) === '["cancelled"]',
    "the jobs to be cancelled",
  );
});

Deno.test("fit proposes weights that are better beyond chance, and writes them with their score", async () => {
  await using b = await bench();
  await b.register(`${MEAN}units: log\noutputs: {both: high + steep}\n`);
  b.runner();
  const path = await b.evaluate("agreed", csv());
  await b.evaluated(path);
  const fit = async (body: unknown, as: "ada" | "ben" = "ada") =>
    await b.t.call("POST", `${path}/fit`, { body, as });
  const proposed = await (await fit({})).json();
  assertEquals(proposed.proposals.length, 3);
  const [best] = proposed.proposals;
  assertEquals([best.method, proposed.helps, best.againstPresent.verdict], [
    "weighted_sum",
    true,
    "better",
  ]);
  assert(best.crossValidated.rmse < proposed.present.rmse);
  assertAlmostEquals(proposed.present.rmse, rmse((x) => (high(x) + steep(x)) / 2), 1e-9);
  assertEquals(proposed.bestChild.child, "steep");
  const response = await fit({ method: "weighted_mean", version: "2.0" });
  assertEquals(response.status, 201);
  const written = await response.json();
  assertEquals(written.written, { model: "agreed", version: "2.0" });
  const consensus = await (await b.t.call("GET", "/v1/consensus/agreed")).json();
  assertEquals([consensus.version, consensus.units, consensus.spec.outputs], ["2.0", "log", {
    both: { formula: "high + steep" },
  }]);
  assertStringIncludes(consensus.documentation, "5-fold cross-validation");
  assertStringIncludes(consensus.documentation, "better than version 1");
  const [{ weight, offset }] = written.proposals[0].children;
  assertEquals([consensus.children[0].weight, consensus.children[0].offset], [weight, offset]);
  const again = await b.evaluated(await b.evaluate("agreed", csv()));
  assertAlmostEquals(again.report.score.rmse, written.proposals[0].fitted.rmse, 1e-4);
  await problemOf(await fit({ version: "2.0" }), 409, "name-taken");
  await problemOf(await fit({ folds: 1 }), 422, "invalid-request");
});

Deno.test("fit says so where it does not help, and where there is too little to fit", async () => {
  await using b = await bench();
  const x = (input: Record<string, unknown>) => input.x as number;
  for (const [name, phase] of [["one", 1], ["two", 3]] as const) {
    const compute = (i: Record<string, unknown>) => measuredOf(x(i)) + 0.3 * noise(x(i) * 7, phase);
    await b.child({ name, inputSchema: INPUT, example: { x: 1 }, compute });
  }
  await b.register("name: good\nchildren: {one: one, two: two}\nscheme: mean\n");
  b.runner();
  const path = await b.evaluate("good", csv());
  await b.evaluated(path);
  const fitted = await (await b.t.call("POST", `${path}/fit`, { body: {} })).json();
  assertEquals(fitted.helps, false);
  assert(fitted.proposals[0].againstPresent.verdict !== "better", JSON.stringify(fitted));
  const few = await b.evaluate("good", csv([1, 2, 3]));
  await b.evaluated(few);
  const refused = await (await b.t.call("POST", `${few}/fit`, { body: {} })).json();
  assertEquals([refused.proposals, refused.refused.length, refused.helps], [[], 3, false]);
  const body = { version: "2" };
  const problem = await problemOf(
    await b.t.call("POST", `${few}/fit`, { body }),
    422,
    "invalid-request",
  );
  assertStringIncludes(problem.detail!, "5-fold");
  const single = await b.evaluate("one", csv());
  await b.evaluated(single);
  await problemOf(await b.t.call("POST", `${single}/fit`, { body: {} }), 422, "invalid-request");
});

Deno.test("an evaluation is its submitter's, and shows only the children that they may read", async () => {
  await using b = await bench();
  await b.child({
    name: "confidential",
    visibility: "private",
    inputSchema: INPUT,
    example: { x: 1 },
    compute: (i) => i.x === 9 ? new Error("confidential says no") : steep(i.x as number),
  });
  await b.register(
    "name: agreed\nvisibility: public\nchildren: {high: high, two: confidential}\nscheme: mean\n",
  );
  b.runner();
  const path = await b.evaluate("agreed", csv(), { as: "cleo" });
  const seen = await b.evaluated(path, { as: "cleo" });
  assert(!/confidential/.test(JSON.stringify(seen)), JSON.stringify(seen));
  assertEquals(
    [seen.report.children.map((c: { child: string }) => c.child), seen.report.spread],
    [["high"], undefined],
  );
  assertEquals([seen.report.failures[0].row, seen.report.failures[0].message], [
    10,
    "the consensus could not be computed",
  ]);
  await problemOf(await b.t.call("GET", path, { as: "ben" }), 404, "not-found");
  await problemOf(await b.t.call("DELETE", path, { as: "ben" }), 404, "not-found");
  assertEquals((await b.t.call("GET", path, { as: "root" })).status, 200);
  const fit = (body: unknown, as: "cleo" | "root") => b.t.call("POST", `${path}/fit`, { as, body });
  await problemOf(await fit({}, "cleo"), 403, "forbidden");
  assertEquals((await fit({}, "root")).status, 200);
  const own = await b.evaluate("agreed", csv());
  assertEquals((await b.evaluated(own)).report.children.length, 2);
  await problemOf(await b.t.call("POST", `${own}/fit`, { body: {}, as: "ben" }), 404, "not-found");
  await b.register("name: theirs\nvisibility: public\nchildren: {high: high}\nscheme: mean\n");
  const foreign = await b.evaluate("theirs", csv(), { as: "cleo" });
  await b.evaluated(foreign, { as: "cleo" });
  const write = await b.t.call("POST", `${foreign}/fit`, { as: "cleo", body: { version: "2" } });
  await problemOf(write, 403, "forbidden");
});

Deno.test("a table that is wrong is refused, and says what it should have been", async () => {
  await using b = await bench({ maxBodyBytes: 64 * 1024 });
  const post = (body: string, type = "text/csv", query = "", model = "high") =>
    b.t.call("POST", `/v1/models/${model}/evaluations${query}`, {
      body,
      headers: { "content-type": type },
    });
  const refused = async (response: Promise<Response>) =>
    (await problemOf(await response, 422, "invalid-request")).errors![0]!;
  assertEquals((await refused(post("a,b\n1,2\n"))).parameter, "measured");
  assertStringIncludes((await refused(post("a,measured\n1,2\n"))).detail!, "field=FIELD:COLUMN");
  assertEquals((await refused(post(csv(), "text/csv", "?field=x"))).parameter, "field");
  assertEquals((await refused(post(csv(), "text/csv", "?fold=1"))).parameter, "fold");
  assertEquals((await refused(post("x,measured\n"))).expected, "at least one row");
  assertStringIncludes((await refused(post("x,measured\n1,\n"))).detail!, "measured is no number");
  assertEquals((await refused(post('x,measured\n1,2\n"3,4\n'))).line, 3);
  const many = "x,measured\n" + "1,1\n".repeat(MAX_EVALUATION_ROWS + 1);
  assertEquals((await refused(post(many))).expected, `at most ${MAX_EVALUATION_ROWS} rows`);
  await problemOf(await post(many + "1,1\n".repeat(8000)), 413, "body-too-large");
  await problemOf(await post(csv(), "text/plain"), 415, "unsupported-media-type");
  await problemOf(await post("{", "application/json"), 400, "invalid-json");
  assertEquals((await refused(post('{"rows": []}', "application/json"))).pointer, "/rows");
  await problemOf(await post(csv(), "text/csv", "?version=9"), 404, "not-found");
  await problemOf(await post(csv(), "text/csv", "", "nowhere"), 404, "not-found");
  for (let i = 0; i < 20; i++) assertEquals((await post(csv([1, 2]))).status, 202);
  await problemOf(await post(csv([1, 2])), 409, "too-many");
});
