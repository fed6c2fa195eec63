/**
 * Where in a YAML text a fault of a formula lies: the check names the formula's place in the text and
 * the fault's place in the formula.
 *
 * @module
 */
import type { FieldError } from "../wire/problem.ts";

/** A place in a text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const WITHIN = /in the formula at line (\d+), column (\d+)/;

/** Answers the place of a fault; undefined for one that lies at none. */
export function placeOf(
  { line, column = 1, expected }: FieldError,
  lines: readonly string[],
): Place | undefined {
  if (line === undefined || lines[line - 1] === undefined) return undefined;
  const within = WITHIN.exec(expected);
  if (!within) return { line, column };
  const inner = { line: Number(within[1]), column: Number(within[2]) };
  const opening = lines[line - 1]![column - 1];
  if (opening === "|" || opening === ">") return placeInBlock(line, inner, lines, opening);
  const quote = opening === '"' || opening === "'" ? 1 : 0;
  return inner.line === 1
    ? { line, column: column + quote + inner.column - 1 }
    : { line: line + inner.line - 1, column: inner.column };
}

/** A block's text begins on the next line; folded, its lines are one. */
function placeInBlock(
  opening: number,
  inner: Place,
  lines: readonly string[],
  style: "|" | ">",
): Place {
  let line = opening + (style === "|" ? inner.line : 1);
  let column = inner.column;
  const textOf = (at: number) => (lines[at - 1] ?? "").trimStart();
  if (style === ">") {
    while (column > textOf(line).length + 1 && line < lines.length) {
      column -= textOf(line).length + 1;
      line++;
    }
  }
  const indent = (lines[line - 1] ?? "").length - textOf(line).length;
  return { line, column: indent + column };
}
