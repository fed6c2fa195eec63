/**
 * Rows as CSV (RFC 4180), safe to open in a spreadsheet.
 *
 * @module
 */

/** Writes a head and one line for each row; a missing value is an empty cell. */
export function csvOf(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, unknown>>[],
): string {
  const lines = rows.map((row) => columns.map((name) => cellOf(row[name])).join(","));
  return [columns.map(cellOf).join(","), ...lines].join("\r\n") + "\r\n";
}

/** Answers a result as one row: its fields, those within others by a path with dots. */
export function flatten(value: unknown, path = ""): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return { [path || "value"]: value };
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) =>
      Object.entries(flatten(inner, path ? `${path}.${name}` : name))
    ),
  );
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  // A spreadsheet would take such a text for a formula.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
