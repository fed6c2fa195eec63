import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { aggregate } from "../../consensus/aggregate.ts";
import { rankAverage } from "../../consensus/rank_average.ts";
import { type Scheme, SCHEMES, type Value } from "../../consensus/spec.ts";
import { disagrees, spreadOf } from "../../consensus/spread.ts";

type Values = (Value | undefined)[];

const GONE = undefined;

function run(
  scheme: Scheme,
  values: Values,
  { weights = [] as number[], reweight = true, trim = 0.2 } = {},
): unknown {
  const parts = values.map((value, i) => ({ key: `k${i}`, value, weight: weights[i] ?? 1 }));
  return aggregate(scheme, parts, { reweight, trim });
}

const W = { weights: [1, 2, 3, 4, 5] };

const TABLE: [scheme: Scheme, values: Values, options: Parameters<typeof run>[2], value: Value][] =
  [
    ["mean", [1, 2, 6], {}, 3],
    ["mean", [1, GONE, 6], {}, 3.5],
    ["mean", [GONE, GONE, 6], {}, 6],
    ["weighted_mean", [1, 2, 6], W, 23 / 6],
    ["weighted_mean", [1, GONE, 6], W, 19 / 4],
    ["weighted_mean", [GONE, 2, GONE], W, 2],
    ["weighted_sum", [1, 2, 6], W, 23],
    ["weighted_sum", [1, 2], { weights: [1, -1] }, -1],
    ["median", [9, 1, 2], {}, 2],
    ["median", [9, 1, 2, 3], {}, 2.5],
    ["median", [9, 1, 2, GONE, 3], {}, 2.5],
    ["median", [GONE, 1, 2], {}, 1.5],
    ["trimmed_mean", [100, 1, 2, 3, -100], {}, 2],
    ["trimmed_mean", [100, 1, 2, GONE, -100], {}, 0.75],
    ["trimmed_mean", [100, 1, 2, GONE, -100], { trim: 0.25 }, 1.5],
    ["min", [3, 1, 2], {}, 1],
    ["min", [3, GONE, 2], {}, 2],
    ["max", [3, 1, 2], {}, 3],
    ["max", [GONE, 1, 2], {}, 2],
    ["majority_vote", ["a", "b", "a"], {}, "a"],
    ["majority_vote", ["a", "b", GONE, "b"], {}, "b"],
    ["majority_vote", [true, false, true], {}, true],
    ["majority_vote", [1, 0, 0], {}, 0],
    ["weighted_vote", ["a", "a", "b"], { weights: [1, 1, 3] }, "b"],
    ["weighted_vote", ["a", "a", GONE], { weights: [1, 1, 3] }, "a"],
    ["weighted_vote", [GONE, "a", "b"], { weights: [9, 1, 3] }, "b"],
  ];

for (const [scheme, values, options, value] of TABLE) {
  const of = values.map((one) => one ?? "missing").join(", ");
  Deno.test(`${scheme} of ${of} with ${JSON.stringify(options)} is ${value}`, () => {
    assertEquals(run(scheme, values, options), value);
  });
}

const FAILURES: [name: string, code: string, result: unknown][] = [
  ["a tie of votes", "tie", run("majority_vote", ["a", "b"])],
  [
    "a tie of decimal weights",
    "tie",
    run("weighted_vote", ["a", "a", "b"], { weights: [0.1, 0.2, 0.3] }),
  ],
  ["text in a mean", "wrong_type", run("mean", [1, "2"])],
  ["a truth value in a median", "wrong_type", run("median", [1, true])],
  ["no weight", "zero_weights", run("weighted_mean", [1, 2], { weights: [0, 0] })],
  ["no weight left", "zero_weights", run("weighted_mean", [1, GONE], { weights: [0, 1] })],
  ["no weight to vote", "zero_weights", run("weighted_vote", ["a"], { weights: [0] })],
  ["an overflow", "not_finite", run("weighted_sum", [1e308, 1e308])],
  ["a sum without a term", "missing_child", run("weighted_sum", [1, GONE])],
  ["ranks of one row", "needs_rows", run("rank_average", [1, 2])],
];

for (const [name, code, result] of FAILURES) {
  Deno.test(`aggregate() fails with ${code} for ${name}`, () => {
    assert(typeof result === "object" && result !== null && "code" in result);
    assertEquals(result.code, code);
  });
}

for (const scheme of SCHEMES) {
  Deno.test(`${scheme} fails without any child, and names a missing one where it may not re-weight`, () => {
    const none = run(scheme, [GONE, GONE]) as { code: string };
    assertEquals(none.code, scheme === "weighted_sum" ? "missing_child" : "too_few_values");
    const one = run(scheme, [1, GONE], { reweight: false }) as { code: string; child: string };
    assertEquals([one.code, one.child], ["missing_child", "k1"]);
  });
}

Deno.test("rankAverage() averages ranks, shares them in ties, and stretches them over gaps", () => {
  assertEquals(rankAverage([[10, 20, 30], [3, 2, 1]], 3), [2, 2, 2]);
  assertEquals(rankAverage([[10, 10, 30], [1, 2, 3]], 3), [1.25, 1.75, 3]);
  // Two of three rows: their ranks 1 and 2 become 1 and 3.
  assertEquals(rankAverage([[1, 2, 3], [5, GONE, 9]], 3), [1, 2, 3]);
  assertEquals(rankAverage([[1, 2, GONE], [GONE, 1, GONE]], 3), [1, 2.5, undefined]);
});

Deno.test("spreadOf() measures numbers over n - 1, and labels by agreement", () => {
  const spread = spreadOf([1, 2, 4]);
  assertAlmostEquals(spread.standardDeviation!, Math.sqrt(7 / 3), 1e-12);
  assertEquals([spread.range, spread.agreement, spread.values], [3, 1 / 3, 3]);
  assertEquals(spreadOf([5]), { values: 1, standardDeviation: null, range: null, agreement: 1 });
  assertEquals(spreadOf([]), { values: 0, standardDeviation: null, range: null, agreement: null });
  const labels = spreadOf(["a", "b", "a", "a"]);
  assertEquals([labels.range, labels.agreement], [null, 0.75]);
  assertEquals(spreadOf([-1.7e308, 1.7e308]).range, null);
});

Deno.test("disagrees() holds each measure against its threshold, the threshold itself is agreement", () => {
  const spread = spreadOf([1, 2, 4]);
  assertEquals(disagrees(spread, { measure: "range", threshold: 3 }), false);
  assertEquals(disagrees(spread, { measure: "range", threshold: 2.9 }), true);
  assertEquals(disagrees(spread, { measure: "standard_deviation", threshold: 1.5 }), true);
  assertEquals(disagrees(spread, { measure: "standard_deviation", threshold: 1.6 }), false);
  assertEquals(disagrees(spreadOf(["a", "b"]), { measure: "agreement", threshold: 0.6 }), true);
  assertEquals(disagrees(spreadOf(["a", "a"]), { measure: "agreement", threshold: 0.6 }), false);
  assertEquals(disagrees(spreadOf(["a"]), { measure: "agreement", threshold: 0.6 }), null);
  assertEquals(disagrees(spreadOf([1]), { measure: "range", threshold: 0 }), null);
  assertEquals(disagrees(spread, undefined), null);
});
