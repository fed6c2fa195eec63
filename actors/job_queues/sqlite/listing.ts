/**
 * Which jobs a listing is of, newest first.
 *
 * @module
 */
import type { JobQuery } from "../../job_queue.ts";
import { type JobState, TRANSITIONS } from "../../job.ts";
import type { GroupCommit, SqliteRow } from "./group_commit.ts";

const STATES = Object.keys(TRANSITIONS) as JobState[];
/** Ids begin with a hexadecimal digit. */
const AFTER_ALL_IDS = "g";

const KEPT = "id < ? AND (delete_at IS NULL OR delete_at > ?)";
const OF_QUEUE =
  `SELECT * FROM jobs INDEXED BY jobs_by_tag WHERE tag = ? AND ${KEPT} ORDER BY id DESC LIMIT ?`;
const OF_STATE =
  `SELECT * FROM jobs INDEXED BY jobs_by_state WHERE tag = ? AND state = ? AND ${KEPT} ORDER BY id DESC LIMIT ?`;
const OF_SUBMITTER =
  `SELECT * FROM jobs INDEXED BY jobs_by_submitter WHERE tag = ? AND submitter = ? AND ${KEPT}
     AND state IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?`;

/**
 * The rows of the jobs that the query asks for. Each queue, and each state of it, is read along an
 * index of its own from its newest job on, so that a rare one is found among millions.
 */
export function jobRows(store: GroupCommit, query: JobQuery, now: number): SqliteRow[] {
  const { submitter, limit } = query;
  const before = query.before ?? AFTER_ALL_IDS;
  const found: SqliteRow[] = [];
  for (const tag of new Set(query.tags)) {
    if (submitter !== undefined) {
      const states = JSON.stringify(query.states ?? STATES);
      found.push(...store.all(OF_SUBMITTER, tag, submitter, before, now, states, limit));
    } else if (query.states) {
      for (const state of new Set(query.states)) {
        found.push(...store.all(OF_STATE, tag, state, before, now, limit));
      }
    } else {
      found.push(...store.all(OF_QUEUE, tag, before, now, limit));
    }
  }
  return found.sort((a, b) => a.id! < b.id! ? 1 : -1).slice(0, limit);
}

export function deadLetterRows(
  store: GroupCommit,
  tag: number,
  limit: number,
  before: string | undefined,
  now: number,
): SqliteRow[] {
  const from = before === undefined
    ? undefined
    : store.get("SELECT finished_at FROM jobs WHERE id = ?", before);
  if (before !== undefined && !from) return [];
  return store.all(
    `SELECT * FROM jobs WHERE tag = ?1 AND dead = 1 AND delete_at > ?2
       AND (?3 IS NULL OR (finished_at, id) < (?3, ?4)) ORDER BY finished_at DESC, id DESC LIMIT ?5`,
    tag,
    now,
    (from?.finished_at as number | undefined) ?? null,
    before ?? null,
    limit,
  );
}
