/**
 * What a command writes to: results to the standard output, everything else to the standard error.
 *
 * @module
 */
import Table from "cli-table3";
import { EXIT, Exit } from "./exit.ts";

/** Where a command writes. */
export interface Terminal {
  /** Writes a result; text as it is, without a line break of its own. */
  out(text: string): void;
  /** Writes what is for people alone. */
  err(text: string): void;
  /** True where a person watches the standard error, so that a bar may move. */
  readonly interactive: boolean;
  /** Width of the standard output in characters; undefined where it is no screen. */
  readonly columns?: number;
}

/** The terminal of this process. */
export function systemTerminal(): Terminal {
  const screen = Deno.stdout.isTerminal();
  return {
    out: (text) => write(Deno.stdout, text),
    err: (text) => write(Deno.stderr, text),
    interactive: Deno.stderr.isTerminal(),
    ...(screen && { columns: Deno.consoleSize().columns }),
  };
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // Whoever reads has read enough, as `head` does.
    if (error instanceof Deno.errors.BrokenPipe) throw new Exit(EXIT.good);
    throw error;
  }
}

/** Writes a value as JSON, for programs. */
export function writeJson(terminal: Terminal, value: unknown): void {
  terminal.out(JSON.stringify(value, null, 2) + "\n");
}

/** Writes rows under a head; the last column is cut to the screen's width. */
export function writeTable(
  terminal: Terminal,
  head: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): void {
  const cells = rows.map((row) => row.map((cell) => oneLine(String(cell ?? "-"))));
  const widths = head.map((title, i) =>
    Math.max(title.length, ...cells.map((row) => row[i]!.length))
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, 0);
  const last = Math.max(10, (terminal.columns ?? Infinity) - before);
  const table = new Table({
    head: [...head],
    chars: NO_BORDERS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP, compact: true },
    ...(last < widths.at(-1)! && {
      colWidths: [...widths.slice(0, -1).map((width) => width + GAP), last],
    }),
  });
  table.push(...cells);
  const text = table.toString().split("\n").map((line) => line.trimEnd()).join("\n");
  terminal.out(text + "\n");
}

/** Writes names with their values, one a line; what is undefined is left out. */
export function writeFields(
  terminal: Terminal,
  fields: Readonly<Record<string, string | number | boolean | undefined>>,
): void {
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length)) + GAP;
  for (const [name, value] of shown) {
    const text = String(value).replaceAll("\n", "\n" + " ".repeat(width));
    terminal.out(`${name.padEnd(width)}${text}\n`);
  }
}

/** What others have written may hold what moves the cursor. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "");
}

const GAP = 2;
const NO_BORDERS = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left"],
    ...["bottom-right", "left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((name) => [name, ""]),
);
