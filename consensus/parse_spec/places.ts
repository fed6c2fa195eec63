/**
 * Where the parts of a spec stand in its text, for what is found wrong after it was parsed.
 *
 * @module
 */
import { type Located, type Place, readDocument } from "./document.ts";

/** What of a child can be pointed at. */
export type ChildField = "model" | "backend" | "version" | "alias" | "input" | "output";

const PAPER_FIELDS: Partial<Record<ChildField, string>> = { model: "NAME", backend: "BACKEND" };
const START: Place = { pointer: "", line: 1, column: 1 };

/** The places of a text that parses as a spec, in either form. */
export class SpecPlaces {
  readonly #root: Located | undefined;

  constructor(text: string) {
    const document = readDocument(text);
    this.#root = "root" in document ? document.root : undefined;
  }

  /** Where the text begins, or the value at a JSON Pointer or at the last part of it that is there. */
  at(pointer: string): Place {
    let current = this.#root;
    for (const name of pointer.split("/").slice(1)) {
      const next = current && inside(current, name.replaceAll("~1", "/").replaceAll("~0", "~"));
      if (!next) break;
      current = next;
    }
    return current ? placeOf(current) : START;
  }

  /** Where a child stands, or a field of it; the child itself where the field is not given. */
  child(key: string, field?: ChildField): Place {
    const children = this.#children();
    const child = children && inside(children, key);
    if (!child) return this.at("");
    if (field === undefined) return placeOf(child);
    const found = inside(child, field) ?? inside(child, PAPER_FIELDS[field] ?? field);
    return placeOf(found ?? child);
  }

  #children(): Located | undefined {
    if (this.#root?.kind !== "map") return undefined;
    for (const entry of this.#root.entries.values()) {
      const models = inside(entry, "CHILDMODELS");
      if (models) return models;
    }
    return inside(this.#root, "children");
  }
}

function inside(located: Located, name: string): Located | undefined {
  if (located.kind === "map") return located.entries.get(name);
  return located.kind === "list" ? located.items[Number(name)] : undefined;
}

function placeOf({ pointer, line, column }: Located): Place {
  return { pointer, line, column };
}
