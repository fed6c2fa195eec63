import { assert, assertEquals } from "@std/assert";
import { compileFormula, evaluateFormula } from "../../consensus/formula.ts";

const CHILDREN = [
  { key: "a", model: "ModelA" },
  { key: "b", model: "model-b" },
  { key: "gone", model: "Gone" },
  { key: "word", model: "Word" },
  { key: "flag", model: "Flag" },
];
const SCOPE = {
  keys: CHILDREN.map(({ key }) => key),
  values: [2, 3, undefined, "high", true],
  weights: [1, 3, 5, 1, 1],
  reweight: true,
};

function compute(text: string, scope = SCOPE): unknown {
  const compiled = compileFormula(text, CHILDREN);
  return "problem" in compiled ? compiled.problem : evaluateFormula(compiled.formula, scope);
}

const VALUES: [formula: string, value: number | string | boolean][] = [
  ["a + b * 2", 8],
  ["(a + b) * 2", 10],
  ["b - a - 1", 0],
  ["2 ^ 3 ^ 2", 512],
  ["-a ^ 2", -4],
  ["2 ^ -1", 0.5],
  ["7 % 4", 3],
  ["a--b", 5],
  ["+a", 2],
  ["0 * -1", 0],
  ["ModelA + a", 4],
  ["a < b and not (a == b)", true],
  ["not flag or a > 1", true],
  ["a < b ? 'low' : \"high\"", "low"],
  ["a > b ? 1 : a == b ? 2 : 3", 3],
  ["if(flag, a, b)", 2],
  ["word == 'high'", true],
  ["word != 'high'", false],
  ["1.5e1 + .5 + 2.", 17.5],
  ["PI > 3 and E < 3", true],
  ["abs(-a)", 2],
  ["sqrt(4) + cbrt(27)", 5],
  ["log(E) + ln(E) + log10(100) + log2(8)", 7],
  ["round(2.5) + round(-2.5)", 0],
  ["round(3.14159, 2)", 3.14],
  ["floor(2.7) + ceil(2.2) + trunc(-2.7)", 3],
  ["clamp(10, 0, 5)", 5],
  ["pow(a, 3)", 8],
  ["sign(-3) + exp(0)", 0],
  ["mean(a, b)", 2.5],
  ["mean(a, b, gone)", 2.5],
  ["mean(a * 2, gone * 2)", 4],
  ["median(1, a, 10)", 2],
  ["stdev(a, b, gone)", Math.SQRT1_2],
  ["weighted(a, b)", 2.75],
  ["weighted(a, b, gone)", 2.75],
  ["min(a, b, gone) + max(a, b)", 5],
  ["sum(a, b)", 5],
  ["count()", 4],
  ["count(a, gone)", 1],
  ["vote(word, 'high', 'low')", "high"],
  ["vote(a, 2, gone)", 2],
  ["present(gone)", false],
  ["present(a) and not present(gone)", true],
  ["coalesce(gone, b)", 3],
  ["coalesce(gone + 1, a)", 2],
  ["false and gone > 1", false],
  ["true ? a : 1 / 0", 2],
];

for (const [formula, value] of VALUES) {
  Deno.test(`the formula ${formula} is ${value}`, () => {
    assertEquals(compute(formula), value);
  });
}

const FAILURES: [formula: string, code: string, column: number][] = [
  ["a / 0", "division_by_zero", 3],
  ["a + b / (a - 2)", "division_by_zero", 7],
  ["a % 0", "division_by_zero", 3],
  ["0 ^ -1", "not_finite", 3],
  ["exp(1000)", "not_finite", 1],
  ["1e308 * 10", "not_finite", 7],
  ["log(0)", "not_finite", 1],
  ["a + sqrt(-1)", "not_finite", 5],
  ["(-8) ^ 0.5", "not_finite", 6],
  ["round(a, 99)", "not_finite", 1],
  ["a + gone", "missing_child", 5],
  ["gone", "missing_child", 1],
  ["coalesce(gone, gone)", "missing_child", 16],
  ["sum(a, gone)", "missing_child", 8],
  ["mean(gone)", "too_few_values", 1],
  ["stdev(a)", "too_few_values", 1],
  ["vote(a, b)", "tie", 1],
  ["a + word", "wrong_type", 3],
  ["a == word", "wrong_type", 3],
  ["a < flag", "wrong_type", 3],
  ["a ? 1 : 2", "wrong_type", 3],
  ["a and flag", "wrong_type", 3],
  ["not a", "wrong_type", 1],
  ["-word", "wrong_type", 1],
  ["mean()", "wrong_type", 1],
  ["abs(word)", "wrong_type", 5],
];

