import { join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { SqliteJobQueue } from "../../../actors/job_queues/sqlite.ts";
import { testJobQueue } from "../../contracts/job_queue_contract.ts";
import { newJob, newTag } from "../../contracts/job_queue_store.ts";

testJobQueue("sqlite", async (options) => {
  const folder = await Deno.makeTempDir();
  const queue = new SqliteJobQueue(join(folder, "queue.db"), options);
  return {
    queue,
    other: queue,
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
});

Deno.test("writes of one turn share a transaction", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  const tag = newTag();
  await Promise.all(Array.from({ length: 100 }, () => queue.submit(newJob(tag))));
  const { transactions, writes } = queue.commits;
  assertEquals(writes, 100);
  assert(transactions <= 2, `${transactions} transactions`);
});

Deno.test("a store that is opened again has everything, and passes the dead process's leases on", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "queue.db");
  const tag = newTag();
  const [done, running, waiting] = [newJob(tag), newJob(tag), newJob(tag)];
  {
    await using queue = new SqliteJobQueue(path);
    for (const job of [done, running, waiting]) await queue.submit(job);
    const [first] = await queue.claim(tag, "w", 2, 0);
    await queue.settle(first!.lease, { state: "completed", result: "7" });
  }
  {
    await using queue = new SqliteJobQueue(path);
    assertEquals((await queue.get(done.id))?.result, "7");
    const epoch = (await queue.acquire(tag, "s", 1000))!;
    assertEquals((await queue.supervise(tag, epoch, 1000))?.rescued, 1);
    const claims = await queue.claim(tag, "w", 9, 0);
    assertEquals(claims.map(({ lease }) => lease.jobId), [running.id, waiting.id]);
  }
  await Deno.remove(folder, { recursive: true });
});
