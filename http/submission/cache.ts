/**
 * The step of a submission that looks for the result of an equal job before it. Costs nothing where
 * the version keeps none.
 *
 * @module
 */
import type { NewJob } from "../../actors/job.ts";
import { cacheKey } from "../../actors/result_cache.ts";
import type { Resolved } from "../../registry/catalog.ts";
import type { Gateway } from "../gateway.ts";

const NO_CACHE = /(?:^|[,\s])no-(?:cache|store)(?:$|[,\s;=])/i;

/** What an equal job before makes of a job: its result, and who computed it. */
export type CacheHit = Required<Pick<NewJob, "result">> & {
  readonly facts: NonNullable<NonNullable<NewJob["provenance"]>["cache"]>;
};

/**
 * Answers the result of an equal job; undefined where there is none, or where the caller asks for a
 * run by `Cache-Control: no-cache` (RFC 9111, section 5.2.1.4).
 */
export async function cacheHit(
  { cache }: Pick<Gateway, "cache">,
  { model, version }: Resolved,
  input: unknown,
  headers: Headers,
): Promise<CacheHit | undefined> {
  if (!cache || !version.cache) return undefined;
  const control = headers.get("cache-control");
  if (control !== null && NO_CACHE.test(control)) return undefined;
  const key = cacheKey(model.tag, version, input);
  const found = await cache.find(key, version.cache.ttlSeconds);
  if (!found) return undefined;
  return { result: found.result, facts: { job: found.job, key, computedAt: found.at } };
}
