/**
 * Tables of comma-separated values (RFC 4180): quoted cells may hold commas, quotes and line breaks.
 *
 * @module
 */

/** A record and the line that it begins on, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A quote that is never closed. */
export class CsvError extends Error {
  override readonly name = "CsvError";

  constructor(readonly line: number) {
    super(`the quote on line ${line} is not closed`);
  }
}

/**
 * Reads the records of a text; empty lines are left out. Cells without quotes lose the space around
 * them. The separator is a comma, or a tab or semicolon where the first line has no comma. Throws
 * {@link CsvError}.
 */
export function readCsv(text: string): CsvRecord[] {
  const separator = separatorOf(text);
  const records: CsvRecord[] = [];
  let at = text.startsWith("\ufeff") ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const begun = line;
    const cells: string[] = [];
    let ended = false;
    while (!ended) {
      const cell = readCell(text, at, separator, line);
      cells.push(cell.text);
      line += cell.breaks;
      ended = cell.end >= text.length || text[cell.end] !== separator;
      at = cell.end + (ended ? 0 : 1);
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") at++;
    line++;
    if (cells.length > 1 || cells[0] !== "") records.push({ line: begun, cells });
  }
  return records;
}

interface Cell {
  readonly text: string;
  /** Where the separator or the line break after it stands. */
  readonly end: number;
  /** Line breaks within it. */
  readonly breaks: number;
}

function readCell(text: string, start: number, separator: string, line: number): Cell {
  const rest = new RegExp(`[${separator}\\r\\n]|$`, "g");
  if (text[start] !== '"') {
    rest.lastIndex = start;
    const end = rest.exec(text)!.index;
    return { text: text.slice(start, end).trim(), end, breaks: 0 };
  }
  const parts: string[] = [];
  let at = start + 1;
  while (true) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new CsvError(line);
    parts.push(text.slice(at, quote));
    at = quote + 1;
    if (text[at] !== '"') break;
    parts.push('"');
    at++;
  }
  rest.lastIndex = at;
  const end = rest.exec(text)!.index;
  const inside = parts.join("");
  return {
    text: inside + text.slice(at, end).trim(),
    end,
    breaks: inside.split("\n").length - 1,
  };
}

function separatorOf(text: string): string {
  const first = text.split("\n", 1)[0]!.replaceAll(/"[^"]*"/g, "");
  return [",", "\t", ";"].find((separator) => first.includes(separator)) ?? ",";
}
