import { assert, assertEquals, assertMatch } from "@std/assert";
import { childInput } from "../../consensus/child_input.ts";
import { nestingOf } from "../../consensus/cycles.ts";
import { Consensus } from "../../consensus/evaluate.ts";
import { parseSpec } from "../../consensus/parse_spec.ts";
import { redact, redactRows } from "../../consensus/redact.ts";
import type { ConsensusSpec } from "../../consensus/spec.ts";
import type { ChildAnswer } from "../../consensus/verdict.ts";

function specOf(text: string): ConsensusSpec {
  const result = parseSpec(text);
  assert("spec" in result, JSON.stringify(result));
  return result.spec;
}

function consensus(text: string): Consensus {
  return new Consensus(specOf(text));
}

function answered(child: string, output: unknown): ChildAnswer {
  return { kind: "answered", child, version: "1.0", attempt: 1, seconds: 0.5, output };
}

function failed(child: string): ChildAnswer {
  const error = { code: "run_timeout", message: "no end in 30 s" };
  return { kind: "failed", child, version: "2.1", attempt: 3, seconds: 30, error };
}

const PAPER = consensus(`"CONSENSUSMODEL":
  CHILDMODELS:
    CHILDMODEL1:
      BACKEND: ChildModel1_Backend
      NAME: "ChildModel1"
    CHILDMODEL2:
      BACKEND: ChildModel2_Backend
      NAME: "ChildModel2"
  FORMULA: >
    ChildModel1 <= 0 ?
    ChildModel1+ChildModel2 :
    ChildModel1*ChildModel2
`);

for (const [first, second, value] of [[-2, 5, 3], [0, 5, 5], [2, 5, 10], [0.5, -4, -2]] as const) {
  Deno.test(`the paper's algorithm computes its branch for ${first} and ${second}: ${value}`, () => {
    const verdict = PAPER.evaluate([
      answered("CHILDMODEL1", { value: first }),
      answered("CHILDMODEL2", second),
    ]);
    assert(verdict.ok);
    assertEquals(verdict.value, value);
  });
}

Deno.test("a verdict shows every child, the spread, the disagreement and the revision", () => {
  const logp = consensus(`
name: logp
children:
  crippen: {model: crippen-logp, weight: 3, offset: 0.5}
  ocl: {model: ocl-logp, output: /properties/logp}
scheme: weighted_mean
disagreement: 0.7
outputs: {low: "min(crippen, ocl)", sure: "stdev() < 1"}
`);
  const verdict = logp.evaluate([
    { ...answered("crippen", { value: 1 }), jobId: "j1" },
    answered("ocl", { properties: { logp: 2.5 } }),
  ]);
  assertEquals(verdict, {
    ok: true,
    value: 1.75,
    outputs: { low: 1.5, sure: true },
    fallbacks: {},
    spread: { values: 2, standardDeviation: Math.SQRT1_2, range: 1, agreement: 0.5 },
    disagreement: true,
    missing: [],
    children: [
      {
        child: "crippen",
        model: "crippen-logp",
        version: "1.0",
        attempt: 1,
        seconds: 0.5,
        jobId: "j1",
        weight: 3,
        offset: 0.5,
        value: 1,
      },
      {
        child: "ocl",
        model: "ocl-logp",
        version: "1.0",
        attempt: 1,
        seconds: 0.5,
        weight: 1,
        offset: 0,
        value: 2.5,
      },
    ],
    revision: logp.revision,
  });
});

Deno.test("a failed child fails the consensus by its name, version and attempt", () => {
  const verdict = PAPER.evaluate([answered("CHILDMODEL1", 1), failed("CHILDMODEL2")]);
  assert(!verdict.ok);
  assertEquals(verdict.failure, {
    code: "child_failed",
    message: "child CHILDMODEL2 (ChildModel2 2.1, attempt 3) failed: run_timeout: no end in 30 s",
    child: "CHILDMODEL2",
    model: "ChildModel2",
    version: "2.1",
    attempt: 3,
  });
  assertEquals(verdict.missing, [
    { child: "CHILDMODEL2", code: "run_timeout", message: "no end in 30 s" },
  ]);
});

const THREE = "children: {a: one, b: two, c: {model: three, required: true}}";

Deno.test("a quorum lets the optional children be missing, as many as it allows", () => {
  const two = consensus(`name: x\n${THREE}\nscheme: mean\nquorum: 2`);
  const verdict = two.evaluate([answered("a", 1), failed("b"), answered("c", 5)]);
  assert(verdict.ok);
  assertEquals([verdict.value, verdict.missing.map(({ child }) => child)], [3, ["b"]]);
  assertEquals(verdict.children[1]!.error?.code, "run_timeout");

  const one = two.evaluate([failed("a"), answered("c", 5)]);
  assert(!one.ok);
  assertEquals([one.failure.code, one.failure.child], ["quorum_not_met", "a"]);
  assertMatch(one.failure.message, /^1 of 3 children answered, 2 are needed; missing: a, b; first/);

  const required = two.evaluate([answered("a", 1), answered("b", 2), failed("c")]);
  assert(!required.ok);
  assertEquals([required.failure.code, required.failure.child], ["child_failed", "c"]);
});

