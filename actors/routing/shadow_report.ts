/**
 * What the pairs of jobs and their shadow copies say about the two versions.
 *
 * @module
 */
import { correlation, mean, median, rankCorrelation, ranks } from "../../consensus/statistics.ts";
import type { ShadowSpec } from "../../registry/route.ts";
import type { ShadowPair } from "./shadow_pair.ts";

/** The figures of two versions on the same inputs. Differences are the shadow's less the primary's. */
export interface ShadowReport {
  /** Copies that have ended and were compared with their job. */
  readonly pairs: number;
  readonly bothCompleted: number;
  /** Where one of the two did not complete. */
  readonly primaryFailed: number;
  readonly shadowFailed: number;
  /** Of the pairs that both completed: equal results, or numbers that are all within the tolerance. */
  readonly agreement?: { readonly agreed: number; readonly rate: number };
  /** Set from {@link LEAST_NUMBERS} pairs of numbers on: fewer would tell single results. */
  readonly numbers?: NumberFigures;
  /** Of the runs that completed, in milliseconds. */
  readonly latency?: {
    readonly primary: LatencyFigures;
    readonly shadow: LatencyFigures;
    /** The shadow's median by the primary's. */
    readonly medianRatio?: number;
  };
  /** Jobs whose numbers are farthest apart, the farthest first. */
  readonly farthest: readonly string[];
}

export interface NumberFigures {
  readonly count: number;
  readonly primaryMean: number;
  readonly shadowMean: number;
  readonly meanShift: number;
  readonly meanAbsoluteDifference: number;
  readonly rootMeanSquareDifference: number;
  readonly largestDifference: number;
  /** Pearson's, and Spearman's of the ranks; null where one side is constant. */
  readonly correlation: number | null;
  readonly rankCorrelation: number | null;
  /** How many places a value moves in the order, as a part of all places. */
  readonly meanRankChange: number;
  readonly largestRankChange: number;
  /** Of the tenth that is highest by the primary, the part that is so by the shadow too. */
  readonly topTenthKept: number;
}

export interface LatencyFigures {
  readonly median: number;
  readonly p95: number;
}

export const LEAST_NUMBERS = 10;
const FARTHEST = 5;

/** Summarises pairs by a shadow's tolerance. */
export function shadowReport(
  pairs: readonly ShadowPair[],
  tolerance: ShadowSpec["tolerance"] = {},
): ShadowReport {
  const both = pairs.filter(({ states: [job, copy] }) =>
    job === "completed" && copy === "completed"
  );
  const known = pairs.filter(({ states: [job] }) => job !== null);
  const agreed = both.filter((pair) => agrees(pair, tolerance)).length;
  const numbers = both.flatMap((pair) => pair.numbers);
  return {
    pairs: pairs.length,
    bothCompleted: both.length,
    primaryFailed: known.filter(({ states }) => states[0] !== "completed").length,
    shadowFailed: pairs.filter(({ states }) => states[1] !== "completed").length,
    ...(both.length > 0 && { agreement: { agreed, rate: agreed / both.length } }),
    ...(numbers.length >= LEAST_NUMBERS && { numbers: figuresOf(numbers) }),
    ...latencyOf(both),
    farthest: farthestOf(both),
  };
}

function agrees({ same, numbers }: ShadowPair, tolerance: NonNullable<ShadowSpec["tolerance"]>) {
  const { absolute = 0, relative = 0 } = tolerance;
  return same || numbers.length > 0 && numbers.every(([x, y]) => {
        return Math.abs(y - x) <= Math.max(absolute, relative * Math.abs(x));
      });
}

function figuresOf(numbers: ShadowPair["numbers"]): NumberFigures {
  const xs = numbers.map(([x]) => x), ys = numbers.map(([, y]) => y);
  const differences = numbers.map(([x, y]) => y - x);
  const sizes = differences.map(Math.abs);
  const [xRanks, yRanks] = [ranks(xs), ranks(ys)];
  const moves = xRanks.map((rank, i) => Math.abs(yRanks[i]! - rank) / (xs.length - 1));
  return {
    count: numbers.length,
    primaryMean: mean(xs),
    shadowMean: mean(ys),
    meanShift: mean(differences),
    meanAbsoluteDifference: mean(sizes),
    rootMeanSquareDifference: Math.sqrt(mean(differences.map((d) => d * d))),
    largestDifference: largest(sizes),
    correlation: correlation(xs, ys),
    rankCorrelation: rankCorrelation(xs, ys),
    meanRankChange: mean(moves),
    largestRankChange: largest(moves),
    topTenthKept: topKept(xRanks, yRanks),
  };
}

function topKept(xRanks: readonly number[], yRanks: readonly number[]): number {
  const count = Math.max(1, Math.round(xRanks.length / 10));
  const top = (ranked: readonly number[]) =>
    new Set(ranked.map((_, i) => i).sort((a, b) => ranked[b]! - ranked[a]!).slice(0, count));
  return top(xRanks).intersection(top(yRanks)).size / count;
}

function latencyOf(pairs: readonly ShadowPair[]): Pick<ShadowReport, "latency"> {
  const ran = pairs.flatMap(({ ranMs }) => ranMs ? [ranMs] : []);
  if (ran.length === 0) return {};
  const primary = latencies(ran.map(([job]) => job));
  const shadow = latencies(ran.map(([, copy]) => copy));
  return {
    latency: {
      primary,
      shadow,
      ...(primary.median > 0 && { medianRatio: shadow.median / primary.median }),
    },
  };
}

function latencies(times: readonly number[]): LatencyFigures {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: median(times), p95: sorted[Math.ceil(0.95 * sorted.length) - 1]! };
}

function farthestOf(pairs: readonly ShadowPair[]): string[] {
  return pairs
    .filter(({ numbers }) => numbers.length > 0)
    .map(({ job, numbers }) => ({ job, by: largest(numbers.map(([x, y]) => Math.abs(y - x))) }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by)
    .slice(0, FARTHEST)
    .map(({ job }) => job);
}

/** Without spreading: a list may be longer than a call takes arguments. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
