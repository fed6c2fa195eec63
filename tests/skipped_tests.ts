/**
 * Reads from a JUnit report which tests were skipped, and from their names why.
 *
 * @module
 */

/** A test that did not run. */
export interface SkippedTest {
  readonly name: string;
  readonly reason: string;
}

const CASE = /<testcase name="([^"]*)"[^>]*>\s*<skipped/g;
const REASON = /^(.*) \[skipped: (.*)\]$/s;
const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&#39;": "'",
  "&amp;": "&",
};

/** Lists the skipped tests of a report, in its order. */
export function skippedTests(junit: string): SkippedTest[] {
  return [...junit.matchAll(CASE)].map(([, escaped]) => {
    const full = escaped!.replace(/&(lt|gt|quot|apos|amp|#39);/g, (entity) => ENTITIES[entity]!);
    const [, name = full, reason = "no reason given"] = REASON.exec(full) ?? [];
    return { name, reason };
  });
}
