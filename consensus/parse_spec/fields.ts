/**
 * Takes typed fields out of a located map and notes everything that is not as expected.
 *
 * @module
 */
import { type Located, type Place, type SpecProblem, specProblem } from "./document.ts";

const MAX_PROBLEMS = 50;

/** Collects what is wrong. */
export class Problems {
  readonly list: SpecProblem[] = [];

  add(at: Place, expected: string, found?: string): undefined {
    if (this.list.length < MAX_PROBLEMS) this.list.push(specProblem(at, expected, found));
    return undefined;
  }
}

/** What a number may be. */
export interface NumberRule {
  readonly least?: number;
  readonly most?: number;
  readonly integer?: boolean;
  /** The bounds themselves do not belong. */
  readonly open?: boolean;
}

/** The fields of one map. Every field asked for is known; `close()` refuses the others. */
export class Fields {
  readonly at: Located;
  readonly #entries: ReadonlyMap<string, Located>;
  readonly #problems: Problems;
  readonly #known = new Set<string>();

  constructor(located: Located, problems: Problems, what: string) {
    this.at = located;
    this.#problems = problems;
    this.#entries = located.kind === "map" ? located.entries : new Map();
    if (located.kind !== "map") problems.add(located, what, describe(located));
  }

  /** The field as it stands; undefined where it is not given. */
  take(name: string): Located | undefined {
    this.#known.add(name);
    return this.#entries.get(name);
  }

  /** As `take`, but its absence is a problem. */
  need(name: string, expected: string): Located | undefined {
    const located = this.take(name);
    if (!located && this.at.kind === "map") {
      this.#problems.add(this.at, `${name}: ${expected}`, "nothing of that name");
    }
    return located;
  }

  /** Text; a number is taken as it is written, so that version 1.0 stays 1.0. */
  text(name: string, pattern?: RegExp, rule = "text"): string | undefined {
    const located = this.take(name);
    return located && this.textOf(located, pattern, rule);
  }

  textOf(located: Located, pattern?: RegExp, rule = "text"): string | undefined {
    const text = located.kind !== "scalar"
      ? undefined
      : typeof located.value === "number"
      ? located.source
      : located.value;
    if (typeof text !== "string" || text === "" || (pattern && !pattern.test(text))) {
      return this.#problems.add(located, rule, describe(located));
    }
    return text;
  }

  number(name: string, rule: NumberRule = {}): number | undefined {
    const located = this.take(name);
    return located && this.numberOf(located, rule);
  }

  numberOf(located: Located, rule: NumberRule): number | undefined {
    const value = located.kind === "scalar" ? located.value : null;
    const { least = -Infinity, most = Infinity, integer = false, open = false } = rule;
    const fits = typeof value === "number" && (!integer || Number.isInteger(value)) &&
      (open ? value > least && value < most : value >= least && value <= most);
    return fits ? value : this.#problems.add(located, ruleOf(rule), describe(located));
  }

  boolean(name: string): boolean | undefined {
    const located = this.take(name);
    if (!located) return undefined;
    if (located.kind === "scalar" && typeof located.value === "boolean") return located.value;
    return this.#problems.add(located, "true or false", describe(located));
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const located = this.take(name);
    if (!located) return undefined;
    const value = located.kind === "scalar" ? located.value : null;
    return choices.find((choice) => choice === value) ??
      this.#problems.add(located, `one of ${choices.join(", ")}`, describe(located));
  }

  /** The fields that are there but were never asked for are problems. */
  close(): void {
    for (const [name, located] of this.#entries) {
      if (this.#known.has(name)) continue;
      const known = [...this.#known].join(", ");
      this.#problems.add(located, `a known name (${known})`, name.slice(0, 63));
    }
  }
}

function ruleOf({ least, most, integer, open }: NumberRule): string {
  const noun = integer ? "an integer" : "a number";
  const above = open ? "greater than" : "at least";
  const below = open ? "less than" : "at most";
  const bounds = [
    ...(least === undefined ? [] : [`${above} ${least}`]),
    ...(most === undefined ? [] : [`${below} ${most}`]),
  ];
  return bounds.length ? `${noun} of ${bounds.join(" and ")}` : noun;
}

/** What stands at a place, for a message. */
export function describe(located: Located): string {
  if (located.kind !== "scalar") return `a ${located.kind}`;
  const { value } = located;
  return typeof value === "string" ? `"${value.slice(0, 63)}"` : String(value);
}
