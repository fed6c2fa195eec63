/**
 * Finds events in the audit trail, the newest first.
 *
 * @module
 */
import { eventsIn, findHead, type Head, readSeal } from "./audit_chain.ts";
import type { AuditEvent } from "./audit_event.ts";
import { jobIdTime } from "../job_id.ts";
import type { ObjectStore } from "../object_store.ts";

/** All that is set must hold. */
export interface AuditQuery {
  readonly job?: string;
  readonly model?: string;
  readonly actor?: string;
  /** An action, or the beginning of some up to a dot: `job`. */
  readonly action?: string;
  /** Epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
}

/** Where a search goes on: behind an event of a batch, counted from its end. */
export interface AuditCursor {
  readonly batch: number;
  readonly skip: number;
}

export interface AuditPage {
  readonly events: readonly AuditEvent[];
  /** Also set where nothing was found yet, but there is more to look through. */
  readonly next?: AuditCursor;
}

/** Batches that one search looks through. */
const MAX_BATCHES = 200;
/** How long after an event its batch may be written: the store may have been away. */
const SLACK_MS = 24 * 3600 * 1000;

/** Answers a page of events. Throws `ObjectStoreUnavailable`. */
export async function searchTrail(
  store: ObjectStore,
  query: AuditQuery,
  limit: number,
  cursor?: AuditCursor,
): Promise<AuditPage> {
  const head = await findHead(store);
  let batch = Math.min(cursor?.batch ?? Infinity, head?.seal.batch ?? 0);
  let skip = cursor?.skip ?? 0;
  const since = Math.max(query.from ?? 0, query.job === undefined ? 0 : jobIdTime(query.job));
  const found: AuditEvent[] = [];
  const seen = new Set<string>();
  for (let looked = 0; batch > 0; batch--, looked++, skip = 0) {
    if (looked === MAX_BATCHES) return { events: found, next: { batch, skip: 0 } };
    const seal = await readSeal(store, batch);
    if (seal && Date.parse(seal.seal.sealedAt) < since) break;
    if (seal && isTooNew(seal, query.to)) continue;
    const bytes = seal && await store.read(seal.seal.key);
    const events = bytes ? (await eventsIn(bytes)).reverse() : [];
    for (let n = skip; n < events.length; n++) {
      const event = events[n]!;
      if (!fits(event, query) || seen.has(event.id)) continue;
      if (found.length === limit) return { events: found, next: { batch, skip: n } };
      seen.add(event.id);
      found.push(event);
    }
  }
  return { events: found };
}

function isTooNew({ seal }: Head, to: number | undefined): boolean {
  return to !== undefined && Date.parse(seal.sealedAt) > to + SLACK_MS;
}

function fits(event: AuditEvent, { job, model, actor, action, from, to }: AuditQuery): boolean {
  const at = Date.parse(event.at);
  return (job === undefined || event.subject === `job:${job}` || event.parent === job) &&
    (model === undefined || event.model?.toLowerCase() === model.toLowerCase()) &&
    (actor === undefined || event.actor === actor) &&
    (action === undefined || event.action === action || event.action.startsWith(`${action}.`)) &&
    (from === undefined || at >= from) && (to === undefined || at <= to);
}
