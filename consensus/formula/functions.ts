/**
 * The functions that a formula may call, and no others.
 *
 * @module
 */
import { mean, median, standardDeviation, sum } from "../statistics.ts";

/** A function of numbers. What it answers is checked: NaN and infinity become a failure. */
export interface NumericFunction {
  readonly kind: "numeric";
  readonly arguments: readonly [least: number, most: number];
  readonly compute: (...numbers: number[]) => number;
}

/**
 * A statistic of numbers. Without arguments it is over all children. A missing child is left out
 * where the spec re-weights, unless `complete` is set.
 */
export interface StatisticFunction {
  readonly kind: "statistic";
  readonly arguments: readonly [least: number, most: number];
  /** The fewest values that it can be computed of. */
  readonly fewest: number;
  readonly complete: boolean;
  readonly compute: (values: readonly number[]) => number;
}

/** A function with rules of its own about which arguments it looks at. */
export interface SpecialFunction {
  readonly kind: "weighted" | "vote" | "count" | "present" | "coalesce" | "if";
  readonly arguments: readonly [least: number, most: number];
  /** Its arguments can be nothing else than children. */
  readonly childrenOnly: boolean;
}

/** Any function. */
export type FormulaFunction = NumericFunction | StatisticFunction | SpecialFunction;

const MANY = 64;

/** Every function by name. */
export const FUNCTIONS: ReadonlyMap<string, FormulaFunction> = new Map<string, FormulaFunction>([
  ["abs", numeric(Math.abs)],
  ["sqrt", numeric(Math.sqrt)],
  ["cbrt", numeric(Math.cbrt)],
  ["exp", numeric(Math.exp)],
  // As in most of the literature's code, `log` is the natural one.
  ["log", numeric(Math.log)],
  ["ln", numeric(Math.log)],
  ["log10", numeric(Math.log10)],
  ["log2", numeric(Math.log2)],
  ["sin", numeric(Math.sin)],
  ["cos", numeric(Math.cos)],
  ["tan", numeric(Math.tan)],
  ["tanh", numeric(Math.tanh)],
  ["floor", numeric(Math.floor)],
  ["ceil", numeric(Math.ceil)],
  ["trunc", numeric(Math.trunc)],
  ["sign", numeric(Math.sign)],
  ["round", numeric(round, 1, 2)],
  ["pow", numeric(Math.pow, 2, 2)],
  ["clamp", numeric((x, low, high) => low > high ? NaN : Math.min(high, Math.max(low, x)), 3, 3)],
  ["mean", statistic(mean)],
  ["median", statistic(median)],
  ["stdev", statistic(standardDeviation, 2)],
  ["min", statistic((values) => Math.min(...values))],
  ["max", statistic((values) => Math.max(...values))],
  ["sum", { ...statistic(sum), complete: true }],
  ["weighted", special("weighted", 0, MANY, true)],
  ["vote", special("vote", 0, MANY)],
  ["count", special("count", 0, MANY)],
  ["present", special("present", 1, 1, true)],
  ["coalesce", special("coalesce", 1, MANY)],
  ["if", special("if", 3, 3)],
]);

function numeric(compute: (...numbers: number[]) => number, least = 1, most = 1): NumericFunction {
  return { kind: "numeric", arguments: [least, most], compute };
}

function statistic(
  compute: (values: readonly number[]) => number,
  fewest = 1,
): StatisticFunction {
  return { kind: "statistic", arguments: [0, MANY], fewest, complete: false, compute };
}

function special(
  kind: SpecialFunction["kind"],
  least: number,
  most: number,
  childrenOnly = false,
): SpecialFunction {
  return { kind, arguments: [least, most], childrenOnly };
}

/** Rounds half away from zero to 0 to 15 digits after the point; NaN for another digit count. */
function round(x: number, digits = 0): number {
  if (!Number.isInteger(digits) || digits < 0 || digits > 15) return NaN;
  const scaled = Math.abs(x) * 10 ** digits;
  // Beyond this every double is an integer already.
  if (scaled >= 2 ** 52) return x;
  return Math.sign(x) * Math.round(scaled) / 10 ** digits;
}
