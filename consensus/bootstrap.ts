/**
 * Whether one set of predictions is better than another, beyond chance.
 *
 * @module
 */
import { seededRandom } from "./random.ts";

/** The difference of two RMSEs, first less second: below 0 the first is better. */
export interface RmseDifference {
  /** Rows that both predict. */
  readonly n: number;
  readonly difference: number;
  /** The interval's ends. */
  readonly low: number;
  readonly high: number;
  /** `tie` where the interval holds 0. */
  readonly verdict: "better" | "worse" | "tie";
}

/** How the interval is made. */
export interface BootstrapOptions {
  readonly resamples?: number;
  readonly seed?: number;
  /** The part of the resamples that the interval holds. */
  readonly confidence?: number;
}

/**
 * Compares two sets of predictions of the same rows by a paired bootstrap: rows are drawn with
 * replacement, both RMSEs computed on each draw, and the percentile interval of their differences
 * taken (Efron, Ann. Stat. 1979, 7, 1; Efron & Tibshirani 1993, ch. 13). Null below two rows that
 * both predict.
 */
export function compareRmse(
  measured: readonly number[],
  first: readonly (number | undefined)[],
  second: readonly (number | undefined)[],
  { resamples = 2000, seed = 1, confidence = 0.95 }: BootstrapOptions = {},
): RmseDifference | null {
  const [a, b]: [number[], number[]] = [[], []];
  measured.forEach((value, i) => {
    const [one, two] = [first[i], second[i]];
    if (one === undefined || two === undefined) return;
    a.push((one - value) ** 2);
    b.push((two - value) ** 2);
  });
  const n = a.length;
  if (n < 2) return null;
  const random = seededRandom(seed);
  const differences = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let [sumA, sumB] = [0, 0];
    for (let draw = 0; draw < n; draw++) {
      const row = Math.floor(random() * n);
      sumA += a[row]!;
      sumB += b[row]!;
    }
    differences[resample] = Math.sqrt(sumA / n) - Math.sqrt(sumB / n);
  }
  differences.sort();
  const total = (errors: readonly number[]) => errors.reduce((sum, error) => sum + error, 0);
  const low = quantile(differences, (1 - confidence) / 2);
  const high = quantile(differences, (1 + confidence) / 2);
  return {
    n,
    difference: Math.sqrt(total(a) / n) - Math.sqrt(total(b) / n),
    low,
    high,
    verdict: high < 0 ? "better" : low > 0 ? "worse" : "tie",
  };
}

/** By linear interpolation between the sorted values (Hyndman & Fan's type 7). */
function quantile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}
