/**
 * A path to one place in a JSON value: a JSON Pointer (RFC 6901), or a JSONPath that names one place
 * (a singular query, RFC 9535 section 2.3.5.1).
 *
 * @module
 */

/** Names of members and indices of elements, from the outside in. */
export type Path = readonly (string | number)[];

const MAX_LENGTH = 500;
const SEGMENT =
  /\.([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|\[(0|[1-9]\d{0,14})\]|\[(?:'((?:[^'\\]|\\['\\])*)'|"((?:[^"\\]|\\["\\])*)")\]/y;
const INDEX = /^(?:0|[1-9]\d{0,14})$/;

/** Reads a path; undefined where the text is neither of the two. */
export function parsePath(text: string): Path | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  if (text === "") return [];
  if (text.startsWith("/")) return parsePointer(text);
  return text.startsWith("$") ? parseJsonPath(text) : undefined;
}

function parsePointer(text: string): Path | undefined {
  if (/~(?![01])/.test(text)) return undefined;
  return text.slice(1).split("/").map((token) => {
    return token.replaceAll("~1", "/").replaceAll("~0", "~");
  });
}

function parseJsonPath(text: string): Path | undefined {
  const path: (string | number)[] = [];
  let at = 1;
  while (at < text.length) {
    SEGMENT.lastIndex = at;
    const match = SEGMENT.exec(text);
    if (!match) return undefined;
    const [all, name, index, single, double] = match;
    path.push(index === undefined ? name ?? unescape(single ?? double!) : Number(index));
    at += all.length;
  }
  return path;
}

function unescape(quoted: string): string {
  return quoted.replaceAll(/\\(.)/g, "$1");
}

/** The value at the path; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const token of path) {
    if (typeof at !== "object" || at === null) return undefined;
    if (Array.isArray(at)) {
      if (typeof token === "string" && !INDEX.test(token)) return undefined;
      at = at[Number(token)];
    } else {
      if (typeof token === "number" || !Object.hasOwn(at, token)) return undefined;
      at = (at as Record<string, unknown>)[token];
    }
  }
  return at;
}
