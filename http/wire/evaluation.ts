/**
 * Evaluations as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type {
  Evaluation,
  EvaluationResult,
  RowFailure,
} from "../../actors/evaluation/evaluation.ts";
import { bestOf, type ChildScore } from "../../consensus/evaluation_report.ts";
import { MAX_EVALUATION_ROWS } from "../evaluation/evaluation_table.ts";
import { JobId, ModelName, name, VersionName } from "./names.ts";
import { pageOf } from "./page.ts";
import { JobErrorSchema } from "./problem.ts";

const column = z.string().min(1).max(200);
const MEASURED = "The column of the measured values; `measured` by default.";
const OUTPUT = "The field of the output that is held against them; `value` by default. For a " +
  "consensus, one of its named outputs.";

export const EvaluationRequestSchema = z.strictObject({
  rows: z.array(z.record(z.string(), z.unknown())).min(1).max(MAX_EVALUATION_ROWS).openapi({
    description: "Rows with a measured value, and either an `input` or the fields of one.",
    example: [{ smiles: "CCO", measured: 1.1 }, { input: { smiles: "c1ccccc1" }, measured: -1.64 }],
  }),
  version: VersionName.optional(),
  measured: column.optional().openapi({ description: MEASURED }),
  fields: z.record(z.string(), column).optional().openapi({
    description: "Columns by field of the input, where they are called otherwise.",
    example: { smiles: "smiles" },
  }),
  output: column.optional().openapi({ description: OUTPUT }),
}).openapi("EvaluationRequest", {
  description: "Inputs with measured values.",
  example: { rows: [{ smiles: "CCO", measured: 1.1 }, { smiles: "c1ccccc1", measured: -1.64 }] },
});

/** `FIELD:COLUMN`, split at the first colon. */
const FIELD_PATTERN = /^[^:]{1,200}:[\s\S]{1,200}$/;
const FieldSchema = z.string().regex(FIELD_PATTERN, "FIELD:COLUMN");

export const EvaluationQuery = z.strictObject({
  version: VersionName.optional(),
  measured: column.optional().openapi({ description: MEASURED, example: "logS" }),
  field: z.union([FieldSchema, z.array(FieldSchema).max(50)]).optional().openapi({
    type: "array",
    items: { type: "string" },
    description: "`FIELD:COLUMN`: the column of a field of the input, where it is called " +
      "otherwise; may be given several times.",
    example: ["smiles:SMILES"],
  }),
  output: column.optional().openapi({ description: OUTPUT }),
});

const figure = z.number().nullable();

const ScoreSchema = z.object({
  n: z.int().openapi({ description: "Rows that count." }),
  rmse: figure.openapi({ description: "Root of the mean squared error, in the value's unit." }),
  mae: figure.openapi({ description: "Mean absolute error." }),
  bias: figure.openapi({ description: "Mean of predicted less measured." }),
  r2: figure.openapi({
    description: "1 less the squared errors by the variance: against the line of identity.",
  }),
  spearman: figure.openapi({ description: "Rank correlation." }),
}).openapi("Score", { description: "Agreement with measured values; null where not defined." });

const DifferenceSchema = z.object({
  n: z.int(),
  difference: z.number().openapi({ description: "RMSE of the first less that of the second." }),
  low: z.number(),
  high: z.number(),
  verdict: z.enum(["better", "worse", "tie"]).openapi({
    description: "`tie` where the interval holds 0.",
  }),
}).openapi("RmseDifference", {
  description:
    "A paired bootstrap: the difference of two RMSEs and its 95% interval. Below 0 the " +
    "first is better.",
});

const SpreadScoreSchema = z.object({
  n: z.int(),
  correlation: figure.openapi({
    description: "Spearman's correlation of the spread with the absolute error.",
  }),
  quartiles: z.array(
    z.object({ n: z.int(), from: z.number(), to: z.number(), rmse: z.number() }),
  ).openapi({ description: "RMSE by quarter of the spreads, the narrowest first." }),
});

