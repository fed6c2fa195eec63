import { assertEquals } from "@std/assert";
import { Redis } from "ioredis";
import { RedisJobQueue } from "../../../actors/job_queues/redis.ts";
import { testJobQueueAudit } from "../../contracts/job_queue_audit.ts";
import { testJobQueue } from "../../contracts/job_queue_contract.ts";
import { jobKey, sharedKey, streamKey } from "../../../actors/redis_keys.ts";
import {
  claimOne,
  eventually,
  LIMITS,
  newTag,
  type OpenQueueStore,
  submitMany,
} from "../../contracts/job_queue_store.ts";
import { startSingleRedis } from "../../services/redis.ts";
import { canStart, serviceTest, sharedService, testWhere } from "../../services/shared.ts";

for (const kind of ["redis", "cluster"] as const) {
  const service = await sharedService(kind);
  const open: OpenQueueStore = async (options) => {
    if (!service.available) throw new Error(service.reason);
    const connection = { url: service.url, cluster: kind === "cluster" };
    const queue = new RedisJobQueue(connection, options);
    const other = new RedisJobQueue(connection, options);
    await Promise.all([queue.ping(), other.ping()]);
    return {
      queue,
      other,
      async [Symbol.asyncDispose]() {
        await queue[Symbol.asyncDispose]();
        await other[Symbol.asyncDispose]();
      },
    };
  };
  const skip = service.available ? undefined : service.reason;
  testJobQueue(kind, open, skip);
  testJobQueueAudit(kind, open, skip);
}

const single = await sharedService("redis");

serviceTest(
  single,
  "lag is exact at every step, in whatever order jobs are finished",
  async (url) => {
    await using queue = new RedisJobQueue({ url });
    const raw = new Redis(url, { protocol: 2 });
    const tag = newTag();
    const lagOf = async (): Promise<number | null> => {
      const [group] = await raw.xinfo("GROUPS", streamKey(tag, "interactive")) as unknown[][];
      return group![group!.indexOf("lag") + 1] as number | null;
    };
    const epoch = (await queue.acquire(tag, "s", 60_000))!;
    const round = () => queue.supervise(tag, epoch, 60_000);
    const ids = await submitMany(queue, tag, 10);
    const claims = [];
    for (let left = 10; left > 4; left--) {
      claims.push(await claimOne(queue, tag));
      assertEquals(await lagOf(), left - 1);
    }
    // The oldest last: an entry is never taken out from behind one that is still pending.
    for (const { lease } of [...claims].reverse()) {
      await queue.settle(lease, { state: "completed", result: "1" });
      assertEquals(await lagOf(), 4);
      await round();
      assertEquals(await lagOf(), 4);
    }
    await queue.cancel(ids[9]!);
    assertEquals(await lagOf(), 4);
    assertEquals((await queue.claim(tag, "w", 9, 0)).length, 3);
    assertEquals(await lagOf(), 0);
    assertEquals(await raw.xlen(streamKey(tag, "interactive")) <= 5, true);
    raw.disconnect();
  },
);

serviceTest(
  single,
  "a queue in which nothing goes on has empty streams, and a right lag",
  async (url) => {
    await using queue = new RedisJobQueue({ url });
    const raw = new Redis(url, { protocol: 2 });
    const tag = newTag();
    const stream = streamKey(tag, "interactive");
    const epoch = (await queue.acquire(tag, "s", 60_000))!;
    const look = async () => {
      const [group] = await raw.xinfo("GROUPS", stream) as unknown[][];
      return [await raw.xlen(stream), group![group!.indexOf("lag") + 1]];
    };
    for (let turn = 0; turn < 2; turn++) {
      assertEquals(await look(), [0, 0]);
      await submitMany(queue, tag, 3);
      assertEquals(await look(), [3, 3]);
      const claims = await queue.claim(tag, "w", 3, 0);
      for (const { lease } of claims) {
        await queue.settle(lease, {
          state: "completed",
          result: "1",
        });
      }
      await queue.supervise(tag, epoch, 60_000);
    }
    assertEquals(await look(), [0, 0]);
    raw.disconnect();
  },
);

serviceTest(
  single,
  "a claim of none makes the queue, for whoever looks at its streams",
  async (url) => {
    await using queue = new RedisJobQueue({ url });
    const raw = new Redis(url, { protocol: 2 });
    const tag = newTag();
    assertEquals(await queue.claim(tag, "w", 0, 0), []);
    for (const lane of ["interactive", "batch"] as const) {
      const [group] = await raw.xinfo("GROUPS", streamKey(tag, lane)) as unknown[][];
      assertEquals([group![1], group![group!.indexOf("lag") + 1]], ["workers", 0]);
    }
    await submitMany(queue, tag, 1);
    assertEquals(await queue.claim(tag, "w", 0, 0), []);
    assertEquals((await queue.claim(tag, "w", 1, 0)).length, 1);
    raw.disconnect();
  },
);

