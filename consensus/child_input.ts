/**
 * The input that a child is given, made from the consensus input.
 *
 * @module
 */
import type { InputSource } from "./spec.ts";
import { readField } from "./read_field.ts";

/** A child's input, or the field of the consensus input that it needs and that is not there. */
export type ChildInput = { readonly input: unknown } | { readonly missing: string };

/**
 * Makes a child's input. Without a mapping it is the consensus input itself; a list of rows is
 * mapped row by row.
 */
export function childInput(
  mapping: Readonly<Record<string, InputSource>> | undefined,
  input: unknown,
): ChildInput {
  if (!mapping) return { input };
  if (!Array.isArray(input)) return mapRow(mapping, input);
  const rows: unknown[] = [];
  for (const [i, row] of input.entries()) {
    const mapped = mapRow(mapping, row);
    if ("missing" in mapped) return { missing: `/${i}${pointerOf(mapped.missing)}` };
    rows.push(mapped.input);
  }
  return { input: rows };
}

function mapRow(mapping: Readonly<Record<string, InputSource>>, row: unknown): ChildInput {
  const fields: [string, unknown][] = [];
  for (const [field, source] of Object.entries(mapping)) {
    const value = "value" in source ? source.value : readField(row, source.from);
    if (value === undefined && "from" in source) return { missing: source.from };
    fields.push([field, value]);
  }
  return { input: Object.fromEntries(fields) };
}

function pointerOf(from: string): string {
  return from.startsWith("/") ? from : `/${from}`;
}