const ChildScoreSchema = z.object({
  child: z.string().openapi({ description: "Its key." }),
  model: z.string(),
  version: z.string().optional(),
  score: ScoreSchema,
  difference: DifferenceSchema.nullable(),
}).openapi("ChildScore", {
  description: "A child's score, and the difference of the consensus to it.",
});

const FailureSchema = z.object({
  row: z.int().openapi({ description: "Counted from 1, without the header." }),
  code: z.string(),
  message: z.string(),
  child: z.string().optional(),
});

const ReportSchema = z.object({
  score: ScoreSchema,
  children: z.array(ChildScoreSchema).optional().openapi({
    description: "For a consensus: the children that the caller may read.",
  }),
  best: z.object({ child: z.string(), difference: DifferenceSchema }).optional().openapi({
    description: "The best of those children, and the difference of the consensus to it.",
  }),
  spread: z.object({ standardDeviation: SpreadScoreSchema, range: SpreadScoreSchema }).optional()
    .openapi({
      description: "Whether a wide spread goes with a large error; for those who may read every " +
        "child.",
    }),
  worst: z.array(z.object({ row: z.int(), measured: z.number(), predicted: z.number() })),
  failed: z.int().openapi({ description: "Rows without a prediction." }),
  failures: z.array(FailureSchema).openapi({ description: "The first of them, with reasons." }),
});

