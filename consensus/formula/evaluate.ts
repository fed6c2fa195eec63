/**
 * Computes a formula's tree, step by counted step.
 *
 * @module
 */
import type { Value } from "../spec.ts";
import { sum, weightedMean } from "../statistics.ts";
import { countVotes } from "../vote.ts";
import { arithmetic } from "./arithmetic.ts";
import {
  BOOLEAN,
  type Computed,
  fail,
  failed,
  finite,
  type FormulaFailure,
  NUMBER,
  tooFew,
  wrong,
} from "./failure.ts";
import type { NumericFunction, StatisticFunction } from "./functions.ts";
import type { FormulaNode } from "./node.ts";

/** The most steps of one evaluation: parts visited and values taken into a statistic. */
export const MAX_STEPS = 10_000;

/** What a formula is computed of; the lists are by the children's index. */
export interface FormulaScope {
  readonly keys: readonly string[];
  /** Undefined for a missing child. */
  readonly values: readonly (Value | undefined)[];
  readonly weights: readonly number[];
  /** Whether statistics may leave missing children out. */
  readonly reweight: boolean;
}

/** Computes a value, or says why there is none. */
export function evaluateTree(tree: FormulaNode, scope: FormulaScope): Computed {
  const value = new Evaluation(scope).compute(tree);
  return value === 0 ? 0 : value; // no negative zero
}

class Evaluation {
  readonly #scope: FormulaScope;
  #steps = 0;

  constructor(scope: FormulaScope) {
    this.#scope = scope;
  }

  compute(node: FormulaNode): Computed {
    if (++this.#steps > MAX_STEPS) return fail(node, "too_many_steps", `over ${MAX_STEPS} steps`);
    switch (node.kind) {
      case "constant":
        return node.value;
      case "child":
        return this.#child(node.index, node);
      case "unary": {
        const operand = this.compute(node.operand);
        if (failed(operand)) return operand;
        if (node.operator === "not") {
          return typeof operand === "boolean" ? !operand : wrong(node, "'not'", BOOLEAN, operand);
        }
        if (typeof operand !== "number") return wrong(node, `'${node.operator}'`, NUMBER, operand);
        return node.operator === "-" ? -operand : operand;
      }
      case "binary":
        return this.#binary(node);
      case "choice":
        return this.#choose(node, node.condition, node.yes, node.no);
      case "call":
        return this.#call(node);
    }
  }

  #child(index: number, at: FormulaNode): Computed {
    const value = this.#scope.values[index];
    if (value !== undefined) {
      if (typeof value !== "number" || Number.isFinite(value)) return value;
      return fail(at, "not_finite", `child ${this.#scope.keys[index]} is not a finite number`);
    }
    const message = `child ${this.#scope.keys[index]} is missing`;
    return { ...fail(at, "missing_child", message), child: index };
  }

