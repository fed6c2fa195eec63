/**
 * How well predictions agree with measured values, and whether the spread tells the error.
 *
 * @module
 */
import { mean, rankCorrelation } from "./statistics.ts";

/** Agreement with measurement, in the unit of the values; null where it is not defined. */
export interface Score {
  /** Pairs that count: both numbers there. */
  readonly n: number;
  /** Root of the mean squared error. */
  readonly rmse: number | null;
  /** Mean absolute error. */
  readonly mae: number | null;
  /** Mean of predicted less measured. */
  readonly bias: number | null;
  /**
   * `1 - sum (measured - predicted)^2 / sum (measured - mean)^2`: against the line of identity, so
   * below 0 for predictions worse than the mean; no squared correlation (Alexander, Tropsha &
   * Winkler, J. Chem. Inf. Model. 2015, 55, 1316).
   */
  readonly r2: number | null;
  /** Spearman's rank correlation. */
  readonly spearman: number | null;
}

/** Scores predictions; rows without a prediction do not count. */
export function score(
  measured: readonly number[],
  predicted: readonly (number | undefined)[],
): Score {
  const [actual, given]: [number[], number[]] = [[], []];
  measured.forEach((value, i) => {
    const prediction = predicted[i];
    if (prediction === undefined) return;
    actual.push(value);
    given.push(prediction);
  });
  const n = actual.length;
  if (!n) return { n, rmse: null, mae: null, bias: null, r2: null, spearman: null };
  const centre = mean(actual);
  let [squares, absolute, signed, total] = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const error = given[i]! - actual[i]!;
    squares += error * error;
    absolute += Math.abs(error);
    signed += error;
    total += (actual[i]! - centre) ** 2;
  }
  return {
    n,
    rmse: Math.sqrt(squares / n),
    mae: absolute / n,
    bias: signed / n,
    r2: total > 0 ? 1 - squares / total : null,
    spearman: rankCorrelation(actual, given),
  };
}

/** The rows of one quarter of the spreads. */
export interface SpreadQuartile {
  readonly n: number;
  /** The lowest and the highest spread of the quarter. */
  readonly from: number;
  readonly to: number;
  readonly rmse: number;
}

/** Whether a wide spread goes with a large error. */
export interface SpreadScore {
  readonly n: number;
  /** Spearman's correlation of the spread with the absolute error; null where not defined. */
  readonly correlation: number | null;
  /** From the narrowest spreads to the widest; empty for fewer than four rows. */
  readonly quartiles: readonly SpreadQuartile[];
}

/** Holds the spread of each row against its error; rows without either do not count. */
export function scoreSpread(
  measured: readonly number[],
  predicted: readonly (number | undefined)[],
  spreads: readonly (number | null | undefined)[],
): SpreadScore {
  const rows: { spread: number; error: number }[] = [];
  measured.forEach((value, i) => {
    const [prediction, spread] = [predicted[i], spreads[i] ?? undefined];
    if (prediction === undefined || spread === undefined) return;
    rows.push({ spread, error: Math.abs(prediction - value) });
  });
  rows.sort((a, b) => a.spread - b.spread);
  const correlation = rows.length
    ? rankCorrelation(rows.map(({ spread }) => spread), rows.map(({ error }) => error))
    : null;
  const quartiles = rows.length < 4 ? [] : [0, 1, 2, 3].map((quarter): SpreadQuartile => {
    const part = rows.slice(
      Math.floor(quarter * rows.length / 4),
      Math.floor((quarter + 1) * rows.length / 4),
    );
    return {
      n: part.length,
      from: part[0]!.spread,
      to: part.at(-1)!.spread,
      rmse: Math.sqrt(mean(part.map(({ error }) => error ** 2))),
    };
  });
  return { n: rows.length, correlation, quartiles };
}
