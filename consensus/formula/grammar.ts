/**
 * Whether tokens make one expression. The parser behind it decides what binds to what; this check
 * comes first because it can say where a formula is wrong and what was expected there.
 *
 * @module
 */
import { type FormulaProblem, formulaProblem, type Position } from "./position.ts";
import type { Token } from "./scan.ts";

/** The most brackets, conditions and signs inside each other. */
export const MAX_NESTING = 32;

const PREFIXES = ["+", "-", "not"];
const INFIXES = ["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", "and", "or"];

/** What is still open: brackets, a call's brackets, or a `?` without its `:`. */
type Opening = "(" | "call" | "?";

/** Answers what is wrong, if anything. */
export function grammarProblem(tokens: readonly Token[]): FormulaProblem | undefined {
  const open: Opening[] = [];
  let [value, signs] = [false, 0];
  for (const [i, token] of tokens.entries()) {
    const previous = tokens[i - 1];
    if (value) {
      const end = afterValue(token, previous, open);
      if (typeof end === "object") return end;
      value = end;
    } else {
      const start = beforeValue(token, previous, open);
      if (typeof start === "object") return start;
      value = start;
      signs = token.kind === "operator" ? signs + 1 : 0;
    }
    if (open.length + signs > MAX_NESTING) {
      return formulaProblem(token, `at most ${MAX_NESTING} levels of nesting`);
    }
  }
  if (!value) return formulaProblem(endOf(tokens), "a value", "the end");
  if (open.length) return formulaProblem(endOf(tokens), closing(open), "the end");
  return undefined;
}

/** Handles a token where a value is due; answers whether a value then stands there. */
function beforeValue(
  token: Token,
  previous: Token | undefined,
  open: Opening[],
): boolean | FormulaProblem {
  if (token.kind === "literal" || token.kind === "name") return true;
  if (token.kind === "open") open.push("(");
  else if (token.kind === "close" && previous?.kind === "open" && open.at(-1) === "call") {
    open.pop();
    return true;
  } else if (!PREFIXES.includes(token.text)) {
    return formulaProblem(token, "a value", `'${token.text}'`);
  }
  return false;
}

/** Handles a token after a value; answers whether a value still stands there. */
function afterValue(
  token: Token,
  previous: Token | undefined,
  open: Opening[],
): boolean | FormulaProblem {
  const innermost = open.at(-1);
  if (token.kind === "open" && previous?.kind === "name") open.push("call");
  else if (token.text === "?") open.push("?");
  else if (token.text === ":" && innermost === "?") open.pop();
  else if (token.kind === "close" && (innermost === "(" || innermost === "call")) {
    open.pop();
    return true;
  } else if (!(token.kind === "comma" && innermost === "call") && !INFIXES.includes(token.text)) {
    const expected = innermost ? `an operator or ${closing(open)}` : "an operator or the end";
    return formulaProblem(token, expected, `'${token.text}'`);
  }
  return false;
}

function closing(open: readonly Opening[]): string {
  return { "(": "')'", call: "',' or ')'", "?": "':'" }[open.at(-1)!];
}

function endOf(tokens: readonly Token[]): Position {
  const last = tokens.at(-1);
  return last
    ? { line: last.line, column: last.column + last.text.length }
    : { line: 1, column: 1 };
}
