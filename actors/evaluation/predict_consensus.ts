/**
 * Predicts the rows of an evaluation with a consensus, and what each of its children says to them.
 *
 * @module
 */
import type { ChildPredictions } from "../../consensus/evaluation_report.ts";
import type { RowOutcome, RowsVerdict } from "../../consensus/verdict.ts";
import { rightsOf } from "../../registry/access.ts";
import type { Catalog, Resolved } from "../../registry/catalog.ts";
import { ConsensusStop } from "../consensus/consensus_call.ts";
import { consensusOf } from "../consensus/consensus_model.ts";
import { runConsensus } from "../consensus/consensus_run.ts";
import { childJobId } from "../job_id.ts";
import type { JobError } from "../job.ts";
import type { RowFailure } from "./evaluation.ts";
import { KEPT_SECONDS, type PredictedRows, type RowsToPredict, Stopped } from "./predict_rows.ts";

/** Rows judged at once: their children's jobs are under way together. */
const ROWS_AT_ONCE = 250;
/** Time for the children's answers to so many rows. */
const PART_SECONDS = 3600;

/** The consensus cannot be run at all. */
export class Unsound extends Error {
  override readonly name = "Unsound";

  constructor(readonly error: JobError) {
    super(error.message);
  }
}

/** Predicts all rows. Throws {@link Stopped}, {@link Unsound}, and what the queue throws. */
export async function predictConsensus(
  context: RowsToPredict & { readonly catalog: Pick<Catalog, "model" | "resolve" | "refresh"> },
  resolved: Resolved,
): Promise<PredictedRows> {
  const { inputs } = context.table;
  const rows = inputs.flatMap((input, row) => input === null ? [] : [row]);
  const collected = new Collected(inputs.length, context.table.output ?? "value");
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const part = rows.slice(at, at + ROWS_AT_ONCE);
    collected.add(part, await judge(context, resolved, part));
    context.done(part.length);
  }
  return collected.end();
}

async function judge(
  { jobs, catalog, evaluation, table, signal, cancels }: Parameters<typeof predictConsensus>[0],
  { model, version }: Resolved,
  part: readonly number[],
): Promise<RowsVerdict> {
  const stop = new AbortController();
  const abort = () => stop.abort(new ConsensusStop(cancels() ? "cancel" : "leave"));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    const end = await runConsensus(jobs, catalog, {
      consensus: consensusOf(version)!,
      rights: rightsOf(model, version),
      submitter: version.createdBy,
      input: part.map((row) => table.inputs[row]),
      parent: await childJobId(evaluation.id, `rows/${part[0]}`, model.tag),
      lane: "batch",
      deadline: Date.now() + PART_SECONDS * 1000,
      retentionSeconds: KEPT_SECONDS,
      signal: stop.signal,
      // What a run before has asked stands, failures too.
      ...(evaluation.runs > 1 && { again: { readyAt: evaluation.createdAt } }),
    });
    if (end.kind === "stopped" || signal.aborted) throw new Stopped();
    if (end.kind === "unsound") throw new Unsound(end.error);
    if ("rows" in end.verdict) return end.verdict;
    throw new Error("a list of rows was judged as one");
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Puts the verdicts of parts together, by row of the table. */
class Collected {
  readonly #output: string;
  readonly #predicted: (number | null)[];
  readonly #deviations: (number | null)[];
  readonly #ranges: (number | null)[];
  readonly #children = new Map<string, ChildPredictions & { predicted: (number | null)[] }>();
  readonly #failures: RowFailure[] = [];

  constructor(rows: number, output: string) {
    const none = () => new Array<number | null>(rows).fill(null);
    [this.#predicted, this.#deviations, this.#ranges] = [none(), none(), none()];
    this.#output = output;
  }

  add(part: readonly number[], { rows, children }: RowsVerdict): void {
    for (const { child, model, version } of children) {
      if (this.#children.has(child)) continue;
      const predicted = this.#predicted.map(() => null);
      this.#children.set(child, {
        child,
        model,
        ...(version !== undefined && { version }),
        predicted,
      });
    }
    part.forEach((row, i) => this.#addRow(row, rows[i]!));
  }

  #addRow(row: number, outcome: RowOutcome): void {
    const { spread, values } = outcome;
    this.#deviations[row] = spread.standardDeviation;
    this.#ranges[row] = spread.range;
    for (const [child, value] of Object.entries(values)) {
      if (typeof value === "number") this.#children.get(child)!.predicted[row] = value;
    }
    if (!outcome.ok) {
      const { code, message, child } = outcome.failure;
      const failure = { row: row + 1, code, message };
      this.#failures.push(child === undefined ? failure : { ...failure, child });
      return;
    }
    const value = this.#output === "value" ? outcome.value : outcome.outputs[this.#output];
    if (typeof value === "number") this.#predicted[row] = value;
    else {
      const found = value === undefined ? "not there" : `a ${typeof value}`;
      const message = `the output ${this.#output} is ${found}`;
      this.#failures.push({ row: row + 1, code: "not_a_number", message });
    }
  }

  end(): PredictedRows {
    const children = [...this.#children.values()];
    const consensus = {
      children,
      standardDeviations: this.#deviations,
      ranges: this.#ranges,
    };
    return { predictions: { predicted: this.#predicted, consensus }, failures: this.#failures };
  }
}
