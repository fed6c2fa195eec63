import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Fit, fit, type FitMethod } from "../../consensus/fit.ts";
import { convexWeights, linearFit } from "../../consensus/least_squares.ts";
import { seededRandom } from "../../consensus/random.ts";
import { score } from "../../consensus/score.ts";

/** Numbers from a bell, by twelve uniform ones. */
function bell(random: () => number): number {
  let total = -6;
  for (let i = 0; i < 12; i++) total += random();
  return total;
}

/** Children that see the truth with a bias and noise of their own. */
function simulate(rows: number, children: readonly { bias: number; noise: number }[]) {
  const random = seededRandom(3);
  const measured = Array.from({ length: rows }, () => 2 * bell(random));
  const columns = children.map(({ bias, noise }) =>
    measured.map((value) => value + bias + noise * bell(random))
  );
  return { measured, columns };
}

function fitted(method: FitMethod, data: ReturnType<typeof simulate>): Fit {
  const result = fit(method, data.measured, data.columns);
  assert("weights" in result, JSON.stringify(result));
  return result;
}

function assertNear(actual: readonly number[], expected: readonly number[], tolerance: number) {
  assertEquals(actual.length, expected.length);
  actual.forEach((value, i) => assertAlmostEquals(value, expected[i]!, tolerance));
}

Deno.test("linearFit() finds the line through exact points", () => {
  const x = [1, 2, 3, 4, 7];
  const z = [2, 0, 5, 1, 1];
  const y = x.map((value, i) => 3 + 2 * value - 0.5 * z[i]!);
  const { weights, constant } = linearFit([x, z], y);
  assertNear([...weights, constant], [2, -0.5, 3], 1e-12);
});

Deno.test("linearFit() solves a textbook's regression", () => {
  // Anscombe's first set, Am. Stat. 1973, 27, 17: y = 3.0001 + 0.5001 x.
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  const { weights, constant } = linearFit([x], y);
  assertNear([weights[0]!, constant], [0.5000909, 3.0000909], 1e-6);
});

Deno.test("linearFit() gives nothing to a column that the others explain", () => {
  const x = [1, 2, 3, 4];
  const { weights, constant } = linearFit([x, x.map((value) => 2 * value + 1), [5, 5, 5, 5]], x);
  assertNear([...weights, constant], [1, 0, 0, 0], 1e-9);
});

Deno.test("convexWeights() weighs independent errors by one over their variance", () => {
  // Variances 1, 4 and 16 without correlation: weights as 16 : 4 : 1.
  const errors = [[1, -1, 1, -1], [2, 2, -2, -2], [4, -4, -4, 4]];
  assertNear(convexWeights(errors), [16 / 21, 4 / 21, 1 / 21], 1e-6);
});

Deno.test("convexWeights() drops a child that only repeats another's error, louder", () => {
  const error = [1, -2, 0.5, 0.5];
  assertNear(convexWeights([error, error.map((value) => 3 * value)]), [1, 0], 1e-6);
});

Deno.test("convexWeights() shares evenly between equal children, and has one weight for one", () => {
  const error = [1, -2, 0.5, 0.5];
  assertNear(convexWeights([error, error]), [0.5, 0.5], 1e-6);
  assertNear(convexWeights([[0, 0]]), [1], 1e-12);
});

Deno.test("convexWeights() finds no worse variance than any mixture on a grid", () => {
  const random = seededRandom(11);
  for (let trial = 0; trial < 50; trial++) {
    const common = Array.from({ length: 40 }, () => bell(random));
    const errors = [0.5, 1, 1.5].map((share) =>
      common.map((value) => share * value + (0.2 + random()) * bell(random))
    );
    const variance = (weights: readonly number[]) => {
      const mixed = common.map((_, row) =>
        errors.reduce((t, e, i) => t + weights[i]! * e[row]!, 0)
      );
      const centre = mixed.reduce((t, value) => t + value, 0) / mixed.length;
      return mixed.reduce((t, value) => t + (value - centre) ** 2, 0);
    };
    const weights = convexWeights(errors);
    assertAlmostEquals(weights.reduce((t, weight) => t + weight, 0), 1, 1e-9);
    assert(weights.every((weight) => weight >= 0));
    const least = variance(weights) * (1 - 1e-6);
    for (let a = 0; a <= 20; a++) {
      for (let b = 0; a + b <= 20; b++) {
        assert(variance([a / 20, b / 20, 1 - (a + b) / 20]) >= least);
      }
    }
  }
});

