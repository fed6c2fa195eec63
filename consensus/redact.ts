/**
 * What of a verdict may be shown to a caller who cannot read every child.
 *
 * @module
 */
import type {
  ChildReport,
  ConsensusFailure,
  MissingChild,
  Outcome,
  RowsVerdict,
  Verdict,
} from "./verdict.ts";

const HIDDEN = { standardDeviation: null, range: null, agreement: null };

/**
 * Takes away what would show a child that the caller cannot read: its model, its values and its
 * errors, and the spread, from which values can be computed. What is declared as an output stays,
 * and so do the keys, whether a child answered, and whether the children disagree.
 */
export function redact(verdict: Verdict, mayRead: (child: string) => boolean): Verdict {
  const hidden = hiddenOf(verdict.children, mayRead);
  if (!hidden.size) return verdict;
  const { children, revision } = verdict;
  return { ...redactOutcome(verdict, hidden), children: redactAll(children, hidden), revision };
}

/** As {@link redact}, for many rows. */
export function redactRows(verdict: RowsVerdict, mayRead: (child: string) => boolean): RowsVerdict {
  const hidden = hiddenOf(verdict.children, mayRead);
  if (!hidden.size) return verdict;
  const rows = verdict.rows.map((row) => {
    const values = Object.entries(row.values).filter(([child]) => !hidden.has(child));
    return { ...redactOutcome(row, hidden), values: Object.fromEntries(values) };
  });
  return { rows, children: redactAll(verdict.children, hidden), revision: verdict.revision };
}

function hiddenOf(
  children: readonly ChildReport[],
  mayRead: (child: string) => boolean,
): ReadonlySet<string> {
  return new Set(children.map(({ child }) => child).filter((child) => !mayRead(child)));
}

function redactAll(children: readonly ChildReport[], hidden: ReadonlySet<string>): ChildReport[] {
  return children.map((report) => {
    if (!hidden.has(report.child)) return report;
    const { child, weight, offset, error } = report;
    const bare = { child, model: "", weight, offset };
    return error ? { ...bare, error: { code: "failed", message: "the child failed" } } : bare;
  });
}

function redactOutcome(outcome: Outcome, hidden: ReadonlySet<string>): Outcome {
  const missing = outcome.missing.map((child): MissingChild =>
    hidden.has(child.child)
      ? { child: child.child, code: "failed", message: "the child failed" }
      : child
  );
  const spread = { ...outcome.spread, ...HIDDEN };
  const common = { spread, missing, disagreement: outcome.disagreement };
  if (!outcome.ok) return { ...common, ok: false, failure: redactFailure(outcome.failure) };
  const fallbacks = Object.entries(outcome.fallbacks).map((
    [name, failure],
  ) => [name, redactFailure(failure)]);
  const { value, outputs } = outcome;
  return { ...common, ok: true, value, outputs, fallbacks: Object.fromEntries(fallbacks) };
}

/** Messages quote values and errors, of any child; only what is structure stays. */
function redactFailure({ code, child, output, line, column }: ConsensusFailure): ConsensusFailure {
  const message = child === undefined
    ? "the consensus could not be computed"
    : `child ${child} failed`;
  return {
    code,
    message,
    ...(child !== undefined && { child }),
    ...(output !== undefined && { output }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
  };
}
