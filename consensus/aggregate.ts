/**
 * The schemes that aggregate without a formula.
 *
 * @module
 */
import type { Scheme, Value } from "./spec.ts";
import {
  mean,
  median,
  sum,
  trimmedMean,
  weightedMean as meanByWeights,
  weightedSum,
} from "./statistics.ts";
import { countVotes } from "./vote.ts";

/** One child's part: its value with its offset, and its weight. */
export interface Contribution {
  readonly key: string;
  /** Undefined where the child is missing. */
  readonly value: Value | undefined;
  readonly weight: number;
}

/** Why a scheme has no value for these children. */
export interface AggregateFailure {
  readonly code:
    | "missing_child"
    | "too_few_values"
    | "wrong_type"
    | "zero_weights"
    | "not_finite"
    | "tie"
    | "needs_rows";
  readonly message: string;
  /** The child at fault. */
  readonly child?: string;
}

/** What the schemes go by beside the children. */
export interface AggregateOptions {
  /** Whether the others may stand in for a missing child. */
  readonly reweight: boolean;
  /** The part cut from each end by `trimmed_mean`, below 0.5. */
  readonly trim: number;
  /** The row's mean rank, for `rank_average`; undefined where there is one row only. */
  readonly rank?: number | undefined;
}

/**
 * Aggregates the children that answered.
 *
 * - `mean`, `median`, `min`, `max`: of the values.
 * - `weighted_mean`: `sum(w x) / sum(w)` over the children that are there, which is what
 *   re-weighting means (Bates & Granger, Oper. Res. Q. 1969, 20, 451, for forecasts).
 * - `weighted_sum`: `sum(w x)`; never without a child, for nothing can stand in for its term.
 * - `trimmed_mean`: the mean without `floor(trim n)` values at each end.
 * - `majority_vote`, `weighted_vote`: the value with the most votes, or the most weight; a tie is a
 *   failure, not a coin's throw.
 * - `rank_average`: over many rows only; see `rank_average.ts`.
 */
export function aggregate(
  scheme: Scheme,
  contributions: readonly Contribution[],
  options: AggregateOptions,
): Value | AggregateFailure {
  const missing = contributions.find((contribution) => contribution.value === undefined);
  if (missing && (!options.reweight || scheme === "weighted_sum")) {
    const message = `child ${missing.key} is missing, and ${scheme} is not to do without`;
    return { code: "missing_child", message, child: missing.key };
  }
  const present = contributions.filter((contribution) => contribution.value !== undefined);
  if (!present.length) {
    return { code: "too_few_values", message: `${scheme} needs at least one child's value` };
  }
  const weights = present.map(({ weight }) => weight);
  if (scheme === "majority_vote") return vote(present);
  if (scheme === "weighted_vote") return vote(present, weights);
  const numbers: number[] = [];
  for (const { key, value } of present) {
    if (typeof value !== "number") {
      return { code: "wrong_type", message: `${scheme}: child ${key} is no number`, child: key };
    }
    numbers.push(value);
  }
  if (scheme === "rank_average") {
    const message = "rank_average ranks many rows; there is only one";
    return options.rank ?? { code: "needs_rows", message };
  }
  if (scheme === "weighted_mean" && !(sum(weights) > 0)) return noWeight(scheme);
  const value = ofNumbers(scheme, numbers, weights, options.trim);
  if (Number.isFinite(value)) return value === 0 ? 0 : value;
  return { code: "not_finite", message: `${scheme} of the children is not a finite number` };
}

function ofNumbers(
  scheme: Exclude<Scheme, "majority_vote" | "weighted_vote" | "rank_average">,
  numbers: readonly number[],
  weights: readonly number[],
  trim: number,
): number {
  switch (scheme) {
    case "mean":
      return mean(numbers);
    case "weighted_mean":
      return meanByWeights(numbers, weights);
    case "weighted_sum":
      return weightedSum(numbers, weights);
    case "median":
      return median(numbers);
    case "trimmed_mean":
      return trimmedMean(numbers, trim);
    case "min":
      return Math.min(...numbers);
    case "max":
      return Math.max(...numbers);
  }
}

function vote(
  present: readonly Contribution[],
  weights?: readonly number[],
): Value | AggregateFailure {
  if (weights && !(sum(weights) > 0)) return noWeight("weighted_vote");
  const { winners } = countVotes(present.map(({ value }) => value!), weights);
  if (winners.length === 1) return winners[0]!;
  const tied = winners.slice(0, 5).join(", ");
  return { code: "tie", message: `the vote is a tie between ${tied}` };
}

function noWeight(scheme: Scheme): AggregateFailure {
  return { code: "zero_weights", message: `${scheme}: the weights of the children add up to 0` };
}
