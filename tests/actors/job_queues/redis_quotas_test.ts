import { assertEquals } from "@std/assert";
import { Redis } from "ioredis";
import type { QuotaClaim } from "../../../actors/quota_ledger.ts";
import { RedisJobQueue } from "../../../actors/job_queues/redis.ts";
import { jobKey } from "../../../actors/redis_keys.ts";
import { Scheduler } from "../../../actors/scheduler.ts";
import { Catalog } from "../../../registry/catalog.ts";
import { SqliteDatabase } from "../../../registry/databases/sqlite.ts";
import { migrate } from "../../../registry/migrate.ts";
import { claimOne, eventually, newJob, newTag } from "../../contracts/job_queue_store.ts";
import { startSingleRedis } from "../../services/redis.ts";
import { canStart, testWhere } from "../../services/shared.ts";

const can = await canStart("redis");

/** Makes every hold due for a look, as if two minutes had passed. */
async function pastTheHold(client: Redis): Promise<void> {
  for (const id of await client.zrange("mg:{quota}:check", "0", "-1")) {
    await client.zadd("mg:{quota}:check", "XX", 0, id);
  }
}

testWhere(
  can,
  "the sweep gives back holds of jobs that are not there or have ended, and no others",
  async () => {
    await using redis = await startSingleRedis();
    await using queue = new RedisJobQueue({ url: redis.url });
    const client = new Redis(redis.url);
    try {
      const mine: QuotaClaim = { subject: "user:ada", limits: { jobsInFlight: 9 } };
      const tag = newTag();
      const [ended, lost, waiting] = [newJob(tag), newJob(tag), newJob(tag)];
      for (const job of [ended, lost, waiting]) await queue.submitWithin(job, [mine]);
      const { lease } = await claimOne(queue, tag);
      assertEquals(lease.jobId, ended.id);
      // As if the worker had been killed right after its settlement, and the note of it was lost.
      await client.hset(jobKey(tag, ended.id), "st", "c");
      // As if the gateway had been killed before it could hand the job in.
      await client.del(jobKey(tag, lost.id));
      const inFlight = async () => (await queue.ledger.quotaUse([mine.subject]))[0]!.jobsInFlight;

      assertEquals(await queue.ledger.sweepQuotas(), 0);
      assertEquals(await inFlight(), 3);
      await pastTheHold(client);
      assertEquals(await queue.ledger.sweepQuotas(), 2);
      assertEquals(await inFlight(), 1);
      await pastTheHold(client);
      assertEquals(await queue.ledger.sweepQuotas(), 0);
      assertEquals(await client.hkeys("mg:{quota}:held"), [waiting.id]);
    } finally {
      client.disconnect();
    }
  },
);

testWhere(can, "a scheduler gives back what a killed gateway held", async () => {
  await using redis = await startSingleRedis();
  await using queue = new RedisJobQueue({ url: redis.url });
  await using database = new SqliteDatabase(":memory:");
  await migrate(database);
  await using catalog = new Catalog(database);
  const client = new Redis(redis.url);
  const sender = { send: () => Promise.reject(new Error("there is nothing to send")) };
  const scheduler = new Scheduler({ queue, catalog, name: "s1", sender, leaseMs: 1000 });
  try {
    const mine: QuotaClaim = { subject: "team:x", limits: { jobsInFlight: 1 } };
    const tag = newTag();
    const job = newJob(tag);
    await queue.submitWithin(job, [mine]);
    await client.del(jobKey(tag, job.id));
    await pastTheHold(client);
    await scheduler.start();
    await eventually(
      async () => (await queue.submitWithin(newJob(tag), [mine])).kind === "accepted",
      "room for another job",
    );
  } finally {
    await scheduler.stop();
    client.disconnect();
  }
});
