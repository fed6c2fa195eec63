/**
 * Files of inputs: JSON lines, a JSON array, or CSV whose cells become what the version's input
 * schema says.
 *
 * @module
 */
import { CsvError, readCsv } from "../http/csv.ts";
import { Failure } from "./exit.ts";

/** An input and the line of the file that it begins on, from 1. */
export interface BatchInput {
  readonly line: number;
  readonly input: unknown;
}

/** Reads all inputs of a text. Throws a Failure that names the line at fault. */
export function readInputs(text: string, isCsv: boolean, inputSchema: unknown): BatchInput[] {
  if (isCsv) return csvInputs(text, inputSchema);
  if (text.trimStart().startsWith("[")) return arrayInputs(text);
  return text.replace(/^\ufeff/, "").split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [{ line: i + 1, input: JSON.parse(line) }];
    } catch (error) {
      throw new Failure(`line ${i + 1} is not JSON: ${(error as Error).message}`);
    }
  });
}

function arrayInputs(text: string): BatchInput[] {
  try {
    return (JSON.parse(text) as unknown[]).map((input, i) => ({ line: i + 1, input }));
  } catch (error) {
    throw new Failure(`the file begins like a JSON array, but: ${(error as Error).message}`);
  }
}

function csvInputs(text: string, inputSchema: unknown): BatchInput[] {
  try {
    const [head, ...records] = readCsv(text);
    if (!head) throw new Failure("the file is empty: its first line names the fields");
    const twice = head.cells.find((name, i) => head.cells.indexOf(name) !== i);
    if (twice !== undefined) throw new Failure(`line ${head.line} names "${twice}" twice`);
    return records.map(({ line, cells }) => {
      if (cells.length !== head.cells.length) {
        throw new Failure(
          `line ${line} has ${cells.length} cells, and the first line names ${head.cells.length}`,
        );
      }
      const fields = head.cells.flatMap((name, i) => {
        const value = valueOf(cells[i]!, typesOf(inputSchema, name));
        return value === undefined ? [] : [[name, value] as const];
      });
      return { line, input: Object.fromEntries(fields) };
    });
  } catch (error) {
    if (error instanceof CsvError) throw new Failure(error.message);
    throw error;
  }
}

/** The JSON types that a field may have. */
function typesOf(schema: unknown, field: string): readonly string[] {
  const properties = (schema as { properties?: Record<string, unknown> } | undefined)?.properties;
  const type = (properties?.[field] as { type?: string | string[] } | undefined)?.type;
  return type === undefined ? [] : [type].flat();
}

/** An empty cell is a field that is not there; what does not fit stays text, for the gateway to refuse. */
function valueOf(cell: string, types: readonly string[]): unknown {
  if (types.includes("string") || (types.length === 0 && cell !== "")) return cell;
  if (cell === "") return undefined;
  const isNumber = types.includes("number") || types.includes("integer");
  if (isNumber && Number.isFinite(Number(cell))) return Number(cell);
  if (types.includes("boolean") && /^(?:true|false)$/i.test(cell)) return /^t/i.test(cell);
  if (types.includes("object") || types.includes("array")) {
    try {
      return JSON.parse(cell);
    } catch {
      return cell;
    }
  }
  return cell;
}
