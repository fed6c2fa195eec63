/**
 * Fits a consensus to an evaluation of it, and says what the fit is worth.
 *
 * @module
 */
import type { EvaluationResult, EvaluationTable } from "../../actors/evaluation/evaluation.ts";
import {
  bestOf,
  type ChildPredictions,
  column,
  differenceOf,
} from "../../consensus/evaluation_report.ts";
import type { RmseDifference } from "../../consensus/bootstrap.ts";
import { type Fit, fit, type FitMethod, type FitOptions } from "../../consensus/fit.ts";
import { rounded } from "../../consensus/fitted_spec.ts";
import type { Score } from "../../consensus/score.ts";
import type { ConsensusSpec } from "../../consensus/spec.ts";

/** A fit beside what is there already. */
export interface Proposal extends Fit {
  readonly againstPresent: RmseDifference | null;
  readonly againstBestChild: RmseDifference | null;
}

/** All that was tried. */
export interface Fitting {
  readonly present: Score;
  readonly bestChild?: { readonly child: string; readonly score: Score };
  /** The best in cross-validation first. */
  readonly proposals: readonly Proposal[];
  readonly refused: readonly { readonly method: FitMethod; readonly reason: string }[];
  /** The first is better than the present version and than the best child, beyond chance. */
  readonly helps: boolean;
}

const METHODS: readonly FitMethod[] = ["offsets", "weighted_mean", "weighted_sum"];

/** Tries one method, or all. `result` is of an evaluation of that spec. */
export async function fitConsensus(
  spec: ConsensusSpec,
  { measured }: EvaluationTable,
  { predictions, report }: EvaluationResult,
  method: FitMethod | undefined,
  options: FitOptions,
): Promise<Fitting> {
  const children = new Map(predictions.consensus?.children.map((each) => [each.child, each]));
  const columns = spec.children.map(({ key }) => columnOf(children.get(key), measured.length));
  const best = bestOf(report.children ?? []);
  const bestColumn = best && columnOf(children.get(best.child), measured.length);
  const present = column(predictions.predicted);
  const proposals: Proposal[] = [];
  const refused: { method: FitMethod; reason: string }[] = [];
  for (const each of method ? [method] : METHODS) {
    // Each takes a while; others are served in between.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const fitted = fit(each, measured, columns, options);
    if ("reason" in fitted) {
      refused.push({ method: each, reason: fitted.reason });
      continue;
    }
    proposals.push({
      ...fitted,
      againstPresent: differenceOf(measured, fitted.predictions, present),
      againstBestChild: bestColumn ? differenceOf(measured, fitted.predictions, bestColumn) : null,
    });
  }
  proposals.sort((a, b) => rmseOf(a) - rmseOf(b));
  const [first] = proposals;
  return {
    present: report.score,
    ...(best && { bestChild: { child: best.child, score: best.score } }),
    proposals,
    refused,
    helps: first?.againstPresent?.verdict === "better" &&
      first.againstBestChild?.verdict === "better",
  };
}

function rmseOf({ crossValidated }: Fit): number {
  return crossValidated.rmse ?? Infinity;
}

function columnOf(child: ChildPredictions | undefined, rows: number): (number | undefined)[] {
  return child ? column(child.predicted) : new Array(rows).fill(undefined);
}

/** A proposal's weights and offsets by child, as they are written. */
export function weightsOf(
  { children }: Pick<ConsensusSpec, "children">,
  { weights, offsets }: Pick<Fit, "weights" | "offsets">,
): { child: string; weight: number; offset: number }[] {
  return children.map(({ key }, i) => ({
    child: key,
    weight: rounded(weights[i]!),
    offset: rounded(offsets[i]!),
  }));
}

/**
 * What is worth knowing of a fitted version, as Markdown. Without the children's own figures, which
 * not every reader may see.
 */
export function fitDocumentation(
  proposal: Proposal,
  fitting: Fitting,
  from: { readonly version: string; readonly evaluation: string; readonly digest: string },
): string {
  const { method, folds, crossValidated, fitted, againstPresent } = proposal;
  const line = (name: string, { n, rmse, mae, bias, r2, spearman }: Score) =>
    `| ${[name, n, ...[rmse, mae, bias, r2, spearman].map(shown)].join(" | ")} |`;
  return `Weights and offsets fitted by \`${method}\` to ${fitted.n} measured values ` +
    `(evaluation ${from.evaluation} of version ${from.version}, SHA-256 of its table ` +
    `${from.digest}).

| | n | RMSE | MAE | bias | R2 | Spearman |
| --- | --- | --- | --- | --- | --- | --- |
${line(`${folds}-fold cross-validation`, crossValidated)}
${line("the rows it was fitted to", fitted)}
${line(`version ${from.version}, before`, fitting.present)}

${verdictOf(againstPresent, from.version)}
`;
}

function verdictOf(difference: RmseDifference | null, version: string): string {
  if (!difference) return `It could not be compared to version ${version}.`;
  const { verdict, low, high } = difference;
  const words = {
    better: "better than",
    worse: "worse than",
    tie: "no better than, beyond chance,",
  }[verdict];
  return `In cross-validation it is ${words} version ${version}: RMSE ` +
    `${shown(difference.difference)} [${shown(low)}, ${shown(high)}].`;
}

function shown(figure: number | null): string {
  if (figure === null) return "-";
  const text = figure.toFixed(3);
  return text === "-0.000" ? "0.000" : text;
}
