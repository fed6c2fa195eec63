/**
 * How far the children are apart.
 *
 * @module
 */
import type { DisagreementRule, Value } from "./spec.ts";
import { standardDeviation } from "./statistics.ts";
import { countVotes } from "./vote.ts";

/** The spread of the values that are there, in their own unit; offsets are in, weights are not. */
export interface Spread {
  /** How many values it is of. */
  readonly values: number;
  /** Over n - 1; null unless at least two values are there and all are numbers. */
  readonly standardDeviation: number | null;
  /** The highest less the lowest; null as above. */
  readonly range: number | null;
  /** The part of the children that gave the most common value, 0 to 1; null without children. */
  readonly agreement: number | null;
}

/** Measures the spread. */
export function spreadOf(values: readonly Value[]): Spread {
  const numbers = values.filter((value) => typeof value === "number");
  const measurable = numbers.length === values.length && numbers.length > 1;
  return {
    values: values.length,
    standardDeviation: measurable ? finiteOrNull(standardDeviation(numbers)) : null,
    range: measurable ? finiteOrNull(Math.max(...numbers) - Math.min(...numbers)) : null,
    agreement: values.length ? countVotes(values).share : null,
  };
}

/** Whether the children disagree by the rule; null without a rule or a spread to judge by. */
export function disagrees(spread: Spread, rule: DisagreementRule | undefined): boolean | null {
  if (!rule) return null;
  switch (rule.measure) {
    case "range":
      return spread.range === null ? null : spread.range > rule.threshold;
    case "standard_deviation":
      return spread.standardDeviation === null ? null : spread.standardDeviation > rule.threshold;
    case "agreement":
      return spread.agreement === null || spread.values < 2
        ? null
        : spread.agreement < rule.threshold;
  }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