Deno.test("convexWeights() ends where no weight, dropped ones among them, would lower the variance", () => {
  const random = seededRandom(12);
  let dropped = 0;
  for (let trial = 0; trial < 100; trial++) {
    const factors = Array.from(
      { length: 10 },
      () => Array.from({ length: 60 }, () => bell(random)),
    );
    const errors = Array.from({ length: 40 }, () => {
      const shares = factors.map(() => bell(random));
      return factors[0]!.map((_, row) =>
        factors.reduce((t, factor, i) => t + shares[i]! * factor[row]!, 0.1 * bell(random))
      );
    });
    const centred = errors.map((e) => e.map((v) => v - e.reduce((t, w) => t + w, 0) / e.length));
    const weights = convexWeights(errors);
    const mixed = centred[0]!.map((_, row) =>
      centred.reduce((t, e, i) => t + weights[i]! * e[row]!, 0)
    );
    const slopes = centred.map((e) => e.reduce((t, v, row) => t + v * mixed[row]!, 0));
    const level = mixed.reduce((t, v) => t + v * v, 0);
    const scale = Math.max(...centred.map((e) => e.reduce((t, v) => t + v * v, 0)));
    slopes.forEach((slope, i) => {
      assert(slope >= level - 1e-6 * scale, `trial ${trial}: child ${i} would help`);
      if (weights[i] === 0) dropped++;
      else assertAlmostEquals(slope, level, 1e-6 * scale);
    });
  }
  assert(dropped > 1000);
});

const CHILDREN = [{ bias: 1, noise: 1 }, { bias: -0.5, noise: 2 }];

Deno.test("fit() takes away each child's bias and trusts the quieter child more", () => {
  const data = simulate(2000, CHILDREN);
  const offsets = fitted("offsets", data);
  assertNear(offsets.offsets, [-1, 0.5], 0.15);
  assertEquals(offsets.weights, [0.5, 0.5]);
  const mean = fitted("weighted_mean", data);
  assertNear(mean.weights, [0.8, 0.2], 0.04);
  assertNear(mean.offsets, [-1, 0.5], 0.15);
  // sqrt(1 / (1/1 + 1/4)) of noise is left.
  assertAlmostEquals(mean.crossValidated.rmse!, Math.sqrt(0.8), 0.05);
  assert(mean.crossValidated.rmse! < offsets.crossValidated.rmse!);
  assert(mean.crossValidated.rmse! < score(data.measured, data.columns[0]!).rmse!);
});

Deno.test("fit() by weighted_sum says the least squares' constant through its offsets", () => {
  const { measured, columns } = simulate(300, CHILDREN);
  const result = fitted("weighted_sum", { measured, columns });
  const { weights, constant } = linearFit(columns, measured);
  assertNear(result.weights, weights, 1e-12);
  const said = result.weights.reduce((t, weight, i) => t + weight * result.offsets[i]!, 0);
  assertAlmostEquals(said, constant, 1e-12);
  assert(result.fitted.rmse! <= result.crossValidated.rmse!);
});

Deno.test("fit() scores on rows it has not seen: noise earns no credit", () => {
  const random = seededRandom(5);
  const measured = Array.from({ length: 40 }, () => bell(random));
  const columns = Array.from({ length: 10 }, () => measured.map(() => bell(random)));
  const result = fit("weighted_sum", measured, columns);
  assert("weights" in result);
  assert(result.fitted.r2! > 0.1, "ten columns of noise explain a part of forty rows");
  assert(result.crossValidated.r2! < 0, "but of no other rows");
});

Deno.test("fit() leaves incomplete rows out, repeats itself by the seed, and says when it cannot", () => {
  const { measured, columns } = simulate(50, CHILDREN);
  const gaps = [columns[0]!.map((value, i) => i === 7 ? undefined : value), columns[1]!];
  const result = fit("weighted_mean", measured, gaps);
  assert("weights" in result);
  assertEquals(result.crossValidated.n, 49);
  assertEquals(result.predictions[7], undefined);
  assertEquals(fit("weighted_mean", measured, gaps), result);
  const other = fit("weighted_mean", measured, gaps, { seed: 2 });
  assert("weights" in other && other.crossValidated.rmse !== result.crossValidated.rmse);
  assert("reason" in fit("offsets", measured.slice(0, 4), columns));
  assert("reason" in fit("offsets", measured, []));
  assert("reason" in fit("weighted_sum", measured, [measured.map(() => 1)]));
});