serviceTest(single, "a lag that a failover made wrong is mended by the next round", async (url) => {
  await using queue = new RedisJobQueue({ url });
  const raw = new Redis(url, { protocol: 2 });
  const tag = newTag();
  const stream = streamKey(tag, "interactive");
  const epoch = (await queue.acquire(tag, "s", 60_000))!;
  await submitMany(queue, tag, 5);
  await queue.claim(tag, "w", 5, 0);
  const [group] = await raw.xinfo("GROUPS", stream) as unknown[][];
  const delivered = group![group!.indexOf("last-delivered-id") + 1] as string;
  await raw.call("XGROUP", "SETID", stream, "workers", delivered, "ENTRIESREAD", "1");
  const lagOf = async () => {
    const [now] = await raw.xinfo("GROUPS", stream) as unknown[][];
    return now![now!.indexOf("lag") + 1];
  };
  assertEquals(await lagOf(), 4);
  await queue.supervise(tag, epoch, 60_000);
  assertEquals(await lagOf(), 0);
  raw.disconnect();
});

serviceTest(single, "the index of shared jobs is swept of those that are gone", async (url) => {
  await using queue = new RedisJobQueue({ url });
  const raw = new Redis(url, { protocol: 2 });
  const tag = newTag();
  const epoch = (await queue.acquire(tag, "s", 60_000))!;
  const limits = { ...LIMITS, retentionSeconds: 0.05 };
  const gone = await submitMany(queue, tag, 700, { limits });
  const entries = { with: ["user:ben", "team:chemistry"] };
  await Promise.all(gone.map((id) => queue.share(id, entries)));
  for (const id of gone) await queue.cancel(id);
  const [kept] = await submitMany(queue, tag, 1);
  await queue.share(kept!, entries);
  // More than a round looks at: the next goes on where it stopped.
  await eventually(async () => {
    await queue.supervise(tag, epoch, 60_000);
    return await raw.zcard(sharedKey(tag)) === 2;
  }, "the gone to be swept");
  assertEquals(await raw.zrangebylex(sharedKey(tag), "-", "+"), [
    `team:chemistry ${kept}`,
    `user:ben ${kept}`,
  ]);
  await queue.share(kept!, { with: [] });
  assertEquals(await raw.exists(sharedKey(tag)), 0);
  await queue.share(kept!, entries);
  await queue.drop(tag);
  assertEquals(await raw.exists(sharedKey(tag)), 0);
  raw.disconnect();
});

serviceTest(single, "the record says with whom a job is shared, the index follows", async (url) => {
  await using queue = new RedisJobQueue({ url });
  const raw = new Redis(url, { protocol: 2 });
  const tag = newTag();
  const [id] = await submitMany(queue, tag, 1);
  const list = () =>
    queue.list({ tags: [tag], limit: 9, shared: { with: ["user:ben"], notOf: "user:ben" } });
  // As by a gateway that does not keep the index.
  await raw.hset(jobKey(tag, id!), "sh", '["user:ben"]');
  assertEquals(await list(), []);
  const epoch = (await queue.acquire(tag, "s", 60_000))!;
  await queue.supervise(tag, epoch, 60_000);
  assertEquals((await list()).map((job) => job.id), [id]);
  await raw.hdel(jobKey(tag, id!), "sh");
  assertEquals(await list(), []);
  raw.disconnect();
});

testWhere(
  await canStart("redis"),
  "all waits for the jobs of a queue share one subscription, also in a busy process",
  async () => {
    await using redis = await startSingleRedis();
    await using queue = new RedisJobQueue({ url: redis.url });
    const tag = newTag();
    for (let n = 0; n < 20; n++) {
      const [id] = await submitMany(queue, tag, 1);
      const settled = queue.settled(id!, 10_000);
      await Promise.resolve();
      for (const end = performance.now() + 5; performance.now() < end;);
      await queue.settle((await claimOne(queue, tag)).lease, { state: "completed", result: "1" });
      assertEquals((await settled)?.state, "completed");
    }
    const calls = async () => {
      const info = String(await redis.node.command("INFO", "commandstats"));
      return /cmdstat_ssubscribe:calls=(\d+)/.exec(info)?.[1];
    };
    await eventually(async () => await calls() === "1", "one subscription");
  },
);
