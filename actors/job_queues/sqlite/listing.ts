/**
 * Which jobs a listing is of, newest first.
 *
 * @module
 */
import type { JobQuery } from "../../job_queue.ts";
import type { GroupCommit, SqliteRow, Value } from "./group_commit.ts";

export function jobRows(store: GroupCommit, query: JobQuery, now: number): SqliteRow[] {
  if (query.tags.length === 0) return [];
  const params: Value[] = [...query.tags, now];
  let where = `tag IN (${marks(query.tags.length)}) AND (delete_at IS NULL OR delete_at > ?)`;
  if (query.states) {
    where += ` AND state IN (${marks(query.states.length)})`;
    params.push(...query.states);
  }
  if (query.submitter !== undefined) {
    where += " AND submitter = ?";
    params.push(query.submitter);
  }
  if (query.before !== undefined) {
    where += " AND id < ?";
    params.push(query.before);
  }
  return store.all(
    `SELECT * FROM jobs WHERE ${where} ORDER BY id DESC LIMIT ?`,
    ...params,
    query.limit,
  );
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

function marks(count: number): string {
  return Array(count).fill("?").join(", ");
}
