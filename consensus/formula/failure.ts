/**
 * How a formula that compiled can still have no value.
 *
 * @module
 */
import type { Value } from "../spec.ts";
import type { FormulaNode } from "./node.ts";
import type { Position } from "./position.ts";

/** Why a formula has no value for these children. */
export interface FormulaFailure extends Position {
  readonly code:
    | "missing_child"
    | "division_by_zero"
    | "not_finite"
    | "wrong_type"
    | "too_few_values"
    | "tie"
    | "too_many_steps";
  readonly message: string;
  /** The index of the child that is missing. */
  readonly child?: number;
}

/** What computing a part of a formula ends in. */
export type Computed = Value | FormulaFailure;

/** Tells a failure from a value. */
export function failed(computed: Computed): computed is FormulaFailure {
  return typeof computed === "object";
}

/** What operators and functions expect, in words. */
export const NUMBER = "a number";
export const BOOLEAN = "true or false";

/** Lets finite numbers through; NaN and infinity become a failure that says what was computed. */
export function finite(at: FormulaNode, what: string | (() => string), value: number): Computed {
  if (Number.isFinite(value)) return value;
  const computed = typeof what === "string" ? what : what();
  return fail(at, "not_finite", `${computed} is not a finite number`);
}

/** Says that a value is of the wrong kind for who takes it. */
export function wrong(
  at: FormulaNode,
  who: string,
  expected: string,
  found: Value,
): FormulaFailure {
  return fail(at, "wrong_type", `${who} expects ${expected}, found ${show(found)}`);
}

/** Says that a statistic has too few values. */
export function tooFew(node: FormulaNode & { kind: "call" }, fewest: number): FormulaFailure {
  const values = fewest === 1 ? "one value" : `${fewest} values`;
  return fail(node, "too_few_values", `${node.name}() needs at least ${values}`);
}

function show(value: Value): string {
  return typeof value === "string" ? `text ${JSON.stringify(value.slice(0, 40))}` : String(value);
}

/** Makes a failure at a place in the formula. */
export function fail(at: FormulaNode, code: FormulaFailure["code"], what: string): FormulaFailure {
  const { line, column } = at.at;
  return { code, message: `formula line ${line}, column ${column}: ${what}`, line, column };
}
