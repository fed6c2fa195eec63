/**
 * Reads one field of parsed JSON.
 *
 * @module
 */

/**
 * Answers the value at a JSON Pointer (RFC 6901), or at a name that does not begin with `/`;
 * undefined where nothing is there. Only what the JSON itself says is ever reached.
 */
export function readField(value: unknown, path: string): unknown {
  const names = path.startsWith("/") ? path.slice(1).split("/").map(unescape) : [path];
  let current = value;
  for (const name of names) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) {
      return undefined;
    }
    if (Array.isArray(current) && !/^(?:0|[1-9][0-9]*)$/.test(name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

function unescape(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}
