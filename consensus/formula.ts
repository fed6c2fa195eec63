/**
 * The formula of a consensus: a text in, a thing that computes out. Only numbers, texts and truth
 * values go through it; there are no fields, no assignments and no definitions, and what is not on
 * an allow-list is refused when the formula is compiled.
 *
 * @module
 */
import type { Value } from "./spec.ts";
import { evaluateTree, type FormulaScope } from "./formula/evaluate.ts";
import type { FormulaFailure } from "./formula/failure.ts";
import { grammarProblem } from "./formula/grammar.ts";
import { type FormulaProblem, formulaProblem } from "./formula/position.ts";
import { scanFormula } from "./formula/scan.ts";
import type { FormulaNode } from "./formula/node.ts";
import { buildTree } from "./formula/tree.ts";

/** A formula that passed every check, ready to compute. */
export interface Formula {
  readonly tree: FormulaNode;
  /** The formula with one space between its tokens: equal for formulas that differ in layout. */
  readonly canonical: string;
}

/** What a formula knows its children by. */
export interface FormulaChild {
  readonly key: string;
  /** The model's name, another variable for the child, unless several children share it. */
  readonly model: string;
}

/** Compiles a formula, or says at which line and column something else was expected. */
export function compileFormula(
  text: string,
  children: readonly FormulaChild[],
): { readonly formula: Formula } | { readonly problem: FormulaProblem } {
  const scanned = scanFormula(text);
  if ("problem" in scanned) return scanned;
  const { tokens } = scanned;
  const { variables, ambiguous } = variablesOf(children);
  const fault = tokens.find((token) => token.kind === "name" && ambiguous.has(token.text));
  if (fault) {
    const expected = "the key of a child, as several run this model";
    return { problem: formulaProblem(fault, expected, `'${fault.text}'`) };
  }
  const problem = grammarProblem(tokens);
  if (problem) return { problem };
  const built = buildTree(tokens, variables);
  if ("problem" in built) return built;
  return { formula: { tree: built.tree, canonical: tokens.map(({ text }) => text).join(" ") } };
}

/** Computes a formula over children's values: a value, or a failure that says where and why. */
export function evaluateFormula(formula: Formula, scope: FormulaScope): Value | FormulaFailure {
  return evaluateTree(formula.tree, scope);
}

/** Which name stands for which child: every key, and every model name that only one child has. */
function variablesOf(
  children: readonly FormulaChild[],
): { variables: Map<string, number>; ambiguous: Set<string> } {
  const variables = new Map<string, number>();
  const ambiguous = new Set<string>();
  children.forEach(({ model }, i) => {
    if (variables.has(model)) ambiguous.add(model);
    variables.set(model, i);
  });
  for (const name of ambiguous) variables.delete(name);
  children.forEach(({ key }, i) => {
    variables.set(key, i);
    ambiguous.delete(key);
  });
  return { variables, ambiguous };
}
