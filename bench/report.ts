// deno-lint-ignore-file no-console -- it prints what was measured
/**
 * How the bench shows and keeps what it measured.
 *
 * @module
 */
import { pathOf } from "./spawned.ts";

/** Prints rows under their headings, numbers to the right; nothing where there is none. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  if (rows.length === 0) return;
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]!.length))
  );
  const line = (cells: readonly string[]) =>
    "  " + cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))
      .join("  ");
  for (const row of [headings, widths.map((width) => "-".repeat(width)), ...rows]) {
    console.log(line(row));
  }
}

/** Keeps a run's numbers in `bench/results`, under the bench's name and the time. */
export async function writeResults(name: string, results: unknown): Promise<string> {
  const folder = pathOf("bench/results");
  await Deno.mkdir(folder, { recursive: true });
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "");
  const path = `${folder}/${name}-${time}Z.json`;
  await Deno.writeTextFile(path, JSON.stringify(results, null, 2) + "\n");
  return path;
}

/** A number with thousands set apart. */
export function grouped(value: number, digits = 0): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
