/**
 * Lists jobs, newest first, over any number of queues: each queue's index is read in pages, the
 * pages are merged, and records are read until enough of them fit.
 *
 * @module
 */
import type { Job, JobState } from "../../job.ts";
import { jobIdTag } from "../../job_id.ts";
import type { JobQuery, SharedQuery } from "../../job_queue.ts";
import { deadKey, indexKey, jobKey, sharedKey } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";
import { type Fields, jobOf, stateOf } from "./record.ts";

const PAGE = 200;
/** Ids begin with a hexadecimal digit. */
const AFTER_ALL_IDS = "g";

/** The ids that stand behind `prefix` in a sorted set whose members have one score. */
interface Index {
  readonly key: string;
  readonly prefix: string;
}

export async function listJobs(connection: RedisConnection, query: JobQuery): Promise<Job[]> {
  const found: Job[] = [];
  const indexes = await indexesOf(connection, query);
  const size = picks(query) ? PAGE : Math.min(PAGE, query.limit);
  let before = query.before;
  while (found.length < query.limit) {
    const ids = await newestIds(connection, indexes, size, before);
    if (ids.length === 0) break;
    for (const job of await readFitting(connection, ids, query)) {
      if (found.length < query.limit) found.push(job);
    }
    before = ids[ids.length - 1]!;
    if (ids.length < size) break;
  }
  return found;
}

export async function listDeadLetters(
  connection: RedisConnection,
  tag: number,
  limit: number,
  before: string | undefined,
): Promise<Job[]> {
  const newest = before === undefined
    ? "+inf"
    : await connection.patiently((client) => client.zscore(deadKey(tag), before));
  if (newest === null) return [];
  const ids = await connection.patiently((client) =>
    client.zrevrangebyscore(deadKey(tag), newest, "-inf", "LIMIT", 0, limit + PAGE)
  );
  const after = before === undefined ? ids : ids.slice(ids.indexOf(before) + 1);
  const jobs = await readJobs(connection, after.slice(0, limit));
  return jobs.filter((job) => job.deadLettered);
}

/** The records with these ids, in order; those that are gone are left out. */
export async function readJobs(
  connection: RedisConnection,
  ids: readonly string[],
): Promise<Job[]> {
  const records = await Promise.all(
    ids.map((id) => connection.patiently((client) => client.hgetall(jobKey(jobIdTag(id), id)))),
  );
  return records.flatMap((fields: Fields, i) =>
    fields.st === undefined ? [] : [jobOf(ids[i]!, fields)]
  );
}

/** Where the ids of such jobs are. Few queues have shared jobs: the others are left out by a look. */
async function indexesOf(
  connection: RedisConnection,
  { tags, shared }: JobQuery,
): Promise<Index[]> {
  if (!shared) return tags.map((tag) => ({ key: indexKey(tag), prefix: "" }));
  const keys = tags.map(sharedKey);
  const there = await Promise.all(
    keys.map((key) => connection.patiently((client) => client.exists(key))),
  );
  return keys.filter((_, i) => there[i] === 1).flatMap((key) =>
    shared.with.map((entry) => ({ key, prefix: `${entry} ` }))
  );
}

async function newestIds(
  connection: RedisConnection,
  indexes: readonly Index[],
  size: number,
  before = AFTER_ALL_IDS,
): Promise<string[]> {
  const read = (of: readonly Index[], count: number) =>
    Promise.all(
      of.map(async ({ key, prefix }) => {
        const members = await connection.patiently((client) =>
          client.zrevrangebylex(key, `(${prefix}${before}`, `[${prefix}`, "LIMIT", 0, count)
        );
        return prefix === "" ? members : members.map((member) => member.slice(prefix.length));
      }),
    );
  if (indexes.length <= size) return newestOf(await read(indexes, size), size);
  // No page has jobs of more indexes than it has jobs: those with the newest are enough.
  const first = await read(indexes, 1);
  const newest = new Set(newestOf(first, size));
  const enough = indexes.filter((_, i) => newest.has(first[i]![0]!));
  return newestOf(await read(enough, size), size);
}

/** A job that is shared with a user and their team is in two lists. */
function newestOf(lists: readonly string[][], size: number): string[] {
  return [...new Set(lists.flat())].sort((a, b) => a < b ? 1 : -1).slice(0, size);
}

async function readFitting(
  connection: RedisConnection,
  ids: readonly string[],
  query: JobQuery,
): Promise<Job[]> {
  if (!picks(query)) return await readJobs(connection, ids);
  const heads = await Promise.all(
    ids.map((id) =>
      connection.patiently((client) => client.hmget(jobKey(jobIdTag(id), id), "st", "by", "sh"))
    ),
  );
  return await readJobs(
    connection,
    ids.filter((_, i) => {
      const [letter, submitter, entries] = heads[i]!;
      return letter && fits(stateOf(letter), submitter ?? "", entries ?? "[]", query);
    }),
  );
}

/** True if not every id of the indexes is of a job that is asked for. */
function picks({ states, submitter, shared }: JobQuery): boolean {
  return states !== undefined || submitter !== undefined || shared !== undefined;
}

function fits(state: JobState, submitter: string, entries: string, query: JobQuery): boolean {
  return (!query.states || query.states.includes(state)) &&
    (query.submitter === undefined || query.submitter === submitter) &&
    (!query.shared || isShared(submitter, entries, query.shared));
}

/** The record is the truth, whatever the index says. */
function isShared(submitter: string, entries: string, shared: SharedQuery): boolean {
  return submitter !== shared.notOf &&
    (JSON.parse(entries) as string[]).some((entry) => shared.with.includes(entry));
}
