/**
 * A verdict as the result of a job: what anyone may see of it, and the trace that tells the rest to
 * those who may read the children.
 *
 * @module
 */
import { redact, redactRows } from "../../consensus/redact.ts";
import type {
  ChildReport,
  ConsensusFailure,
  Outcome,
  RowOutcome,
  RowsVerdict,
  Verdict,
} from "../../consensus/verdict.ts";
import type { JobError } from "../job.ts";

/** Everything that is known of a consensus, as it is kept beside its result. */
export interface ConsensusTrace {
  readonly verdict: Verdict | RowsVerdict;
  /** The unit of the values. */
  readonly units?: string;
}

/** True for the verdict on an input of many rows. */
export function hasRows(verdict: Verdict | RowsVerdict): verdict is RowsVerdict {
  return "rows" in verdict;
}

/**
 * What is left of a trace for someone who may read only some of the children: the same object where
 * nothing has to be hidden. A child is read if the model of its report may be.
 */
export function traceFor(
  trace: ConsensusTrace,
  mayRead: (model: string) => boolean,
): ConsensusTrace {
  const { verdict } = trace;
  const models = new Map(verdict.children.map(({ child, model }) => [child, model]));
  const reads = (child: string) => mayRead(models.get(child) ?? "");
  const shown = hasRows(verdict) ? redactRows(verdict, reads) : redact(verdict, reads);
  return shown === verdict ? trace : { ...trace, verdict: shown };
}

/** Why the consensus has no value; undefined where it has one, or some of its rows have. */
export function failureOf({ verdict }: ConsensusTrace): ConsensusFailure | undefined {
  if (!hasRows(verdict)) return verdict.ok ? undefined : verdict.failure;
  const [first] = verdict.rows;
  if (!first || first.ok || verdict.rows.some(({ ok }) => ok)) return undefined;
  return first.failure;
}

/** A failure as a job's error: it names the child, its version and its attempt. */
export function consensusError(failure: ConsensusFailure): JobError {
  const { code, message, child, version, attempt } = failure;
  return {
    code,
    message,
    ...(child !== undefined && { child }),
    ...(version !== undefined && { version }),
    ...(attempt !== undefined && { attempt }),
  };
}

/** The result of the job, ready for JSON. */
export function consensusAnswer({ verdict, units }: ConsensusTrace): Record<string, unknown> {
  const children = verdict.children.map(childToAnswer);
  const unit = units === undefined ? {} : { units };
  if (!hasRows(verdict)) {
    return { ...outcomeToAnswer(verdict, unit), children, revision: verdict.revision };
  }
  const rows = verdict.rows.map((row) => ({ ...outcomeToAnswer(row, {}), values: row.values }));
  return { rows, ...unit, children, revision: verdict.revision };
}

function outcomeToAnswer(
  outcome: Outcome | RowOutcome,
  unit: { readonly units?: string },
): Record<string, unknown> {
  const { spread, disagreement, missing } = outcome;
  const common = { spread, disagreement, missing };
  if (!outcome.ok) return { error: outcome.failure, ...common };
  const { value, outputs, fallbacks } = outcome;
  return {
    value,
    ...unit,
    ...(hasFields(outputs) && { outputs }),
    ...common,
    ...(hasFields(fallbacks) && { fallbacks }),
  };
}

/** The model of a child that may not be read is an empty name; it is left out. */
function childToAnswer({ model, ...report }: ChildReport): Record<string, unknown> {
  const { child, ...rest } = report;
  return { child, ...(model !== "" && { model }), ...rest };
}

function hasFields(map: object): boolean {
  return Object.keys(map).length > 0;
}
