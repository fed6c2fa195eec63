/**
 * The check of what a version says of its results: whether they repeat, and how long they are kept.
 *
 * @module
 */
import type { NewVersion } from "./definition.ts";
import type { Problem } from "./refusal.ts";

/** The longest that a result is kept for equal inputs, in seconds. */
export const MAX_CACHE_TTL_SECONDS = 30 * 24 * 3600;

/** Answers the faults of `deterministic` and `cache`; `at` is the pointer to the version. */
export function checkCache({ deterministic, cache }: NewVersion, at: string): Problem[] {
  const problems: Problem[] = [];
  const add = (pointer: string, expected: string) =>
    void problems.push({ pointer: at + pointer, expected });
  if (deterministic !== undefined && typeof deterministic !== "boolean") {
    add("/deterministic", "true or false");
  }
  if (cache === undefined) return problems;
  if (typeof cache !== "object" || cache === null || Array.isArray(cache)) {
    add("/cache", "an object with ttlSeconds");
    return problems;
  }
  const { ttlSeconds, ...others } = cache as { ttlSeconds?: unknown };
  for (const name of Object.keys(others)) {
    add(`/cache/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, "ttlSeconds alone");
  }
  const good = typeof ttlSeconds === "number" && ttlSeconds >= 1 &&
    ttlSeconds <= MAX_CACHE_TTL_SECONDS;
  if (!good) add("/cache/ttlSeconds", `a number from 1 to ${MAX_CACHE_TTL_SECONDS}`);
  if (deterministic !== true) {
    add("/cache", "`deterministic: true` beside it: only a result that repeats may be kept");
  }
  return problems;
}