for (const [formula, code, column] of FAILURES) {
  Deno.test(`the formula ${formula} fails with ${code} and says where`, () => {
    const failure = compute(formula) as { code: string; line: number; column: number };
    assertEquals([failure.code, failure.line, failure.column], [code, 1, column]);
  });
}

Deno.test("a missing child is a failure in every statistic of a spec that does not re-weight", () => {
  for (const name of ["mean", "median", "stdev", "weighted", "min", "max", "sum", "vote"]) {
    const failure = compute(`${name}(a, b, gone)`, { ...SCOPE, reweight: false });
    assertEquals((failure as { code: string }).code, "missing_child", name);
  }
});

const REFUSALS: [formula: string, message: string][] = [
  ["", "line 1, column 1: expected a value, found the end"],
  ["a +* b", "line 1, column 4: expected a value, found '*'"],
  ["a\n+ b b", "line 2, column 5: expected an operator or the end, found 'b'"],
  ["(a", "line 1, column 3: expected ')', found the end"],
  ["a)", "line 1, column 2: expected an operator or the end, found ')'"],
  ["mean(a b)", "line 1, column 8: expected an operator or ',' or ')', found 'b'"],
  ["a > 1 ? 2", "line 1, column 10: expected ':', found the end"],
  ["(a > 1 ? 2)", "line 1, column 11: expected an operator or ':', found ')'"],
  ["a, b", "line 1, column 2: expected an operator or the end, found ','"],
  ["mean", "line 1, column 1: expected '(' after the function mean"],
  ["a(1)", "line 1, column 1: expected a function"],
  ["abs()", "line 1, column 1: expected 1 argument for abs(), found 0"],
  ["pow(1)", "line 1, column 1: expected 2 arguments for pow(), found 1"],
  ["1 + present(a + 1)", "line 1, column 15: expected a child as present()'s argument"],
  ["weighted(a, 2)", "line 1, column 13: expected a child as weighted()'s argument"],
  [
    "x + 1",
    "line 1, column 1: expected a child (ModelA, Gone, Word, Flag, a, b, gone, word, flag)",
  ],
  ["model-b", "line 1, column 1: expected a child"],
  ["a || b", "line 1, column 3: expected 'or', found \"||\""],
  ["a && b", "line 1, column 3: expected 'and', found \"&&\""],
  ["!a", "line 1, column 1: expected 'not', found \"!\""],
  ["a = 1", "line 1, column 3: expected '==' (nothing can be assigned)"],
  ["a.b", "line 1, column 2: expected a digit after '.' (fields cannot be reached)"],
  ["a[0]", "line 1, column 2: expected an operator (fields and lists cannot be reached)"],
  ["'a", "line 1, column 1: expected text without backslash, closed on the same line"],
  ["1e999", "line 1, column 1: expected a finite number"],
  ["2 + 0x10", "line 1, column 6: expected an operator or the end, found 'x10'"],
  ["a # b", 'line 1, column 3: expected a child, a number, a function or an operator, found "#"'],
  ["(".repeat(40), "line 1, column 33: expected at most 32 levels of nesting"],
  ["a+".repeat(400) + "a", "expected at most 256 levels"],
  ["a ".repeat(2049), "line 1, column 1: expected at most 4096 characters, found 4098"],
  ["1,".repeat(600), "expected at most 1024 names, numbers and signs"],
];

for (const [formula, message] of REFUSALS) {
  Deno.test(`a wrong formula says where and what was expected: ${formula.slice(0, 40)}`, () => {
    const problem = compute(formula) as { message: string };
    assert(problem.message.includes(message), problem.message);
  });
}

Deno.test("a model that several children run is known by their keys only", () => {
  const children = [{ key: "old", model: "Logp" }, { key: "new", model: "Logp" }];
  assert("formula" in compileFormula("new - old", children));
  const compiled = compileFormula("new - Logp", children);
  assert("problem" in compiled && compiled.problem.column === 7);
});

Deno.test("formulas that differ in layout only are equal", () => {
  const canonical = (text: string) => {
    const compiled = compileFormula(text, CHILDREN);
    return "formula" in compiled ? compiled.formula.canonical : undefined;
  };
  assertEquals(canonical("a+b\n\t* 2"), canonical("a + b*2"));
  assert(canonical("a + b") !== canonical("b + a"));
});
