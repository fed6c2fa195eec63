/**
 * JSON in its one canonical form (JSON Canonicalization Scheme, RFC 8785): equal values are equal
 * texts, whatever the order of their fields and the spelling of their numbers.
 *
 * @module
 */

/**
 * Answers the canonical text of a JSON value. Fields are sorted by UTF-16 code units (section
 * 3.2.3); texts and numbers are as ECMAScript writes them, which is what the scheme prescribes. Fields
 * that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => a < b ? -1 : 1);
  return `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
}
