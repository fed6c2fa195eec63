/**
 * A formula as a tree.
 *
 * @module
 */
import type { Value } from "../spec.ts";
import type { FormulaFunction } from "./functions.ts";
import type { Position } from "./position.ts";

/** The most levels of a tree; a sum of n terms has n. */
export const MAX_DEPTH = 256;

/** The operators of one value. */
export const UNARY = ["-", "+", "not"] as const;
/** The operators of two values. */
export const BINARY = [
  ...["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or"] as const,
];

/** A part of a formula that can be computed. */
export type FormulaNode =
  & { readonly at: Position }
  & (
    | { readonly kind: "constant"; readonly value: Value }
    | { readonly kind: "child"; readonly index: number }
    | {
      readonly kind: "unary";
      readonly operator: typeof UNARY[number];
      readonly operand: FormulaNode;
    }
    | {
      readonly kind: "binary";
      readonly operator: typeof BINARY[number];
      readonly left: FormulaNode;
      readonly right: FormulaNode;
    }
    | {
      readonly kind: "choice";
      readonly condition: FormulaNode;
      readonly yes: FormulaNode;
      readonly no: FormulaNode;
    }
    | {
      readonly kind: "call";
      readonly name: string;
      readonly call: FormulaFunction;
      readonly args: readonly FormulaNode[];
    }
  );
