/**
 * Where a text stops being JSON. The engine's own messages name a position for some faults only.
 *
 * @module
 */

const LITERAL = /(?:true|false|null)/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// deno-lint-ignore no-control-regex
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;

/** Answers the offset of the first fault, and what could have stood there; undefined for JSON. */
export function jsonFault(text: string): { offset: number; expected: string } | undefined {
  // The containers that are open, innermost last. An explicit stack: the text may nest deeply.
  const open: ("[" | "{")[] = [];
  let at = skip(SPACE, text, 0);
  let wants: "value" | "value or ]" | "key" | "key or }" | "separator" = "value";
  for (;;) {
    const char = text[at];
    if (wants === "separator") {
      const inner = open[open.length - 1];
      if (inner === undefined) {
        return at === text.length ? undefined : { offset: at, expected: "the end of the body" };
      }
      if (char === (inner === "[" ? "]" : "}")) open.pop();
      else if (char === ",") wants = inner === "[" ? "value" : "key";
      else return { offset: at, expected: inner === "[" ? "',' or ']'" : "',' or '}'" };
      at++;
    } else if (wants === "value or ]" && char === "]" || wants === "key or }" && char === "}") {
      open.pop();
      wants = "separator";
      at++;
    } else if (wants === "key" || wants === "key or }") {
      const end = skip(STRING, text, at);
      if (end === at) return { offset: at, expected: "a field's name in double quotes" };
      at = skip(SPACE, text, end);
      if (text[at] !== ":") return { offset: at, expected: "':'" };
      wants = "value";
      at++;
    } else if (char === "[" || char === "{") {
      open.push(char);
      wants = char === "[" ? "value or ]" : "key or }";
      at++;
    } else {
      const end = Math.max(skip(STRING, text, at), skip(NUMBER, text, at), skip(LITERAL, text, at));
      if (end === at) return { offset: at, expected: "a JSON value" };
      wants = "separator";
      at = end;
    }
    at = skip(SPACE, text, at);
  }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
