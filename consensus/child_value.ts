/**
 * What a child's output says its value is.
 *
 * @module
 */
import { readField } from "./read_field.ts";
import type { ConsensusChild, Value } from "./spec.ts";

/** Why a child has no value; `code` is a stable word. */
export interface ChildError {
  readonly code: string;
  readonly message: string;
}

/** A child's value as it came and with its offset, or why there is none. */
export type ChildValue =
  | { readonly raw: Value; readonly value: Value }
  | { readonly error: ChildError };

/** The longest text that counts as a value, in characters. */
const MAX_TEXT = 1024;

/**
 * Reads the value of one output: the declared field, or `value` of a map, or a bare number, text or
 * truth value. A field `error` beside it, as in a row that failed, is that child's error.
 */
export function childValue(child: ConsensusChild, output: unknown): ChildValue {
  const said = readField(output, "error");
  if (said !== undefined && said !== null) return { error: errorOf(said) };
  const field = child.output ?? "value";
  const bare = child.output === undefined && (typeof output !== "object" || output === null);
  const raw = bare ? output : readField(output, field);
  if (typeof raw === "string" && raw.length <= MAX_TEXT && child.offset === 0) {
    return { raw, value: raw };
  }
  if (typeof raw === "boolean" && child.offset === 0) return { raw, value: raw };
  if (typeof raw === "number") {
    const value = raw + child.offset;
    if (Number.isFinite(value)) return { raw, value };
  }
  const expected = child.offset === 0 ? "a finite number, text or a truth value" : "a number";
  const what = bare ? "the output" : `the output's field ${field}`;
  return { error: { code: "invalid_output", message: `${what} is not ${expected}: ${show(raw)}` } };
}

/** The outputs by row, where an output is a list, or its declared field is one. */
export function rowsOf(child: ConsensusChild, output: unknown): readonly unknown[] | undefined {
  if (Array.isArray(output)) return output;
  const field = child.output ?? "value";
  const list = readField(output, field);
  if (!Array.isArray(list)) return undefined;
  // Each becomes an output of its own, read by the same field.
  return field.startsWith("/") ? undefined : list.map((value) => ({ [field]: value }));
}

function errorOf(said: unknown): ChildError {
  const code = readField(said, "code");
  const message = readField(said, "message");
  return {
    code: typeof code === "string" ? code.slice(0, 63) : "row_failed",
    message: typeof message === "string"
      ? message.slice(0, MAX_TEXT)
      : typeof said === "string"
      ? said.slice(0, MAX_TEXT)
      : "the row failed",
  };
}

function show(value: unknown): string {
  if (value === undefined) return "nothing is there";
  if (value === null || typeof value === "number") return String(value);
  if (typeof value === "string") return `text of ${value.length} characters`;
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "a map" : String(value);
}
