import { assert, assertEquals } from "@std/assert";
import { compileFormula, evaluateFormula } from "../../consensus/formula.ts";
import { CHILDREN, EXPLOITS, ExpressionFuzzer } from "./expression_fuzzer.ts";

// CONSENSUS_EXPRESSIONS=1000000 is the full run.
const EXPRESSIONS = Number(Deno.env.get("CONSENSUS_EXPRESSIONS") ?? 20_000);
const SEED = Number(Deno.env.get("CONSENSUS_SEED") ?? 20_260_101);
const MOST_MS = 50;

const VALUES = {
  ...CHILDREN,
  missing: undefined,
  text: "high",
  flag: true,
  huge: 1.7e308,
  tiny: 5e-324,
};
const KEYS = Object.keys(VALUES);
const SCOPE = {
  keys: KEYS,
  values: Object.values(VALUES),
  weights: KEYS.map((_, i) => i),
  reweight: true,
};
const FORMULA_CHILDREN = KEYS.map((key) => ({ key, model: `model-${key}` }));

function run(text: string): { end: "refused" | "failure" | "value"; value?: unknown } {
  const compiled = compileFormula(text, FORMULA_CHILDREN);
  if ("problem" in compiled) {
    const { line, column, expected } = compiled.problem;
    assert(line >= 1 && column >= 1 && expected !== "", `no place in ${JSON.stringify(text)}`);
    return { end: "refused" };
  }
  const value = evaluateFormula(compiled.formula, SCOPE);
  if (typeof value !== "object") return { end: "value", value };
  assert(value.code && value.message && value.line >= 1, `a bare failure of ${text}`);
  return { end: "failure" };
}

/** The fastest of a few runs: what a busy machine adds is not the formula's fault. */
function fastestOf(text: string, times: number): number {
  let fastest = Infinity;
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    run(text);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

/** Everything that an escaped formula could have touched first. */
function fingerprint(): string {
  const prototypes = [Object, Function, Array, String, Number, Boolean, Map, Math, globalThis]
    .flatMap((known) => [known, (known as { prototype?: object }).prototype ?? {}]);
  return prototypes.map((known) => Reflect.ownKeys(known).map(String).sort().join()).join("\n");
}

Deno.test("no hostile formula escapes, hangs, or answers anything but a plain value", () => {
  const fuzzer = new ExpressionFuzzer(SEED);
  const before = fingerprint();
  const ends = { refused: 0, failure: 0, value: 0 };
  let [longest, slow] = [0, ""];
  for (let i = 0; i < EXPRESSIONS; i++) {
    const text = i < EXPLOITS.length ? EXPLOITS[i]! : fuzzer.hostile();
    const start = performance.now();
    const { end, value } = run(text);
    let took = performance.now() - start;
    if (took > MOST_MS) took = fastestOf(text, 5);
    if (took > longest) [longest, slow] = [took, text];
    ends[end]++;
    if (end !== "value") continue;
    const plain = typeof value === "string" || typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value));
    assert(plain, `${JSON.stringify(text)} answered ${String(value)}`);
  }
  assert(longest <= MOST_MS, `${longest} ms for ${JSON.stringify(slow.slice(0, 200))}`);
  assertEquals(fingerprint(), before);
  // deno-lint-ignore no-console -- the full run tells what it saw
  if (EXPRESSIONS > 20_000) console.log(EXPRESSIONS, ends, "longest", longest.toFixed(2), "ms");
  for (const count of Object.values(ends)) assert(count > EXPRESSIONS / 50, JSON.stringify(ends));
});

Deno.test("a sound formula has the value that JavaScript computes, or fails where that is not finite", () => {
  const fuzzer = new ExpressionFuzzer(SEED + 1);
  let finite = 0;
  for (let i = 0; i < EXPRESSIONS / 4; i++) {
    const { text, value } = fuzzer.sound();
    const result = run(text);
    if (Number.isFinite(value)) {
      // A division by zero inside may be divided away again: 1 / (1 / 0) is 0 to JavaScript.
      if (result.end === "failure" && text.includes("/")) continue;
      assertEquals(result, { end: "value", value: value === 0 ? 0 : value }, text);
      finite++;
    } else if (result.end === "value") {
      throw new Error(`${text} is ${value} to JavaScript, not ${String(result.value)}`);
    }
  }
  assert(finite > EXPRESSIONS / 8);
});

for (const exploit of EXPLOITS) {
  Deno.test(`the exploit is refused when it is compiled: ${exploit}`, () => {
    const names = ["a", "b", "x", "f", "obj", "test", "o"];
    const children = names.map((key) => ({ key, model: `model-${key}` }));
    assert("problem" in compileFormula(exploit, children));
  });
}

Deno.test("a formula of the greatest length that is allowed stays within the steps", () => {
  const text = Array.from({ length: 250 }, () => "mean()").join("+");
  const compiled = compileFormula(text, FORMULA_CHILDREN.slice(0, 3));
  assert("formula" in compiled);
  const children = Array.from({ length: 64 }, (_, i) => ({ key: `k${i}`, model: `m${i}` }));
  const many = compileFormula(text, children);
  assert("formula" in many);
  const keys = children.map(({ key }) => key);
  const scope = { keys, values: keys.map(() => 1), weights: keys.map(() => 1), reweight: true };
  const failure = evaluateFormula(many.formula, scope);
  assert(typeof failure === "object" && failure.code === "too_many_steps");
});
