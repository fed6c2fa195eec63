/**
 * Lists jobs, newest first, over any number of queues: each queue's index is read in pages, the
 * pages are merged, and records are read until enough of them fit.
 *
 * @module
 */
import type { Job, JobState } from "../../job.ts";
import { jobIdTag } from "../../job_id.ts";
import type { JobQuery } from "../../job_queue.ts";
import { deadKey, indexKey, jobKey } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";
import { type Fields, jobOf, stateOf } from "./record.ts";

const PAGE = 200;

export async function listJobs(connection: RedisConnection, query: JobQuery): Promise<Job[]> {
  const found: Job[] = [];
  let before = query.before;
  while (found.length < query.limit) {
    const size = query.states || query.submitter ? PAGE : Math.min(PAGE, query.limit);
    const ids = await newestIds(connection, query.tags, size, before);
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

async function newestIds(
  connection: RedisConnection,
  tags: readonly number[],
  size: number,
  before: string | undefined,
): Promise<string[]> {
  const from = before === undefined ? "+" : `(${before}`;
  const read = (of: readonly number[], count: number) =>
    Promise.all(
      of.map((tag) =>
        connection.patiently((client) =>
          client.zrevrangebylex(indexKey(tag), from, "-", "LIMIT", 0, count)
        )
      ),
    );
  // No page has jobs of more queues than it has jobs: those with the newest are enough.
  const newest = tags.length > size
    ? (await read(tags, 1)).flat().sort((a, b) => a < b ? 1 : -1).slice(0, size).map(jobIdTag)
    : tags;
  return (await read(newest, size)).flat().sort((a, b) => a < b ? 1 : -1).slice(0, size);
}

async function readFitting(
  connection: RedisConnection,
  ids: readonly string[],
  query: JobQuery,
): Promise<Job[]> {
  if (!query.states && query.submitter === undefined) return await readJobs(connection, ids);
  const heads = await Promise.all(
    ids.map((id) =>
      connection.patiently((client) => client.hmget(jobKey(jobIdTag(id), id), "st", "by"))
    ),
  );
  return await readJobs(
    connection,
    ids.filter((_, i) => {
      const [letter, submitter] = heads[i]!;
      return letter && fits(stateOf(letter), submitter ?? "", query);
    }),
  );
}

function fits(state: JobState, submitter: string, query: JobQuery): boolean {
  return (!query.states || query.states.includes(state)) &&
    (query.submitter === undefined || query.submitter === submitter);
}
