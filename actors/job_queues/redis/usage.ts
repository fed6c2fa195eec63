/**
 * What jobs have taken, as `spending.lua` keeps it.
 *
 * @module
 */
import { USAGE_KEPT_DAYS, type UsageQuery, type UsageRow } from "../../quota_ledger.ts";
import { countersKey, DROPPED_KEY } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";

/** Queues read at once. */
const CHUNK = 200;
const DAY_MS = 24 * 3600 * 1000;

/** Answers the rows of all queues, those of a payer only where one is named. */
export async function readUsage(
  connection: RedisConnection,
  { tags, fromDay, toDay, payer = "" }: UsageQuery,
): Promise<UsageRow[]> {
  const rows: UsageRow[] = [];
  for (let at = 0; at < tags.length; at += CHUNK) {
    const replies = await Promise.all(
      tags.slice(at, at + CHUNK).map((tag) =>
        connection.run("usage", countersKey(tag), fromDay, toDay, payer)
      ),
    ) as (number | string[])[][];
    for (const reply of replies) {
      for (let i = 0; i < reply.length; i += 2) {
        rows.push(...rowsOf(reply[i] as number, reply[i + 1] as string[]));
      }
    }
  }
  return rows;
}

function rowsOf(day: number, fields: readonly string[]): UsageRow[] {
  const accounts = new Map<string, Record<string, number>>();
  let model = "";
  for (let i = 0; i < fields.length; i += 2) {
    const [payer, version, what] = fields[i]!.split(" ");
    if (what === undefined) {
      model = fields[i + 1]!;
      continue;
    }
    const account = `${payer} ${version}`;
    let sums = accounts.get(account);
    if (!sums) accounts.set(account, sums = {});
    sums[what] = Number(fields[i + 1]);
  }
  return [...accounts].map(([account, { n = 0, c = 0, t = 0, u = 0, g = 0, d = 0 }]) => {
    const [payer, version] = account.split(" ");
    const sums = { jobs: n, completed: c, computeMs: t, cpuMs: t + u, gpuMs: g, cost: d };
    return { day, model, version: version!, payer: payer!, ...sums };
  });
}

/** Remembers that a queue is dropped, for as long as it may have usage. */
export async function noteDropped(connection: RedisConnection, tag: number): Promise<void> {
  const now = Date.now();
  await connection.patiently(async (client) => {
    await client.zremrangebyscore(DROPPED_KEY, "-inf", now - USAGE_KEPT_DAYS * DAY_MS);
    await client.zadd(DROPPED_KEY, now, tag);
  });
}

export async function readDropped(connection: RedisConnection): Promise<number[]> {
  const tags = await connection.patiently((client) => client.zrange(DROPPED_KEY, 0, "-1"));
  return tags.map(Number);
}
