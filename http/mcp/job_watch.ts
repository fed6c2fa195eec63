/**
 * Watches jobs that an agent has subscribed to, each until it has ended.
 *
 * @module
 */
import { isFinal } from "../../actors/job.ts";
import type { Principal } from "../../registry/principal.ts";
import type { Gateway } from "../gateway.ts";
import { jobFor } from "../lookup.ts";
import { jobUri, resourceNamed } from "./resource_uri.ts";

/** Jobs of one subscription that are watched; clients wait for more in other ways. */
export const MAX_WATCHED = 20;
const ROUND_MS = 30_000;

/** Answers the ids of jobs among the addresses that a `subscriptions/listen` request names. */
export function watchedJobs(body: unknown): string[] {
  const { method, params } = (body ?? {}) as {
    method?: unknown;
    params?: { notifications?: { resourceSubscriptions?: unknown } };
  };
  const uris = method === "subscriptions/listen"
    ? params?.notifications?.resourceSubscriptions
    : undefined;
  if (!Array.isArray(uris)) return [];
  const ids = uris.flatMap((uri) => {
    const named = typeof uri === "string" ? resourceNamed(uri) : undefined;
    return named?.kind === "job" ? [named.id] : [];
  });
  return [...new Set(ids)].slice(0, MAX_WATCHED);
}

/**
 * Calls `told` with the job's address whenever it has come on, until it has ended, the signal fires,
 * or whoever `who` answers may see it no more. Rejects when the queue is away.
 */
export async function watchJob(
  gateway: Pick<Gateway, "catalog" | "jobs">,
  id: string,
  who: () => Promise<Principal | undefined>,
  told: (uri: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let seen: string | undefined;
  while (!signal.aborted) {
    const round = new AbortController();
    // Listens before it looks, so that nothing falls between the two.
    const changed = gateway.jobs.changed(id, ROUND_MS, AbortSignal.any([signal, round.signal]));
    changed.catch(() => {});
    try {
      const principal = await who();
      if (!principal) return;
      const { job } = await jobFor(gateway, principal, id);
      const stand = `${job.state}:${job.history.length}:${job.progress?.fraction ?? ""}`;
      if (seen !== undefined && seen !== stand) told(jobUri(id));
      // One that ended before anybody watched is told of once.
      if (seen === undefined && isFinal(job.state)) told(jobUri(id));
      if (isFinal(job.state)) return;
      seen = stand;
      await changed;
    } finally {
      round.abort();
    }
  }
}
