/**
 * Places in a formula's text, and what can be wrong there.
 *
 * @module
 */

/** Where something stands; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a formula is refused before it is ever run. */
export interface FormulaProblem extends Position {
  readonly expected: string;
  /** All of it as a sentence. */
  readonly message: string;
}

/** Says what was expected at a place, and what stands there. */
export function formulaProblem(at: Position, expected: string, found?: string): FormulaProblem {
  const instead = found === undefined ? "" : `, found ${found}`;
  return {
    line: at.line,
    column: at.column,
    expected,
    message: `line ${at.line}, column ${at.column}: expected ${expected}${instead}`,
  };
}