export const EvaluationSchema = z.object({
  id: z.uuid(),
  model: z.string(),
  version: z.string(),
  status: z.enum(["waiting", "running", "completed", "failed"]),
  rows: z.int(),
  rowsDone: z.int(),
  runs: z.int().openapi({
    description: "More than 1 where it was taken up again after the process that ran it was lost.",
  }),
  submitter: z.string(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  error: JobErrorSchema.optional(),
  report: ReportSchema.optional().openapi({ description: "Once it is completed." }),
}).openapi("Evaluation", {
  description: "A model held against measured values.",
  example: {
    id: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0",
    model: "agreed-logs",
    version: "1",
    status: "running",
    rows: 1128,
    rowsDone: 500,
    runs: 1,
    submitter: "user:ada",
    createdAt: "2026-11-20T10:00:00.000Z",
  },
});

export const EvaluationCsvSchema = z.string().openapi("EvaluationCsv", {
  description: "A table with a header, the columns separated by commas, tabs or semicolons.",
  example: "smiles,measured\nCCO,1.1\nc1ccccc1,-1.64\n",
});

export const EvaluationLinesSchema = z.string().openapi("EvaluationLines", {
  description: "A row on each line, as JSON.",
  example: '{"smiles":"CCO","measured":1.1}\n{"smiles":"c1ccccc1","measured":-1.64}\n',
});

export const EvaluationPageSchema = pageOf("EvaluationPage", EvaluationSchema);
export const EvaluationParams = z.object({
  model: ModelName,
  id: JobId.openapi({ description: "Id of the evaluation." }),
});

const METHODS = ["offsets", "weighted_mean", "weighted_sum"] as const;

export const FitRequestSchema = z.strictObject({
  method: z.enum(METHODS).optional().openapi({
    description:
      "`offsets`: equal weights, each child without its bias. `weighted_mean`: weights " +
      "of at least 0 beside it. `weighted_sum`: ordinary least squares. All three where it is " +
      "not set; the best in cross-validation is the proposal.",
  }),
  folds: z.int().min(2).max(20).optional().openapi({ description: "5 by default." }),
  seed: z.int().min(1).max(1_000_000).optional().openapi({
    description: "Deals the rows to the folds; 1 by default.",
  }),
  version: name("Writes the proposal as a version of this name.", "2.0").optional(),
}).openapi("FitRequest", {
  description: "How to fit the children's weights and offsets.",
  example: { method: "weighted_sum" },
});

const ProposalSchema = z.object({
  method: z.enum(METHODS),
  scheme: z.enum(["weighted_mean", "weighted_sum"]),
  children: z.array(z.object({ child: z.string(), weight: z.number(), offset: z.number() })),
  crossValidated: ScoreSchema,
  fitted: ScoreSchema,
  againstPresent: DifferenceSchema.nullable(),
  againstBestChild: DifferenceSchema.nullable(),
}).openapi("FitProposal", {
  description:
    "Weights and offsets. `crossValidated` is its score on rows that it was not fitted " +
    "to, which is what to expect; `fitted` on those that it was. The differences are of the " +
    "cross-validated predictions to the version as it is and to the best child.",
});

export const FitSchema = z.object({
  present: ScoreSchema,
  bestChild: z.object({ child: z.string(), score: ScoreSchema }).optional(),
  proposals: z.array(ProposalSchema).openapi({ description: "The best first." }),
  refused: z.array(z.object({ method: z.enum(METHODS), reason: z.string() })),
  helps: z.boolean().openapi({
    description: "True if the first is better than the present version and than the best child, " +
      "beyond chance.",
  }),
  yaml: z.string().optional().openapi({ description: "The spec with the first proposal." }),
  written: z.object({ model: z.string(), version: z.string() }).optional(),
}).openapi("Fit", {
  description: "Weights and offsets fitted by cross-validated least squares, and what they are " +
    "worth; `present` is the version as it is.",
  example: {
    present: { n: 1128, rmse: 0.96, mae: 0.745, bias: 0.18, r2: 0.79, spearman: 0.91 },
    proposals: [],
    refused: [],
    helps: false,
  },
});

/** Who asks for an evaluation, as far as it matters: which children they may not read. */
export interface EvaluationView {
  readonly model: string;
  /** By key. */
  readonly hidden: ReadonlySet<string>;
}

/** Writes an evaluation, with its report where it has one. */
export function evaluationToWire(
  evaluation: Evaluation,
  result: EvaluationResult | undefined,
  view: EvaluationView,
): z.infer<typeof EvaluationSchema> {
  const { id, version, state, rows, rowsDone, runs, submitter, error } = evaluation;
  const { createdAt, finishedAt } = evaluation;
  const hides = view.hidden.size > 0;
  return {
    id,
    model: view.model,
    version,
    status: state,
    rows,
    rowsDone,
    runs,
    submitter,
    createdAt: new Date(createdAt).toISOString(),
    ...(finishedAt !== undefined && { finishedAt: new Date(finishedAt).toISOString() }),
    ...(error && { error: hides ? { code: error.code, message: UNSAID } : error }),
    ...(result && { report: reportToWire(result, view.hidden) }),
  };
}

const UNSAID = "the consensus could not be computed";

/** Figures of hidden children, and those that they can be computed from, are left out. */
function reportToWire(
  { report, failed, failures }: EvaluationResult,
  hidden: ReadonlySet<string>,
): z.infer<typeof ReportSchema> {
  const { score, worst, spread } = report;
  const shown = report.children?.filter(({ child }) => !hidden.has(child));
  const best = shown && bestOf(shown);
  return {
    score,
    ...(shown && { children: shown.map(childToWire) }),
    ...(best?.difference && { best: { child: best.child, difference: best.difference } }),
    ...(spread && hidden.size === 0 && {
      spread: {
        standardDeviation: spreadToWire(spread.standardDeviation),
        range: spreadToWire(spread.range),
      },
    }),
    worst: [...worst],
    failed,
    failures: failures.map((failure) => hidden.size === 0 ? failure : unsaid(failure)),
  };
}

function childToWire(child: ChildScore): z.infer<typeof ChildScoreSchema> {
  return { ...child };
}

function spreadToWire({ n, correlation, quartiles }: {
  readonly n: number;
  readonly correlation: number | null;
  readonly quartiles: readonly z.infer<typeof SpreadScoreSchema>["quartiles"][number][];
}): z.infer<typeof SpreadScoreSchema> {
  return { n, correlation, quartiles: [...quartiles] };
}

/** What a refused row is told of is the caller's own input; all else may quote a child. */
function unsaid(failure: RowFailure): RowFailure {
  return failure.code === "invalid_row" ? failure : { ...failure, message: UNSAID };
}
