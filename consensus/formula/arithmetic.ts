/**
 * The operators of two numbers.
 *
 * @module
 */
import { type Computed, fail, finite } from "./failure.ts";
import type { FormulaNode } from "./node.ts";

/** Computes one operator; dividing by zero and leaving the finite numbers are failures. */
export function arithmetic(
  at: FormulaNode,
  operator: "+" | "-" | "*" | "/" | "%" | "^" | "<" | "<=" | ">" | ">=",
  left: number,
  right: number,
): Computed {
  const done = () => `${left} ${operator} ${right}`;
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "+":
      return finite(at, done, left + right);
    case "-":
      return finite(at, done, left - right);
    case "*":
      return finite(at, done, left * right);
    case "^":
      return finite(at, done, left ** right);
    case "/":
    case "%":
      if (right === 0) return fail(at, "division_by_zero", `${done()} divides by zero`);
      return finite(at, done, operator === "/" ? left / right : left % right);
  }
}
