/**
 * Regular expressions of schemas that other people write, in time linear in the text: those of RE2,
 * which have no look-around and no back-references, and so no pattern that can hang the process.
 *
 * @module
 */
import { RE2JS } from "re2js";

/** What a schema's validator asks of a pattern. */
export interface LinearPattern {
  test(text: string): boolean;
  /** The pattern as it was written. */
  toString(): string;
}

/** Compiles a pattern; throws when it is none, or one that RE2 does not take. */
export function linearPattern(source: string): LinearPattern {
  const pattern = RE2JS.compile(RE2JS.translateRegExp(source));
  return {
    test: (text) => pattern.matcher(text).find(),
    // The validator's compiler tells patterns apart by their text.
    toString: () => source,
  };
}
