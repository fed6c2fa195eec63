/**
 * Cohorts as the scripts keep them: a hash of counts (state letters, and `t<bucket>` for run times),
 * a list of the latest members, a hash of notes.
 *
 * @module
 */
import { type Cohort, COHORT_KEPT_MS, type CohortMember } from "../../job_queue.ts";
import { cohortKey, cohortMembersKey, cohortNotesKey } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";

export async function readCohort(
  connection: RedisConnection,
  tag: number,
  name: string,
): Promise<Cohort> {
  const fields: Record<string, string> = await connection.patiently((client) =>
    client.hgetall(cohortKey(tag, name))
  );
  const count = (field: string) => Number(fields[field] ?? 0);
  const times = Object.entries(fields).filter(([field]) => /^t\d+$/.test(field));
  return {
    completed: count("c"),
    failed: count("f"),
    cancelled: count("x"),
    expired: count("e"),
    retried: count("w"),
    runTimes: new Map(times.map(([field, n]) => [Number(field.slice(1)), Number(n)])),
  };
}

export async function readMembers(
  connection: RedisConnection,
  tag: number,
  name: string,
  limit: number,
): Promise<CohortMember[]> {
  const ids = await connection.patiently((client) =>
    client.lrange(cohortMembersKey(tag, name), 0, limit - 1)
  );
  if (ids.length === 0) return [];
  const notes = await connection.patiently((client) =>
    client.hmget(cohortNotesKey(tag, name), ...ids)
  );
  return ids.map((id, i) => ({ id, ...(notes[i] !== null && { note: notes[i]! }) }));
}

export async function writeNotes(
  connection: RedisConnection,
  tag: number,
  name: string,
  notes: ReadonlyMap<string, string>,
): Promise<void> {
  if (notes.size === 0) return;
  const key = cohortNotesKey(tag, name);
  await connection.patiently((client) => client.hset(key, ...[...notes].flat()));
  await connection.patiently((client) => client.pexpire(key, COHORT_KEPT_MS));
}
