/**
 * How good a model is on measured values, and for a consensus whether it is worth having: its score
 * beside its children's, and whether its spread tells its error.
 *
 * @module
 */
import { compareRmse, type RmseDifference } from "./bootstrap.ts";
import { type Score, score, scoreSpread, type SpreadScore } from "./score.ts";

/** What was predicted, by row; null where there is no number. */
export interface Predictions {
  readonly predicted: readonly (number | null)[];
  /** Set for a consensus. */
  readonly consensus?: {
    readonly children: readonly ChildPredictions[];
    readonly standardDeviations: readonly (number | null)[];
    readonly ranges: readonly (number | null)[];
  };
}

/** What one child predicted, before its offset. */
export interface ChildPredictions {
  readonly child: string;
  readonly model: string;
  readonly version?: string;
  readonly predicted: readonly (number | null)[];
}

/** A row that is far off, counted from 1. */
export interface WorstRow {
  readonly row: number;
  readonly measured: number;
  readonly predicted: number;
}

/** A child's score beside the consensus's. */
export interface ChildScore {
  readonly child: string;
  readonly model: string;
  readonly version?: string;
  readonly score: Score;
  /** RMSE of the consensus less that of the child: below 0 the consensus is better. */
  readonly difference: RmseDifference | null;
}

export interface EvaluationReport {
  readonly score: Score;
  /** The rows that are furthest off, the worst first. */
  readonly worst: readonly WorstRow[];
  readonly children?: readonly ChildScore[];
  readonly spread?: { readonly standardDeviation: SpreadScore; readonly range: SpreadScore };
}

const WORST = 10;
/** Draws of rows, over all resamples of one comparison: it blocks for some 50 ms. */
const MOST_DRAWS = 5_000_000;
const MOST_RESAMPLES = 2_000;
const LEAST_RESAMPLES = 200;

/** Makes the report, one comparison at a time, so that `pause` lets others run in between. */
export async function reportOn(
  measured: readonly number[],
  { predicted, consensus }: Predictions,
  pause: () => Promise<void>,
): Promise<EvaluationReport> {
  const own = column(predicted);
  const report = { score: score(measured, own), worst: worstOf(measured, own) };
  if (!consensus) return report;
  const children: ChildScore[] = [];
  for (const { child, model, version, predicted } of consensus.children) {
    await pause();
    const values = column(predicted);
    children.push({
      child,
      model,
      ...(version !== undefined && { version }),
      score: score(measured, values),
      difference: differenceOf(measured, own, values),
    });
  }
  const { standardDeviations, ranges } = consensus;
  return {
    ...report,
    children,
    spread: {
      standardDeviation: scoreSpread(measured, own, standardDeviations),
      range: scoreSpread(measured, own, ranges),
    },
  };
}

/** Compares two sets of predictions with as many resamples as time allows; always the same ones. */
export function differenceOf(
  measured: readonly number[],
  first: readonly (number | undefined)[],
  second: readonly (number | undefined)[],
): RmseDifference | null {
  const affordable = Math.floor(MOST_DRAWS / Math.max(1, measured.length));
  const resamples = Math.max(LEAST_RESAMPLES, Math.min(MOST_RESAMPLES, affordable));
  return compareRmse(measured, first, second, { resamples });
}

/** The child that the consensus has least on; undefined where nothing can be compared. */
export function bestOf(children: readonly ChildScore[]): ChildScore | undefined {
  let best: ChildScore | undefined;
  for (const child of children) {
    if (!child.difference) continue;
    if (!best || child.difference.difference > best.difference!.difference) best = child;
  }
  return best;
}

/** As the scores want them: a row without a number is undefined. */
export function column(values: readonly (number | null)[]): (number | undefined)[] {
  return values.map((value) => value ?? undefined);
}

function worstOf(
  measured: readonly number[],
  predicted: readonly (number | undefined)[],
): WorstRow[] {
  const rows = predicted.flatMap((value, i): WorstRow[] =>
    value === undefined ? [] : [{ row: i + 1, measured: measured[i]!, predicted: value }]
  );
  const error = (row: WorstRow) => Math.abs(row.predicted - row.measured);
  return rows.sort((a, b) => error(b) - error(a)).slice(0, WORST);
}
