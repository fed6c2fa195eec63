import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { compareRmse } from "../../consensus/bootstrap.ts";
import { seededRandom, shuffledIndices } from "../../consensus/random.ts";
import { score, scoreSpread } from "../../consensus/score.ts";
import { correlation, rankCorrelation, ranks } from "../../consensus/statistics.ts";

Deno.test("score() is what the hand computes", () => {
  const result = score([1, 2, 3, 4], [1.5, 2, 2, 5]);
  assertEquals(result.n, 4);
  assertAlmostEquals(result.rmse!, Math.sqrt(2.25 / 4), 1e-12);
  assertAlmostEquals(result.mae!, 2.5 / 4, 1e-12);
  assertAlmostEquals(result.bias!, 0.5 / 4, 1e-12);
  assertAlmostEquals(result.r2!, 1 - 2.25 / 5, 1e-12);
  // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
  assertAlmostEquals(result.spearman!, 4.5 / Math.sqrt(5 * 4.5), 1e-12);
});

Deno.test("score() counts only rows with a prediction, and has null where nothing is defined", () => {
  assertEquals(score([1, 2, 3], [2, undefined, 4]).n, 2);
  assertEquals(score([1, 2, 3], [2, undefined, 4]).bias, 1);
  const none = { n: 0, rmse: null, mae: null, bias: null, r2: null, spearman: null };
  assertEquals(score([1], [undefined]), none);
  assertEquals(score([2, 2], [1, 3]), {
    n: 2,
    rmse: 1,
    mae: 1,
    bias: 0,
    r2: null,
    spearman: null,
  });
});

Deno.test("r2 is against the line of identity: below 0 for a shifted prediction", () => {
  assertEquals(score([1, 2, 3], [11, 12, 13]).r2, 1 - 300 / 2);
  assertAlmostEquals(score([1, 2, 3], [11, 12, 13]).spearman!, 1, 1e-12);
});

Deno.test("rank correlation is that of published examples", () => {
  // IQ and hours of television, the usual example: rho = -29/165.
  const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
  const hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
  assertAlmostEquals(rankCorrelation(iq, hours)!, -29 / 165, 1e-12);
  assertEquals(ranks([10, 20, 10, 5]), [2.5, 4, 2.5, 1]);
  // Anscombe's first set: r = 0.81642.
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  assertAlmostEquals(correlation(x, y)!, 0.81642, 1e-5);
  assertEquals(correlation([1, 1], [1, 2]), null);
});

Deno.test("scoreSpread() sets the errors beside the quarters of the spread", () => {
  const spreads = [8, 1, 2, 3, 4, 5, 6, 7];
  const errors = [80, 10, 20, 30, 40, 50, 60, 70];
  const measured = spreads.map(() => 0);
  const result = scoreSpread(measured, errors, spreads);
  assertEquals([result.n, result.correlation], [8, 1]);
  assertEquals(result.quartiles.map(({ n, from, to }) => [n, from, to]), [
    [2, 1, 2],
    [2, 3, 4],
    [2, 5, 6],
    [2, 7, 8],
  ]);
  assertAlmostEquals(result.quartiles[0]!.rmse, Math.sqrt(250), 1e-12);
  const partial = scoreSpread([0, 0, 0], [1, undefined, 1], [1, 2, null]);
  assertEquals([partial.n, partial.correlation, partial.quartiles], [1, null, []]);
});

Deno.test("compareRmse() finds a real difference, and a tie where there is none", () => {
  const random = seededRandom(9);
  const noise = () => random() + random() + random() - 1.5;
  const measured = Array.from({ length: 400 }, noise);
  const good = measured.map((value) => value + noise());
  const bad = measured.map((value) => value + 2 * noise());
  const worse = compareRmse(measured, bad, good)!;
  assert(worse.verdict === "worse" && worse.low > 0 && worse.low < worse.difference);
  assert(worse.difference < worse.high);
  assertEquals(compareRmse(measured, good, bad)!.verdict, "better");
  const twin = measured.map((value) => value + noise());
  assertEquals(compareRmse(measured, good, twin)!.verdict, "tie");
  assertEquals(compareRmse(measured, good, good)!.difference, 0);
});

Deno.test("compareRmse() pairs the rows, and repeats itself by the seed", () => {
  const measured = [0, 0, 0, 0, 0, 0];
  // The first is worse by exactly 1 in every row: pairing leaves no doubt.
  const [first, second] = [[2, 2, 2, 2, 2, 2], [1, 1, 1, 1, 1, undefined]];
  const result = compareRmse(measured, first, second)!;
  assertEquals([result.n, result.difference, result.low, result.high], [5, 1, 1, 1]);
  const random = seededRandom(2);
  const many = Array.from({ length: 50 }, () => random());
  const zeros = many.map(() => 0);
  const again = (seed: number) => compareRmse(zeros, many, many.toReversed(), { seed })!;
  assertEquals(again(4), again(4));
  assert(again(4).low !== again(5).low);
  assertEquals(compareRmse([1], [1], [1]), null);
});

Deno.test("seededRandom() is uniform and its own for each seed", () => {
  const random = seededRandom(1);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[Math.floor(random() * 10)]!++;
  // Chi-squared with 9 degrees of freedom is over 27.9 once in a thousand.
  const chi = counts.reduce((total, count) => total + (count - 10_000) ** 2 / 10_000, 0);
  assert(chi < 27.9, String(chi));
  assert(seededRandom(1)() !== seededRandom(2)());
  assertEquals(shuffledIndices(5, seededRandom(1)).sort(), [0, 1, 2, 3, 4]);
});
