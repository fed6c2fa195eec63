/**
 * The unit that a schema gives for a field.
 *
 * @module
 */
import { leadingUnit, type Unit, unitNamed } from "../units.ts";

const KEYWORDS = ["unit", "units", "x-unit", "x-units"];

/**
 * Answers the unit of a field: by a keyword such as `unit`, else as its title or description writes
 * it, in brackets or behind "in". Undefined where the schema does not say.
 */
export function fieldUnit(rules: Readonly<Record<string, unknown>>): Unit | undefined {
  for (const keyword of KEYWORDS) {
    const named = rules[keyword];
    if (typeof named === "string") return unitNamed(named);
  }
  for (const text of [rules.title, rules.description]) {
    if (typeof text !== "string") continue;
    for (const match of text.slice(0, 1000).matchAll(/(?:\(|\[|\bin )\s*(?=([^\s]))/g)) {
      const rest = text.slice(match.index + match[0].length);
      const unit = leadingUnit(rest);
      // "in a" and "(m)" are words more often than units.
      if (unit && (unit.symbol.length > 1 || /^[KCFM]\b/.test(rest))) return unit;
    }
  }
  return undefined;
}