  #binary(node: FormulaNode & { kind: "binary" }): Computed {
    const { operator } = node;
    const left = this.compute(node.left);
    if (failed(left)) return left;
    if (operator === "and" || operator === "or") {
      if (typeof left !== "boolean") return wrong(node, `'${operator}'`, BOOLEAN, left);
      if (left === (operator === "or")) return left;
      const right = this.compute(node.right);
      if (failed(right) || typeof right === "boolean") return right;
      return wrong(node, `'${operator}'`, BOOLEAN, right);
    }
    const right = this.compute(node.right);
    if (failed(right)) return right;
    if (operator === "==" || operator === "!=") {
      if (typeof left !== typeof right) return wrong(node, `'${operator}'`, "one kind", right);
      return (left === right) === (operator === "==");
    }
    if (typeof left !== "number") return wrong(node, `'${operator}'`, NUMBER, left);
    if (typeof right !== "number") return wrong(node, `'${operator}'`, NUMBER, right);
    return arithmetic(node, operator, left, right);
  }

  #choose(at: FormulaNode, condition: FormulaNode, yes: FormulaNode, no: FormulaNode): Computed {
    const chosen = this.compute(condition);
    if (failed(chosen)) return chosen;
    if (typeof chosen !== "boolean") return wrong(at, "a condition", BOOLEAN, chosen);
    return this.compute(chosen ? yes : no);
  }

  #call(node: FormulaNode & { kind: "call" }): Computed {
    switch (node.call.kind) {
      case "numeric":
        return this.#numeric(node, node.call);
      case "statistic":
        return this.#statistic(node, node.call);
      case "present": {
        const child = node.args[0]!;
        return child.kind === "child" && this.#scope.values[child.index] !== undefined;
      }
      case "if":
        return this.#choose(node, node.args[0]!, node.args[1]!, node.args[2]!);
      case "coalesce":
        return this.#coalesce(node);
      case "count": {
        const values = this.#take(node, true);
        return "code" in values ? values : values.length;
      }
      case "vote":
        return this.#vote(node);
      case "weighted":
        return this.#weighted(node);
    }
  }

  #numeric(node: FormulaNode & { kind: "call" }, call: NumericFunction): Computed {
    const numbers: number[] = [];
    for (const arg of node.args) {
      const value = this.compute(arg);
      if (failed(value)) return value;
      if (typeof value !== "number") return wrong(arg, `${node.name}()`, NUMBER, value);
      numbers.push(value);
    }
    return finite(node, `${node.name}(${numbers.join(", ")})`, call.compute(...numbers));
  }

  #statistic(node: FormulaNode & { kind: "call" }, call: StatisticFunction): Computed {
    const values = this.#take(node, this.#scope.reweight && !call.complete);
    if ("code" in values) return values;
    const numbers: number[] = [];
    for (const value of values) {
      if (typeof value !== "number") return wrong(node, `${node.name}()`, NUMBER, value);
      numbers.push(value);
    }
    if (numbers.length < call.fewest) return tooFew(node, call.fewest);
    return finite(node, `${node.name}()`, call.compute(numbers));
  }

  #coalesce(node: FormulaNode & { kind: "call" }): Computed {
    let last: Computed = false;
    for (const arg of node.args) {
      last = this.compute(arg);
      if (!failed(last) || last.code !== "missing_child") return last;
    }
    return last;
  }

  #vote(node: FormulaNode & { kind: "call" }): Computed {
    const values = this.#take(node, this.#scope.reweight);
    if ("code" in values) return values;
    if (!values.length) return tooFew(node, 1);
    const { winners } = countVotes(values);
    if (winners.length === 1) return winners[0]!;
    return fail(node, "tie", `vote() is a tie between ${winners.slice(0, 5).join(", ")}`);
  }

  #weighted(node: FormulaNode & { kind: "call" }): Computed {
    const indices = node.args.length
      ? node.args.flatMap((arg) => arg.kind === "child" ? [arg.index] : [])
      : this.#scope.keys.map((_, i) => i);
    const [values, weights]: [number[], number[]] = [[], []];
    for (const index of indices) {
      if (++this.#steps > MAX_STEPS) return fail(node, "too_many_steps", `over ${MAX_STEPS} steps`);
      const value = this.#child(index, node);
      if (failed(value)) {
        if (this.#scope.reweight && value.code === "missing_child") continue;
        return value;
      }
      if (typeof value !== "number") return wrong(node, "weighted()", NUMBER, value);
      values.push(value);
      weights.push(this.#scope.weights[index] ?? 1);
    }
    if (!values.length) return tooFew(node, 1);
    if (!(sum(weights) > 0)) return fail(node, "division_by_zero", "the weights add up to 0");
    return finite(node, "weighted()", weightedMean(values, weights));
  }

  /** The arguments' values, or all children's where there are no arguments. */
  #take(node: FormulaNode & { kind: "call" }, skipMissing: boolean): Value[] | FormulaFailure {
    const values: Value[] = [];
    const count = node.args.length || this.#scope.keys.length;
    for (let i = 0; i < count; i++) {
      if (++this.#steps > MAX_STEPS) return fail(node, "too_many_steps", `over ${MAX_STEPS} steps`);
      const arg = node.args[i];
      const value = arg ? this.compute(arg) : this.#child(i, node);
      if (!failed(value)) values.push(value);
      else if (!skipMissing || value.code !== "missing_child") return value;
    }
    return values;
  }
}
