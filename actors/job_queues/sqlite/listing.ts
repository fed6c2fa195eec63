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

type Columns = "*" | "id";

const KEPT = "id < ? AND (delete_at IS NULL OR delete_at > ?)";
const OF_QUEUE = (columns: Columns) =>
  `SELECT ${columns} FROM jobs INDEXED BY jobs_by_tag WHERE tag = ? AND ${KEPT} ORDER BY id DESC LIMIT ?`;
const OF_STATE = (columns: Columns) =>
  `SELECT ${columns} FROM jobs INDEXED BY jobs_by_state WHERE tag = ? AND state = ? AND ${KEPT} ORDER BY id DESC LIMIT ?`;
const OF_SUBMITTER = (columns: Columns) =>
  `SELECT ${columns} FROM jobs INDEXED BY jobs_by_submitter WHERE tag = ? AND submitter = ? AND ${KEPT}
     AND state IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?`;
/** Of all queues at once: the index is by whom a job is shared with, and CROSS JOIN keeps to it. */
const SHARED = (columns: Columns) =>
  `SELECT jobs.${columns} FROM shares CROSS JOIN jobs ON jobs.id = shares.job_id
   WHERE shares.subject = ?1 AND shares.job_id < ?2 AND shares.tag IN (SELECT value FROM json_each(?3))
     AND (delete_at IS NULL OR delete_at > ?4) AND state IN (SELECT value FROM json_each(?5))
     AND submitter <> ?6 AND (?7 IS NULL OR submitter = ?7) ORDER BY shares.job_id DESC LIMIT ?8`;

/** Reads one queue, one state of it, or what is shared with one entry, from its newest job on. */
type Source = (columns: Columns, limit: number) => SqliteRow[];

/**
 * The rows of the jobs that the query asks for. Each queue, and each state of it, is read along an
 * index of its own from its newest job on, so that a rare one is found among millions. Of many
 * queues those with the newest jobs are read alone: no other can have a job of the page.
 */
export function jobRows(store: GroupCommit, query: JobQuery, now: number): SqliteRow[] {
  const { limit } = query;
  const sources = sourcesOf(store, query, now);
  if (sources.length === 1) return sources[0]!("*", limit);
  const newest = sources.flatMap((source) => {
    const [row] = source("id", 1);
    return row ? [{ source, id: row.id as string }] : [];
  }).sort((a, b) => a.id < b.id ? 1 : -1);
  let found: SqliteRow[] = [];
  for (const { source, id } of newest) {
    if (found.length >= limit && id <= (found[limit - 1]!.id as string)) break;
    // A job that is shared with a user and their team is in two sources.
    const known = new Set(found.map(({ id }) => id));
    const more = source("*", limit).filter((row) => !known.has(row.id!));
    found = [...found, ...more].sort((a, b) => a.id! < b.id! ? 1 : -1).slice(0, limit);
  }
  return found;
}

function sourcesOf(store: GroupCommit, query: JobQuery, now: number): Source[] {
  const { submitter, states } = query;
  const before = query.before ?? AFTER_ALL_IDS;
  const { shared } = query;
  if (shared) {
    const tags = JSON.stringify(query.tags);
    const of = JSON.stringify(states ?? STATES);
    const { notOf } = shared;
    return [...new Set(shared.with)].map((subject) => (columns, limit) =>
      store.all(
        SHARED(columns),
        subject,
        before,
        tags,
        now,
        of,
        notOf,
        submitter ?? null,
        limit,
      )
    );
  }
  return [...new Set(query.tags)].flatMap((tag): Source[] => {
    if (submitter !== undefined) {
      const of = JSON.stringify(states ?? STATES);
      return [
        (columns, limit) =>
          store.all(OF_SUBMITTER(columns), tag, submitter, before, now, of, limit),
      ];
    }
    if (!states) return [(columns, limit) => store.all(OF_QUEUE(columns), tag, before, now, limit)];
    return [...new Set(states)].map((state) => (columns, limit) =>
      store.all(OF_STATE(columns), tag, state, before, now, limit)
    );
  });
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