Deno.test("without re-weighting a missing child is not stood in for, and the failure says why", () => {
  const strict = consensus(`name: x\n${THREE}\nscheme: mean\nquorum: 2\nreweight: false`);
  const verdict = strict.evaluate([answered("a", 1), failed("b"), answered("c", 5)]);
  assert(!verdict.ok);
  const { code, child, version, attempt, message, output } = verdict.failure;
  assertEquals([code, child, version, attempt, output], ["missing_child", "b", "2.1", 3, "value"]);
  assertMatch(message, /child b \(two 2\.1, attempt 3\) failed: run_timeout/);
});

Deno.test("a formula that fails says its output and place; a missing child in it is named", () => {
  const ratio = consensus(`name: x\n${THREE}\nformula: a / b\nquorum: 2`);
  const zero = ratio.evaluate([answered("a", 1), answered("b", 0), answered("c", 5)]);
  assert(!zero.ok);
  const { code, output, line, column, child } = zero.failure;
  assertEquals([code, output, line, column, child], ["division_by_zero", "value", 1, 3, undefined]);
  const gone = ratio.evaluate([answered("a", 1), failed("b"), answered("c", 5)]);
  assert(!gone.ok);
  assertEquals([gone.failure.code, gone.failure.child, gone.failure.column], [
    "missing_child",
    "b",
    5,
  ]);
});

Deno.test("a declared fallback stands in for what cannot be computed, and the answer says so", () => {
  const text = `name: x\n${THREE}\nformula: a / b\nfallback: -1\nquorum: 2\noutputs: {c2: c * 2}`;
  const zero = consensus(text).evaluate([answered("a", 1), answered("b", 0), answered("c", 5)]);
  assert(zero.ok);
  assertEquals([zero.value, zero.outputs], [-1, { c2: 10 }]);
  assertEquals(Object.keys(zero.fallbacks), ["value"]);
  assertEquals(zero.fallbacks.value!.code, "division_by_zero");
  // The other output has no fallback for a child that it needs.
  const lost = consensus(text).evaluate([answered("a", 1), answered("b", 1), failed("c")]);
  assert(!lost.ok && lost.failure.child === "c");
});

const WRONG_OUTPUTS: [name: string, output: unknown][] = [
  ["nothing", undefined],
  ["null", { value: null }],
  ["no field of the name", { logp: 1 }],
  ["NaN", { value: NaN }],
  ["infinity", { value: Infinity }],
  ["a map", { value: {} }],
  ["a list", { value: [1] }],
  ["an error", { value: 1, error: { code: "invalid_smiles", message: "no molecule" } }],
  ["a long text", { value: "x".repeat(2000) }],
  ["a value of the prototype", Object.create({ value: 1 })],
];

for (const [name, output] of WRONG_OUTPUTS) {
  Deno.test(`a child whose output is ${name} is missing, not NaN`, () => {
    const verdict = PAPER.evaluate([answered("CHILDMODEL1", output), answered("CHILDMODEL2", 1)]);
    assert(!verdict.ok);
    assertEquals([verdict.failure.code, verdict.failure.child], ["child_failed", "CHILDMODEL1"]);
  });
}

Deno.test("an offset is for numbers only", () => {
  const text = "name: x\nchildren: {a: {model: one, offset: 1}}\nscheme: max";
  const verdict = consensus(text).evaluate([answered("a", { value: "2" })]);
  assert(!verdict.ok);
  assertMatch(verdict.failure.message, /is not a number: text of 1 characters/);
});

Deno.test("many rows are judged one by one: a failed row is that row's failure", () => {
  const ratio = consensus("name: x\nchildren: {a: one, b: two}\nformula: a / b\ndisagreement: 3");
  const verdict = ratio.evaluateRows([
    answered("a", [{ value: 1 }, { value: 2 }, { error: "no molecule" }, { value: 8 }]),
    answered("b", { value: [2, 0, 1, 2] }),
  ], 4);
  assertEquals(verdict.rows.map((row) => row.ok ? row.value : row.failure.code), [
    0.5,
    "division_by_zero",
    "child_failed",
    4,
  ]);
  assertEquals(verdict.rows.map((row) => row.disagreement), [false, false, null, true]);
  assertEquals(verdict.rows[2]!.missing, [
    { child: "a", code: "row_failed", message: "no molecule" },
  ]);
  assertEquals(verdict.rows[2]!.values, { b: 1 });
  assertEquals(verdict.children.map(({ child, error }) => [child, error]), [
    ["a", undefined],
    ["b", undefined],
  ]);
});

Deno.test("a child with another number of rows has none of them", () => {
  const mean = consensus("name: x\nchildren: {a: one, b: two}\nscheme: mean\nquorum: 1");
  const verdict = mean.evaluateRows([answered("a", [1, 2, 3]), answered("b", [1, 2])], 3);
  assertEquals(verdict.rows.map((row) => row.ok && row.value), [1, 2, 3]);
  assertEquals(verdict.children[1]!.error, {
    code: "invalid_output",
    message: "the output has 2 rows for 3 rows of input",
  });
});

