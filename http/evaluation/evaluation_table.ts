/**
 * A table of inputs and measured values, from CSV, JSON lines or JSON rows.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { EvaluationTable, RowFailure } from "../../actors/evaluation/evaluation.ts";
import {
  fieldAt,
  namedFieldsOf,
  rowSchemaOf,
  typeOf,
  typesOf,
} from "../../consensus/schema_facts.ts";
import type { Resolved } from "../../registry/catalog.ts";
import type { SchemaViolation, Validator } from "../../registry/schema.ts";
import { CsvError, readCsv } from "../csv.ts";
import { Problem } from "../problem.ts";
import type { FieldError } from "../wire/problem.ts";

/** The most rows of one evaluation. */
export const MAX_EVALUATION_ROWS = 10_000;

/** Which column is what. */
export interface Columns {
  /** The measured values; `measured` where it is not set. */
  readonly measured?: string | undefined;
  /** Columns by field of the input; those of the fields' own names where it is not set. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly output?: string | undefined;
}

/** A row by column, or why it is none. */
type Row = Readonly<Record<string, unknown>> | { readonly fault: string };

/**
 * Reads a table for a version. Rows whose measured value is no number or whose input the version
 * would not take are kept as refused rows. Throws 422 for a table without a row that is right.
 */
export function readTable(
  body: { readonly type: string; readonly text: string } | { readonly rows: readonly unknown[] },
  columns: Columns,
  { version, validate }: Resolved,
): EvaluationTable {
  const { rows, names } = "rows" in body ? fromJson(body.rows) : fromText(body.type, body.text);
  if (rows.length === 0) throw invalid({ pointer: "", expected: "at least one row" });
  if (rows.length > MAX_EVALUATION_ROWS) {
    throw invalid({ pointer: "", expected: `at most ${MAX_EVALUATION_ROWS} rows` });
  }
  const { measured: column = "measured", output } = columns;
  const fields = columns.fields ?? fieldsByName(version.inputSchema, names, column);
  checkColumns(names, column, fields);
  const inputs: unknown[] = [];
  const measured: number[] = [];
  const refused: RowFailure[] = [];
  for (const [i, row] of rows.entries()) {
    const read = readRow(row, column, fields, "rows" in body ? undefined : version.inputSchema);
    const violation = "fault" in read ? undefined : violationOf(read.input, validate);
    const message = "fault" in read
      ? read.fault
      : violation && `input${violation.pointer}: expected ${violation.expected}`;
    if (message !== undefined) refused.push({ row: i + 1, code: "invalid_row", message });
    inputs.push("fault" in read || message !== undefined ? null : read.input);
    measured.push("fault" in read ? 0 : read.measured);
  }
  if (refused.length === rows.length) {
    const { row, message } = refused[0]!;
    throw invalid({
      pointer: "",
      expected: "at least one row that is right",
      detail: `row ${row}: ${message}`,
    });
  }
  const digest = hash("sha256", JSON.stringify([inputs, measured]), "hex");
  return { inputs, measured, refused, digest, ...(output !== undefined && { output }) };
}

/** A model takes a row as it is, or lists of them. */
function violationOf(input: unknown, validate: Validator): SchemaViolation | undefined {
  const alone = validate(input)[0];
  return alone && validate([input]).length > 0 ? alone : undefined;
}

interface Rows {
  readonly rows: readonly Row[];
  /** The columns, where the table says them once for all. */
  readonly names?: readonly string[];
}

function fromText(type: string, text: string): Rows {
  return type === "text/csv" ? fromCsv(text) : fromLines(text);
}

function fromCsv(text: string): Rows {
  try {
    const [header, ...records] = readCsv(text);
    const names = header?.cells ?? [];
    const rows = records.map(({ cells, line }): Row => {
      if (cells.length === names.length) {
        return Object.fromEntries(names.map((name, i) => [name, cells[i]!]));
      }
      return { fault: `line ${line} has ${cells.length} cells for ${names.length} columns` };
    });
    return { rows, names };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalid({ pointer: "", line: error.line, expected: "CSV", detail: error.message });
  }
}

function fromLines(text: string): Rows {
  const rows: Row[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    try {
      rows.push(asRow(JSON.parse(line)));
    } catch {
      rows.push({ fault: "the line is not JSON" });
    }
  }
  return { rows };
}

function fromJson(rows: readonly unknown[]): Rows {
  return { rows: rows.map(asRow) };
}

function asRow(value: unknown): Row {
  if (typeOf(value) === "object") return value as Record<string, unknown>;
  return { fault: `expected a map, found ${typeOf(value)}` };
}

/** The columns that are named as fields of the input; all others where the schema names none. */
function fieldsByName(
  inputSchema: unknown,
  names: readonly string[] | undefined,
  measured: string,
): Readonly<Record<string, string>> | undefined {
  if (!names) return undefined;
  const known = namedFieldsOf(rowSchemaOf(inputSchema));
  const others = names.filter((name) => name !== measured);
  if (known.length === 0) return Object.fromEntries(others.map((name) => [name, name]));
  return Object.fromEntries(
    known.flatMap((field) => {
      const column = others.find((name) => name === field) ??
        others.find((name) => name.toLowerCase() === field.toLowerCase());
      return column === undefined ? [] : [[field, column]];
    }),
  );
}

function checkColumns(
  names: readonly string[] | undefined,
  measured: string,
  fields: Readonly<Record<string, string>> | undefined,
): void {
  if (!names) return;
  const faults: FieldError[] = [];
  const expected = `one of the columns: ${names.join(", ")}`;
  if (!names.includes(measured)) {
    faults.push({ parameter: "measured", expected, detail: `there is no column ${measured}` });
  }
  const wanted = Object.entries(fields ?? {});
  for (const [field, column] of wanted) {
    if (names.includes(column)) continue;
    faults.push({ parameter: "field", expected, detail: `no column ${column} for ${field}` });
  }
  if (wanted.length === 0) {
    const detail = "no column is named as a field of the input: say which, as `field=FIELD:COLUMN`";
    faults.push({ parameter: "field", expected, detail });
  }
  if (faults.length > 0) throw invalid(...faults);
}

function readRow(
  row: Row,
  column: string,
  fields: Readonly<Record<string, string>> | undefined,
  cellSchema: unknown,
): { readonly input: unknown; readonly measured: number } | { readonly fault: string } {
  if ("fault" in row && typeof row.fault === "string" && Object.keys(row).length === 1) {
    return { fault: row.fault };
  }
  const cells = row as Readonly<Record<string, unknown>>;
  const value = cells[column];
  const measured = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof measured !== "number" || !Number.isFinite(measured)) {
    return { fault: `${column} is no number: ${JSON.stringify(value)?.slice(0, 80) ?? "nothing"}` };
  }
  if (!fields) {
    const { [column]: _, input, ...rest } = cells;
    return { input: input === undefined ? rest : input, measured };
  }
  const entries = Object.entries(fields).flatMap(([field, name]): [string, unknown][] => {
    const cell = cells[name];
    // An empty cell is a field that is not there.
    if (cell === undefined || cell === "") return [];
    return [[field, typeof cell === "string" ? typed(cell, cellSchema, field) : cell]];
  });
  return { input: Object.fromEntries(entries), measured };
}

/** A cell of text as the field's schema wants it. */
function typed(cell: string, schema: unknown, field: string): unknown {
  const fact = fieldAt(rowSchemaOf(schema), field);
  const types = fact.kind === "schema" ? typesOf(fact.schema) : undefined;
  if (types?.has("string")) return cell;
  const number = Number(cell);
  if ((types === undefined || types.has("number")) && Number.isFinite(number)) return number;
  if (types?.has("boolean") && /^(?:true|false)$/i.test(cell)) return cell.toLowerCase() === "true";
  return cell;
}

function invalid(...errors: FieldError[]): Problem {
  return new Problem("invalid-request", {
    detail: errors[0]!.detail ?? errors[0]!.expected,
    errors,
  });
}
