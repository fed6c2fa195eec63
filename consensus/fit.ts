/**
 * Proposes the children's weights and offsets from measured values.
 *
 * @module
 */
import { convexWeights, linearFit } from "./least_squares.ts";
import { seededRandom, shuffledIndices } from "./random.ts";
import { type Score, score } from "./score.ts";
import { mean } from "./statistics.ts";

/**
 * How weights are found:
 * - `offsets`: equal weights; each child loses its own bias.
 * - `weighted_mean`: as that, with weights of at least 0 and 1 in sum that make the error least;
 *   the rest can stand in for a missing child.
 * - `weighted_sum`: weights of any sign and a constant, by ordinary least squares; the closest on
 *   the data, and of no use without a child.
 */
export type FitMethod = "offsets" | "weighted_mean" | "weighted_sum";

/** Weights and offsets, by child, for the scheme that the method is named after. */
export interface Weights {
  readonly weights: readonly number[];
  /** Added to each child's value before it is weighed. */
  readonly offsets: readonly number[];
}

/** A proposal and what it is worth. */
export interface Fit extends Weights {
  readonly method: FitMethod;
  readonly scheme: "weighted_mean" | "weighted_sum";
  /** On rows that the weights were not fitted on: what to expect. */
  readonly crossValidated: Score;
  /** On the rows that they were fitted on. */
  readonly fitted: Score;
  /** Out of fold, by row; undefined for a row that a child misses. */
  readonly predictions: readonly (number | undefined)[];
  readonly folds: number;
}

/** How the cross-validation is done. */
export interface FitOptions {
  readonly folds?: number;
  readonly seed?: number;
}

/**
 * Fits on all complete rows, and scores by k-fold cross-validation (Stone, J. R. Stat. Soc. B 1974,
 * 36, 111), the rows dealt to the folds by the seed. `children` holds each child's values by row.
 * Answers a reason where there are too few complete rows: the fold's rest must have more rows than
 * there are parameters.
 */
export function fit(
  method: FitMethod,
  measured: readonly number[],
  children: readonly (readonly (number | undefined)[])[],
  { folds = 5, seed = 1 }: FitOptions = {},
): Fit | { readonly reason: string } {
  const rows = measured.flatMap((_, row) =>
    children.every((column) => column[row] !== undefined) ? [row] : []
  );
  const least = children.length + 2;
  const rest = rows.length - Math.ceil(rows.length / folds);
  if (!children.length || folds < 2 || rest < least) {
    const needed = `${folds}-fold cross-validation of ${children.length} children needs`;
    return { reason: `${needed} ${least} rows in every rest, there are ${Math.max(0, rest)}` };
  }
  const take = (part: readonly number[]) => ({
    target: part.map((row) => measured[row]!),
    columns: children.map((column) => part.map((row) => column[row]!)),
  });
  const order = shuffledIndices(rows.length, seededRandom(seed));
  const predictions = new Array<number | undefined>(measured.length).fill(undefined);
  for (let fold = 0; fold < folds; fold++) {
    const held = order.filter((_, i) => i % folds === fold).map((i) => rows[i]!);
    const training = take(order.filter((_, i) => i % folds !== fold).map((i) => rows[i]!));
    const proposal = propose(method, training.columns, training.target);
    for (const row of held) {
      predictions[row] = combine(proposal, children.map((column) => column[row]!));
    }
  }
  const { columns, target } = take(rows);
  const proposal = propose(method, columns, target);
  if (proposal.weights.every((weight) => weight === 0)) {
    return { reason: "no child's value varies" };
  }
  const fitted = target.map((_, i) => combine(proposal, columns.map((c) => c[i]!)));
  return {
    method,
    scheme: method === "weighted_sum" ? "weighted_sum" : "weighted_mean",
    ...proposal,
    crossValidated: score(measured, predictions),
    fitted: score(target, fitted),
    predictions,
    folds,
  };
}

function propose(
  method: FitMethod,
  columns: readonly (readonly number[])[],
  target: readonly number[],
): Weights {
  if (method === "weighted_sum") {
    const { weights, constant } = linearFit(columns, target);
    // Any offsets with sum(w o) = constant say the same; these are the least.
    const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
    const offsets = weights.map((weight) => squares > 0 ? constant * weight / squares : 0);
    return { weights, offsets };
  }
  const errors = columns.map((column) => column.map((value, row) => value - target[row]!));
  const offsets = errors.map((error) => 0 - mean(error));
  if (method === "offsets") return { weights: columns.map(() => 1 / columns.length), offsets };
  return { weights: convexWeights(errors), offsets };
}

/** What the scheme computes of one row; the weights of a mean add up to 1 here. */
function combine({ weights, offsets }: Weights, row: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < row.length; i++) total += weights[i]! * (row[i]! + offsets[i]!);
  return total;
}
