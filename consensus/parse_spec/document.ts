/**
 * YAML or JSON text as plain maps, lists and scalars that know where they stand. Of YAML only what
 * JSON can say is taken: no anchors, aliases, tags or directives, so nothing can multiply.
 *
 * @module
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

/** The longest text, in characters. */
export const MAX_TEXT = 64 * 1024;
const MAX_NODES = 10_000;
const MAX_DEPTH = 16;
const MAX_PROBLEMS = 20;

/** What is wrong with a text, and where. */
export interface SpecProblem {
  /** JSON Pointer to the value at fault. */
  readonly pointer: string;
  /** Count from 1. */
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  /** All of it as a sentence. */
  readonly message: string;
}

/** Where a value stands. */
export interface Place {
  readonly pointer: string;
  readonly line: number;
  readonly column: number;
}

/** A value of the text. */
export type Located =
  & Place
  & (
    | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Located> }
    | { readonly kind: "list"; readonly items: readonly Located[] }
    | {
      readonly kind: "scalar";
      readonly value: string | number | boolean | null;
      /** As it is written, without quotes. */
      readonly source: string;
    }
  );

/** Says what was expected at a place. */
export function specProblem(at: Place, expected: string, found?: string): SpecProblem {
  const instead = found === undefined ? "" : `, found ${found}`;
  const { pointer, line, column } = at;
  const where = `line ${line}, column ${column}${pointer ? ` (${pointer})` : ""}`;
  return { pointer, line, column, expected, message: `${where}: expected ${expected}${instead}` };
}

/** Escapes a name for use in a JSON Pointer (RFC 6901). */
export function pointerTo(parent: string, name: string | number): string {
  return `${parent}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Reads a text, or lists what is wrong with it. */
export function readDocument(
  text: string,
): { readonly root: Located } | { readonly problems: readonly SpecProblem[] } {
  const start = { pointer: "", line: 1, column: 1 };
  if (text.length > MAX_TEXT) {
    const expected = `at most ${MAX_TEXT} characters`;
    return { problems: [specProblem(start, expected, String(text.length))] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    uniqueKeys: false, // checked below, in linear time
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  if (document.errors.length) {
    const problems = document.errors.slice(0, MAX_PROBLEMS).map(({ pos, message }) => {
      const { line, col } = lines.linePos(pos[0]);
      return specProblem({ pointer: "", line, column: col }, "YAML or JSON", message);
    });
    return { problems };
  }
  if (document.directives?.yaml.explicit) {
    return { problems: [specProblem(start, "no directives", "%YAML")] };
  }
  if (!document.contents) return { problems: [specProblem(start, "a consensus model")] };
  const reader = new Reader(lines);
  const root = reader.read(document.contents, "", 0);
  return reader.problems.length ? { problems: reader.problems } : { root };
}

class Reader {
  readonly problems: SpecProblem[] = [];
  readonly #lines: LineCounter;
  #nodes = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  read(node: Node | null, pointer: string, depth: number, key?: Place): Located {
    const at = node ? this.#place(node, pointer) : { ...(key ?? this.#start), pointer };
    const nothing: Located = { kind: "scalar", value: null, source: "", ...at };
    if (!node) return nothing;
    if (++this.#nodes > MAX_NODES) return this.#refuse(at, `at most ${MAX_NODES} values`);
    if (depth > MAX_DEPTH) return this.#refuse(at, `at most ${MAX_DEPTH} levels`);
    if (isAlias(node)) return this.#refuse(at, "a value written out", "an alias");
    if (node.tag) return this.#refuse(at, "a value without a tag", node.tag.slice(0, 40));
    if ("anchor" in node && node.anchor) {
      return this.#refuse(at, "a value without an anchor", `&${String(node.anchor).slice(0, 40)}`);
    }
    if (isMap(node)) return this.#map(node.items, at, depth);
    if (isSeq(node)) {
      const items = node.items.map((item, i) =>
        this.read(item as Node | null, pointerTo(pointer, i), depth + 1, at)
      );
      return { kind: "list", items, ...at };
    }
    if (!isScalar(node)) return this.#refuse(at, "a map, a list or a value");
    const value = node.value;
    if (value === null || typeof value === "string" || typeof value === "boolean") {
      return { kind: "scalar", value, source: node.source ?? String(value), ...at };
    }
    if (typeof value === "number" && Number.isFinite(value)) {
      return { kind: "scalar", value, source: node.source ?? String(value), ...at };
    }
    return this.#refuse(at, "text, a finite number, true, false or null", String(value));
  }

  #map(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    at: Place,
    depth: number,
  ): Located {
    const entries = new Map<string, Located>();
    for (const pair of pairs) {
      const key = pair.key as Node | null;
      const place = key ? this.#place(key, at.pointer) : at;
      if (!isScalar(key) || key.tag || key.anchor || key.value === null) {
        this.#refuse(place, "a name as the key");
        continue;
      }
      const name = key.source ?? String(key.value);
      const pointer = pointerTo(at.pointer, name);
      if (entries.has(name)) {
        this.#refuse({ ...place, pointer }, "each name once", `${name.slice(0, 63)} again`);
        continue;
      }
      entries.set(name, this.read(pair.value as Node | null, pointer, depth + 1, place));
    }
    return { kind: "map", entries, ...at };
  }

  readonly #start: Place = { pointer: "", line: 1, column: 1 };

  #place(node: Node, pointer: string): Place {
    const { line, col } = this.#lines.linePos(node.range?.[0] ?? 0);
    return { pointer, line, column: col };
  }

  #refuse(at: Place, expected: string, found?: string): Located {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(specProblem(at, expected, found));
    return { kind: "scalar", value: null, source: "", ...at };
  }
}

/** The value as plain JSON. */
export function toJson(located: Located): unknown {
  switch (located.kind) {
    case "scalar":
      return located.value;
    case "list":
      return located.items.map(toJson);
    case "map":
      // From entries, so that `__proto__` is a key like any other.
      return Object.fromEntries([...located.entries].map(([key, value]) => [key, toJson(value)]));
  }
}
