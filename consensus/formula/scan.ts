/**
 * The tokens of a formula: the only characters that ever reach the parser.
 *
 * @module
 */
import type { Value } from "../spec.ts";
import { type FormulaProblem, formulaProblem, type Position } from "./position.ts";

/** The most characters of a formula. */
export const MAX_LENGTH = 4096;
/** The most tokens of a formula. */
export const MAX_TOKENS = 1024;

export type TokenKind = "literal" | "name" | "operator" | "open" | "close" | "comma";

/** A piece of a formula. */
export interface Token extends Position {
  readonly kind: TokenKind;
  readonly text: string;
  /** What a literal stands for. */
  readonly value?: Value;
}

/** The names that stand for a value. */
export const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["false", false],
  ["PI", Math.PI],
  ["E", Math.E],
]);

/** The operators that are words. */
export const WORD_OPERATORS: readonly string[] = ["and", "or", "not"];

const SPACE = /[ \t\r\n]+/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
// Without escapes and line breaks there is one way only to see where a text ends.
const TEXT = /"[^"\\\r\n]*"|'[^'\\\r\n]*'/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SIGN = /==|!=|<=|>=|[-+*/%^<>?:(),]/y;

const KINDS: Readonly<Record<string, TokenKind>> = { "(": "open", ")": "close", ",": "comma" };

/** What people write who know another language, and what it is called here. */
const HINTS: readonly (readonly [written: string, expected: string])[] = [
  ["&&", "'and'"],
  ["||", "'or'"],
  ["!", "'not'"],
  ["=>", "an operator (functions cannot be defined)"],
  ["=", "'==' (nothing can be assigned)"],
  [".", "a digit after '.' (fields cannot be reached)"],
  ["[", "an operator (fields and lists cannot be reached)"],
  [";", "one expression"],
  ['"', "text without backslash, closed on the same line"],
  ["'", "text without backslash, closed on the same line"],
];

/** Takes a formula to pieces, or says where it cannot be. */
export function scanFormula(
  text: string,
): { readonly tokens: readonly Token[] } | { readonly problem: FormulaProblem } {
  if (text.length > MAX_LENGTH) {
    const expected = `at most ${MAX_LENGTH} characters`;
    return { problem: formulaProblem({ line: 1, column: 1 }, expected, String(text.length)) };
  }
  const tokens: Token[] = [];
  let [line, lineStart] = [1, 0];
  for (let offset = 0; offset < text.length;) {
    const space = match(SPACE, text, offset);
    if (space !== undefined) {
      for (let i = offset; i < offset + space.length; i++) {
        if (text[i] === "\n") [line, lineStart] = [line + 1, i + 1];
      }
      offset += space.length;
      continue;
    }
    const at = { line, column: offset - lineStart + 1 };
    const token = readToken(text, offset, at);
    if ("expected" in token) return { problem: token };
    tokens.push(token);
    if (tokens.length > MAX_TOKENS) {
      return { problem: formulaProblem(at, `at most ${MAX_TOKENS} names, numbers and signs`) };
    }
    offset += token.text.length;
  }
  return { tokens };
}

function readToken(text: string, offset: number, at: Position): Token | FormulaProblem {
  const number = match(NUMBER, text, offset);
  if (number !== undefined) {
    const value = Number(number);
    if (!Number.isFinite(value)) return formulaProblem(at, "a finite number", number.slice(0, 20));
    return { kind: "literal", text: number, value, ...at };
  }
  const quoted = match(TEXT, text, offset);
  if (quoted !== undefined) {
    return { kind: "literal", text: quoted, value: quoted.slice(1, -1), ...at };
  }
  const name = match(NAME, text, offset);
  if (name !== undefined) {
    const value = CONSTANTS.get(name);
    if (value !== undefined) return { kind: "literal", text: name, value, ...at };
    return { kind: WORD_OPERATORS.includes(name) ? "operator" : "name", text: name, ...at };
  }
  const sign = match(SIGN, text, offset);
  if (sign !== undefined) return { kind: KINDS[sign] ?? "operator", text: sign, ...at };
  const hint = HINTS.find(([written]) => text.startsWith(written, offset));
  const found = JSON.stringify(hint?.[0] ?? String.fromCodePoint(text.codePointAt(offset)!));
  return formulaProblem(at, hint?.[1] ?? "a child, a number, a function or an operator", found);
}

function match(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}
