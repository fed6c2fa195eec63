/**
 * Predicts the rows of an evaluation with a model of its own: a job for each row, or for many where
 * the model takes lists. The jobs' ids derive from the evaluation's, so a second run joins them.
 *
 * @module
 */
import { childValue, rowsOf } from "../../consensus/child_value.ts";
import type { Predictions } from "../../consensus/evaluation_report.ts";
import type { ConsensusChild } from "../../consensus/spec.ts";
import type { Resolved } from "../../registry/catalog.ts";
import { effectiveSettings } from "../../registry/model.ts";
import { isFinal, type JobEnd, type NewJob } from "../job.ts";
import { childJobId } from "../job_id.ts";
import type { JobSubmission } from "../job_queue.ts";
import type { Evaluation, EvaluationTable, RowFailure } from "./evaluation.ts";

/** What predicting needs, with any model. */
export interface RowsToPredict {
  readonly jobs: Pick<JobSubmission, "ask" | "settled" | "get" | "cancel">;
  readonly evaluation: Evaluation;
  readonly table: EvaluationTable;
  /** Stop: the jobs go on, and whoever takes the evaluation up joins them. */
  readonly signal: AbortSignal;
  /** True, once stopped, if nobody will: the jobs are cancelled. */
  readonly cancels: () => boolean;
  /** Hears of rows that are done. */
  readonly done: (rows: number) => void;
}

/** What was predicted, and what could not be. */
export interface PredictedRows {
  readonly predictions: Predictions;
  readonly failures: readonly RowFailure[];
}

/** The run was stopped before its end. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** Rows of one job, to a model that takes lists. */
const ROWS_PER_JOB = 200;
const JOBS_AT_ONCE = 64;
/** A wait that ends without an end is begun again: it only bounds what a lost wake-up costs. */
const WAIT_MS = 60_000;
/** Jobs are kept for a second run of their evaluation. */
export const KEPT_SECONDS = 6 * 3600;

/** Predicts all rows. Throws {@link Stopped}, and what the queue throws. */
export async function predictRows(
  context: RowsToPredict,
  resolved: Resolved,
): Promise<PredictedRows> {
  const { inputs } = context.table;
  const rows = inputs.flatMap((input, row) => input === null ? [] : [row]);
  const size = resolved.validate(rows.slice(0, 2).map((row) => inputs[row])).length === 0
    ? ROWS_PER_JOB
    : 1;
  const parts: number[][] = [];
  for (let at = 0; at < rows.length; at += size) parts.push(rows.slice(at, at + size));
  const predicted = inputs.map((): number | null => null);
  const failures: RowFailure[] = [];
  await eachOf(parts, JOBS_AT_ONCE, async (part) => {
    const input = size === 1 ? inputs[part[0]!] : part.map((row) => inputs[row]);
    const job = await run(context, resolved, `rows/${part[0]}`, input);
    const outcomes = outcomesOf(context.table, job, part.length, size > 1);
    part.forEach((row, i) => {
      const outcome = outcomes[i]!;
      if (typeof outcome === "number") predicted[row] = outcome;
      else failures.push({ row: row + 1, ...outcome });
    });
    context.done(part.length);
  });
  return { predictions: { predicted }, failures };
}

async function run(
  { jobs, evaluation, signal, cancels }: RowsToPredict,
  { model, version }: Resolved,
  part: string,
  input: unknown,
): Promise<JobEnd | undefined> {
  const settings = effectiveSettings(model);
  const job: NewJob = {
    id: await childJobId(evaluation.id, part, model.tag),
    model: model.name,
    version: version.version,
    lane: "batch",
    input: JSON.stringify(input),
    limits: {
      maxAttempts: settings.maxAttempts,
      backoffSeconds: settings.backoffSeconds,
      maxBackoffSeconds: settings.maxBackoffSeconds,
      runTimeoutSeconds: settings.runTimeoutSeconds,
      queueTimeoutSeconds: settings.queueTimeoutSeconds,
      retentionSeconds: Math.max(settings.retentionSeconds, KEPT_SECONDS),
    },
    submitter: evaluation.submitter,
    provenance: { evaluation: evaluation.id },
  };
  if (signal.aborted) throw new Stopped();
  let found = await jobs.ask(job, WAIT_MS, signal);
  while (found && !isFinal(found.state) && !signal.aborted) {
    found = await jobs.settled(job.id, WAIT_MS, signal);
  }
  if (!signal.aborted) return found;
  if (cancels()) await jobs.cancel(job.id);
  throw new Stopped();
}

/** A number, or why there is none, for each row of a job. */
function outcomesOf(
  { output }: EvaluationTable,
  job: JobEnd | undefined,
  rows: number,
  many: boolean,
): (number | Omit<RowFailure, "row">)[] {
  const fill = (failure: Omit<RowFailure, "row">) => Array.from({ length: rows }, () => failure);
  if (!job) return fill({ code: "job_lost", message: "the job's record is gone" });
  if (job.state !== "completed") {
    const { code, message } = job.error ?? { code: job.state, message: `the job is ${job.state}` };
    return fill({ code, message });
  }
  const reader = readerOf(output);
  const result: unknown = JSON.parse(job.result ?? "null");
  if (!many) return [outcomeOf(reader, result)];
  const outputs = rowsOf(reader, result);
  if (outputs?.length === rows) return outputs.map((each) => outcomeOf(reader, each));
  return fill({ code: "invalid_output", message: `the output has no list of ${rows} rows` });
}

function outcomeOf(reader: ConsensusChild, output: unknown): number | Omit<RowFailure, "row"> {
  const found = childValue(reader, output);
  if ("error" in found) return found.error;
  if (typeof found.raw === "number") return found.raw;
  return { code: "not_a_number", message: `the value is a ${typeof found.raw}` };
}

/** Reads a model's value as a consensus reads its child's. */
function readerOf(output: string | undefined): ConsensusChild {
  const rest = output === undefined ? {} : { output };
  return { key: "model", model: "", weight: 1, offset: 0, required: true, ...rest };
}

/** Does something for each, a bounded number at once; the first failure ends it. */
async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed: { readonly cause: unknown } | undefined;
  const lane = async () => {
    while (next < items.length && !failed) {
      try {
        await work(items[next++]!);
      } catch (cause) {
        failed ??= { cause };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  if (failed) throw failed.cause;
}