Deno.test("rank_average ranks over all rows, and only over many", () => {
  const ranks = consensus("name: x\nchildren: {a: one, b: two}\nscheme: rank_average");
  const verdict = ranks.evaluateRows(
    [answered("a", [1, 200, 30]), answered("b", [-5, -4, -9])],
    3,
  );
  assertEquals(verdict.rows.map((row) => row.ok && row.value), [1.5, 3, 1.5]);
  const one = ranks.evaluate([answered("a", 1), answered("b", 2)]);
  assert(!one.ok && one.failure.code === "needs_rows");
});

Deno.test("an unreadable child's values, errors and name are not shown, declared outputs are", () => {
  const text =
    "name: x\nchildren: {a: one, b: secret-model}\nformula: a + b\noutputs: {d: stdev()}";
  const verdict = consensus(text).evaluate([answered("a", 1), answered("b", 41.5)]);
  const shown = redact(verdict, (child) => child === "a");
  assert(shown.ok && shown.value === 42.5);
  assert("d" in shown.outputs && shown.children[0]!.value === 1);
  const said = JSON.stringify(shown);
  assert(!said.includes("secret-model") && !said.includes("41.5"), said);
  assertEquals(shown.spread.range, null);
  assertEquals(redact(verdict, () => true), verdict);

  const lost = consensus(text).evaluate([answered("a", 1), failed("b")]);
  const failure = JSON.stringify(redact(lost, (child) => child === "a"));
  assert(failure.includes("child b failed"));
  assert(!/secret-model|run_timeout|no end|2\.1/.test(failure), failure);

  const rows = consensus(text).evaluateRows([answered("a", [1]), answered("b", [41.5])], 1);
  assert(!/secret-model|41\.5/.test(JSON.stringify(redactRows(rows, (child) => child === "a"))));
});

Deno.test("childInput() maps fields, constants and rows, and says what is missing", () => {
  const mapping = { smiles: { from: "molecule" }, salt: { from: "/at/salt" }, ph: { value: 7 } };
  const input = { molecule: "CCO", at: { salt: 0 }, other: 1 };
  const mapped = { smiles: "CCO", salt: 0, ph: 7 };
  assertEquals(childInput(undefined, input), { input });
  assertEquals(childInput(mapping, input), { input: mapped });
  assertEquals(childInput(mapping, [input]), { input: [mapped] });
  assertEquals(childInput(mapping, { molecule: "C" }), { missing: "/at/salt" });
  assertEquals(childInput(mapping, [input, {}]), { missing: "/1/molecule" });
  assertEquals(childInput({ f: { from: "constructor" } }, {}), { missing: "constructor" });
  assertEquals(childInput({ f: { from: "/a~1b/~0" } }, { "a/b": { "~": 2 } }), { input: { f: 2 } });
  assertEquals(childInput({ f: { from: "/l/length" } }, { l: [1] }), { missing: "/l/length" });
});

function nest(name: string, ...children: string[]): ConsensusSpec {
  const listed = children.map((child, i) => `k${i}: ${child}`).join(", ");
  return specOf(`name: ${name}\nchildren: {${listed}}\nscheme: mean`);
}

Deno.test("nestingOf() counts levels, and finds cycles and too many levels by their path", () => {
  const specs = new Map([
    ["leaf2", nest("leaf2", "m1", "m2")],
    ["mid", nest("mid", "leaf2", "m1", "leaf2")],
    ["loop", nest("loop", "mid", "back")],
    ["back", nest("back", "m1", "LOOP")],
    ["self", nest("self", "self")],
  ]);
  const look = (child: { model: string }) => specs.get(child.model.toLowerCase());
  assertEquals(nestingOf(specs.get("leaf2")!, look), { kind: "sound", levels: 1 });
  assertEquals(nestingOf(nest("top", "m1", "mid"), look), { kind: "sound", levels: 3 });
  assertEquals(nestingOf(specs.get("loop")!, look), {
    kind: "cycle",
    path: ["loop", "back", "loop"],
  });
  assertEquals(nestingOf(nest("above", "self"), look), { kind: "cycle", path: ["self", "self"] });
  assertEquals(nestingOf(nest("top", "mid"), look, 2), {
    kind: "too_deep",
    path: ["top", "mid", "leaf2"],
  });
});

Deno.test("nestingOf() looks at every model once, however often it is a child", () => {
  let looked = 0;
  const wide = (level: number) => Array.from({ length: 60 }, (_, i) => `l${level}-${i % 3}`);
  const look = ({ model }: { model: string }) => {
    if (++looked > 4000) throw new Error("every way to a model is walked on its own");
    const level = Number(model[1]);
    return level < 9 ? nest(model, ...wide(level + 1)) : undefined;
  };
  assertEquals(nestingOf(nest("top", ...wide(1)), look, 20), { kind: "sound", levels: 9 });
  assert(looked > 0);
});
