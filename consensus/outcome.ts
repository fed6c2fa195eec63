/**
 * From the children's values to one outcome: the quorum, the rules, the fallbacks, the spread.
 *
 * @module
 */
import { aggregate } from "./aggregate.ts";
import type { ChildError, ChildValue } from "./child_value.ts";
import { evaluateFormula, type Formula } from "./formula.ts";
import type { ConsensusOutput, ConsensusSpec, Value } from "./spec.ts";
import { disagrees, spreadOf } from "./spread.ts";
import type { ChildReport, ConsensusFailure, MissingChild, Outcome } from "./verdict.ts";

/** A spec with its formulas compiled, by output. */
export interface Rules {
  readonly spec: ConsensusSpec;
  readonly keys: readonly string[];
  readonly weights: readonly number[];
  /** By the output's place; undefined for a scheme. */
  readonly formulas: readonly (Formula | undefined)[];
}

/** Computes an outcome. The lists are by child; `ranks` holds a row's mean rank. */
export function outcomeOf(
  rules: Rules,
  children: readonly ChildValue[],
  reports: readonly ChildReport[],
  rank?: number,
): Outcome {
  const { spec } = rules;
  const values = children.map((child) => "value" in child ? child.value : undefined);
  const missing = children.flatMap((child, i): MissingChild[] =>
    "error" in child ? [{ child: rules.keys[i]!, ...child.error }] : []
  );
  const present = values.filter((value) => value !== undefined);
  const spread = spreadOf(present);
  const common = { spread, disagreement: disagrees(spread, spec.disagreement), missing };
  const gate = gateFailure(rules, children, reports, present.length);
  const computed = new Map<string, Value>();
  const fallbacks: [string, ConsensusFailure][] = [];
  for (const [i, output] of spec.outputs.entries()) {
    const result = gate ?? compute(rules, i, output, values, rank, reports, children);
    if (typeof result !== "object") {
      computed.set(output.name, result);
    } else if (output.fallback !== undefined) {
      computed.set(output.name, output.fallback);
      fallbacks.push([output.name, result]);
    } else {
      return { ok: false, failure: result, ...common };
    }
  }
  const { value, ...outputs } = Object.fromEntries(computed);
  return { ok: true, value: value!, outputs, fallbacks: Object.fromEntries(fallbacks), ...common };
}

/** Whether enough children are there to go on; a failure names the first at fault. */
function gateFailure(
  { spec, keys }: Rules,
  children: readonly ChildValue[],
  reports: readonly ChildReport[],
  present: number,
): ConsensusFailure | undefined {
  const lost = firstAtFault(children, (i) => spec.children[i]!.required);
  if (lost >= 0) return childFailure("child_failed", reports[lost]!, errorOf(children[lost]));
  if (present >= spec.quorum) return undefined;
  const first = firstAtFault(children, () => true);
  const failure = childFailure("quorum_not_met", reports[first]!, errorOf(children[first]));
  const missing = keys.filter((_, i) => "error" in children[i]!).join(", ");
  const message = `${present} of ${keys.length} children answered, ${spec.quorum} are needed; ` +
    `missing: ${missing}; first, ${failure.message}`;
  return { ...failure, message };
}

/** Codes of children that were given up because another one had failed, or all were cancelled. */
const FOLLOWED: ReadonlySet<string> = new Set(["no_answer", "not_awaited", "cancelled"]);

/** The first missing child of those that count, one that failed by itself before all others. */
function firstAtFault(children: readonly ChildValue[], counts: (child: number) => boolean): number {
  const missing = (i: number) => counts(i) && "error" in children[i]!;
  const itself = children.findIndex((child, i) =>
    missing(i) && !FOLLOWED.has(errorOf(child)!.code)
  );
  return itself >= 0 ? itself : children.findIndex((_, i) => missing(i));
}

function errorOf(child: ChildValue | undefined): ChildError | undefined {
  return child && "error" in child ? child.error : undefined;
}

/** Names the child, its version and its attempt. */
function childFailure(
  code: string,
  report: ChildReport,
  error: ChildError | undefined,
): ConsensusFailure {
  const { child, model, version, attempt } = report;
  const run = [
    version === undefined ? model : `${model} ${version}`,
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
  ].join(", ");
  const why = error ? `: ${error.code}: ${error.message}` : "";
  return {
    code,
    message: `child ${child} (${run}) failed${why}`,
    child,
    model,
    ...(version !== undefined && { version }),
    ...(attempt !== undefined && { attempt }),
  };
}

function compute(
  rules: Rules,
  index: number,
  output: ConsensusOutput,
  values: readonly (Value | undefined)[],
  rank: number | undefined,
  reports: readonly ChildReport[],
  children: readonly ChildValue[],
): Value | ConsensusFailure {
  const { keys, weights, spec: { reweight } } = rules;
  const { rule, name } = output;
  if (rule.kind === "formula") {
    const result = evaluateFormula(rules.formulas[index]!, { keys, values, weights, reweight });
    if (typeof result !== "object") return result;
    const { code, message, line, column, child } = result;
    const place = { output: name, line, column };
    return child === undefined
      ? { code, message: `${name}: ${message}`, ...place }
      : because({ code, message, ...place }, reports[child]!, errorOf(children[child]));
  }
  const parts = keys.map((key, i) => ({ key, value: values[i], weight: weights[i]! }));
  const result = aggregate(rule.scheme, parts, { reweight, trim: rule.trim, rank });
  if (typeof result !== "object") return result;
  const failure = { code: result.code, message: `${name}: ${result.message}`, output: name };
  if (result.child === undefined) return failure;
  const at = keys.indexOf(result.child);
  return because(failure, reports[at]!, errorOf(children[at]));
}

/** Adds the child that a failure comes from. */
function because(
  failure: ConsensusFailure,
  report: ChildReport,
  error: ChildError | undefined,
): ConsensusFailure {
  const { message, code: _, ...child } = childFailure(failure.code, report, error);
  if (!error) return { ...child, ...failure };
  return { ...child, ...failure, message: `${failure.message}; ${message}` };
}
