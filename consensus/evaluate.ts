/**
 * A consensus that is ready to judge: the children's answers in, a verdict out.
 *
 * @module
 */
import { type ChildError, type ChildValue, childValue, rowsOf } from "./child_value.ts";
import { compileFormula } from "./formula.ts";
import { outcomeOf, type Rules } from "./outcome.ts";
import { rankAverage } from "./rank_average.ts";
import { revisionOf } from "./revision.ts";
import type { ConsensusChild, ConsensusSpec, Value } from "./spec.ts";
import {
  type ChildAnswer,
  type ChildReport,
  childReport,
  type RowOutcome,
  type RowsVerdict,
  type Verdict,
} from "./verdict.ts";

/** A spec made ready; build it once and use it for every job. */
export class Consensus {
  readonly spec: ConsensusSpec;
  /** See `revision.ts`. */
  readonly revision: string;
  readonly #rules: Rules;

  /** Throws if a formula does not compile, which `parseSpec` makes sure of. */
  constructor(spec: ConsensusSpec) {
    this.spec = spec;
    this.revision = revisionOf(spec);
    this.#rules = {
      spec,
      keys: spec.children.map(({ key }) => key),
      weights: spec.children.map(({ weight }) => weight),
      formulas: spec.outputs.map(({ rule }) => {
        if (rule.kind !== "formula") return undefined;
        const compiled = compileFormula(rule.formula, spec.children);
        if ("formula" in compiled) return compiled.formula;
        throw new Error(`the formula of ${spec.name} is wrong: ${compiled.problem.message}`);
      }),
    };
  }

  /** Judges one input. A child without an answer counts as missing. */
  evaluate(answers: Iterable<ChildAnswer>): Verdict {
    const byChild = this.#byChild(answers);
    const values = this.spec.children.map((child, i) => valueOf(child, byChild[i]));
    const reports = this.spec.children.map((child, i): ChildReport => {
      const value = values[i]!;
      const result = "error" in value ? { error: value.error } : { value: value.raw };
      return { ...childReport(child, byChild[i]), ...result };
    });
    return {
      ...outcomeOf(this.#rules, values, reports),
      children: reports,
      revision: this.revision,
    };
  }

  /** Judges an input of many rows, each on its own: a row that fails is that row's failure. */
  evaluateRows(answers: Iterable<ChildAnswer>, rows: number): RowsVerdict {
    const byChild = this.#byChild(answers);
    const columns = this.spec.children.map((child, i) => columnOf(child, byChild[i], rows));
    const reports = this.spec.children.map((child, i): ChildReport => {
      const column = columns[i]!;
      const failed = Array.isArray(column) ? {} : { error: column.error };
      return { ...childReport(child, byChild[i]), ...failed };
    });
    const ranks = this.#ranks(columns, rows);
    const outcomes = Array.from({ length: rows }, (_, row): RowOutcome => {
      const values = columns.map((column) => Array.isArray(column) ? column[row]! : column);
      const raw = values.flatMap((value, i): [string, Value][] =>
        "raw" in value ? [[this.#rules.keys[i]!, value.raw]] : []
      );
      const outcome = outcomeOf(this.#rules, values, reports, ranks?.[row]);
      return { ...outcome, values: Object.fromEntries(raw) };
    });
    return { rows: outcomes, children: reports, revision: this.revision };
  }

  /**
   * True once the children that have answered so far rule a value out, whatever the others will
   * say: a required one is missing, or too many are for the quorum, and there is no fallback.
   */
  isRuledOut(answers: Iterable<ChildAnswer>, rows: boolean): boolean {
    const { children, outputs, quorum } = this.spec;
    if (outputs.every(({ fallback }) => fallback !== undefined)) return false;
    const byChild = this.#byChild(answers);
    let missing = 0;
    for (const [i, child] of children.entries()) {
      const answer = byChild[i];
      if (!answer) continue;
      // In many rows, only a child that failed as a whole is missing in all of them.
      const lost = rows ? answer.kind === "failed" : "error" in valueOf(child, answer);
      if (lost && child.required) return true;
      if (lost) missing++;
    }
    return children.length - missing < quorum;
  }

  #byChild(answers: Iterable<ChildAnswer>): (ChildAnswer | undefined)[] {
    const byKey = new Map<string, ChildAnswer>();
    for (const answer of answers) byKey.set(answer.child, answer);
    return this.#rules.keys.map((key) => byKey.get(key));
  }

  /** Every row's mean rank, where an output asks for it and every child has numbers. */
  #ranks(columns: readonly Column[], rows: number): (number | undefined)[] | undefined {
    const wanted = this.spec.outputs.some(({ rule }) =>
      rule.kind === "scheme" && rule.scheme === "rank_average"
    );
    if (!wanted || rows < 2) return undefined;
    const numbers = columns.map((column) => {
      if (!Array.isArray(column)) return [];
      return column.map((value) =>
        "value" in value && typeof value.value === "number" ? value.value : undefined
      );
    });
    return rankAverage(numbers, rows);
  }
}

/** A child's values by row, or why it has none at all. */
type Column = ChildValue[] | { readonly error: ChildError };

function valueOf(child: ConsensusChild, answer: ChildAnswer | undefined): ChildValue {
  if (!answer) return NO_ANSWER;
  return answer.kind === "failed" ? { error: answer.error } : childValue(child, answer.output);
}

function columnOf(child: ConsensusChild, answer: ChildAnswer | undefined, rows: number): Column {
  if (!answer) return NO_ANSWER;
  if (answer.kind === "failed") return { error: answer.error };
  const outputs = rowsOf(child, answer.output);
  if (outputs?.length === rows) return outputs.map((output) => childValue(child, output));
  const found = outputs ? `${outputs.length} rows` : "no rows";
  const message = `the output has ${found} for ${rows} rows of input`;
  return { error: { code: "invalid_output", message } };
}

const NO_ANSWER = { error: { code: "no_answer", message: "the child did not answer" } } as const;
