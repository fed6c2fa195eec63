import { assert, assertEquals, assertRejects } from "@std/assert";
import { type BlobStore, BlobStoreUnavailable } from "../../actors/blob_store.ts";
import { DatabaseBlobStore } from "../../actors/blob_stores/database.ts";
import { byReference } from "../../actors/by_reference.ts";
import { jobIdTag } from "../../actors/job_id.ts";
import { QueueUnavailable } from "../../actors/job_queue.ts";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";
import { migrate } from "../../registry/migrate.ts";
import { testJobQueue } from "../contracts/job_queue_contract.ts";
import { claimOne, newJob, newTag } from "../contracts/job_queue_store.ts";

async function open(inlineLength: number, options = {}) {
  const database = new SqliteDatabase(":memory:");
  await migrate(database);
  const blobs = new DatabaseBlobStore(database);
  const inner = new SqliteJobQueue(":memory:", options);
  const queue = byReference(inner, blobs, inlineLength);
  return {
    ...{ database, blobs, inner, queue, other: queue },
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

// Nothing is short enough to be kept inline: every text goes through the store.
testJobQueue("by reference", (options) => open(0, options));

const LARGE = JSON.stringify("x".repeat(5000));

Deno.test("a large input and a large result are kept outside of the queue", async () => {
  await using store = await open(1000);
  const { queue, inner } = store;
  const tag = newTag();
  const job = newJob(tag, { input: LARGE });
  await queue.submit(job);
  assert((await inner.get(job.id))!.input.length < 100);
  const claim = await claimOne(queue, tag);
  assertEquals(claim.input, LARGE);
  await queue.settle(claim.lease, { state: "completed", result: LARGE });
  assert((await inner.get(job.id))!.result!.length < 100);
  const seen = (await queue.get(job.id))!;
  assertEquals([seen.input, seen.result], [LARGE, LARGE]);
});

Deno.test("the text of a job that a quota has no room for is not kept", async () => {
  await using store = await open(1000);
  const quota = { subject: "user:ada", limits: { jobsInFlight: 0 } };
  const job = newJob(newTag(), { input: LARGE });
  assertEquals((await store.queue.submitWithin(job, [quota])).kind, "limited");
  assertEquals(await store.blobs.sweep(Date.now() + 1), 1);
});

Deno.test("a small input stays in the queue", async () => {
  await using store = await open(1000);
  const job = newJob(newTag());
  await store.queue.submit(job);
  assertEquals((await store.inner.get(job.id))!.input, job.input);
});

Deno.test("texts outlive their jobs and are swept when they expire", async () => {
  await using store = await open(1000);
  const { queue, blobs } = store;
  const job = newJob(newTag(), { input: LARGE });
  await queue.submit(job);
  const longest = (job.limits.maxAttempts *
      (job.limits.queueTimeoutSeconds + job.limits.runTimeoutSeconds +
        job.limits.maxBackoffSeconds) +
    job.limits.retentionSeconds) * 1000;
  assertEquals(await blobs.sweep(Date.now() + longest), 0);
  assertEquals(await blobs.sweep(Date.now() + longest + 2 * 24 * 3600 * 1000), 1);
});

class AwayStore implements BlobStore {
  away = false;

  constructor(readonly inner: BlobStore) {}

  #reach(): BlobStore {
    if (this.away) throw new BlobStoreUnavailable("away");
    return this.inner;
  }

  async put(key: string, text: string, expiresAt: number): Promise<void> {
    await this.#reach().put(key, text, expiresAt);
  }

  async get(key: string): Promise<string | undefined> {
    return await this.#reach().get(key);
  }

  async extend(keys: readonly string[], expiresAt: number): Promise<void> {
    await this.#reach().extend(keys, expiresAt);
  }

  async sweep(now: number): Promise<number> {
    return await this.#reach().sweep(now);
  }
}

Deno.test("with the store away, large submissions are refused, small ones go on, and no job is lost", async () => {
  await using store = await open(1000);
  const away = new AwayStore(store.blobs);
  const queue = byReference(store.inner, away, 1000);
  const tag = newTag();
  const large = newJob(tag, { input: LARGE });
  await queue.submit(large);
  away.away = true;
  await assertRejects(() => queue.submit(newJob(tag, { input: LARGE })), QueueUnavailable);
  const small = newJob(tag);
  assertEquals((await queue.submit(small)).kind, "accepted");
  // The large one cannot be read: it is given back, and keeps its place. Alone it makes the claim
  // fail, so that a worker pauses instead of claiming it again at once.
  const ids = (await queue.claim(tag, "w", 2, 0)).map(({ lease }) => lease.jobId);
  assertEquals(ids, [small.id]);
  await assertRejects(() => queue.claim(tag, "w", 2, 0), QueueUnavailable);
  away.away = false;
  const claim = await claimOne(queue, tag);
  assertEquals([claim.lease.jobId, claim.input, claim.attempt], [large.id, LARGE, 1]);
});

Deno.test("a job whose input is gone fails and says so", async () => {
  await using store = await open(1000);
  const job = newJob(newTag(), { input: LARGE });
  await store.queue.submit(job);
  await store.database.query("DELETE FROM blobs");
  assertEquals(await store.queue.claim(jobIdTag(job.id), "w", 1, 0), []);
  const seen = (await store.queue.get(job.id))!;
  assertEquals([seen.state, seen.error?.code, seen.input], ["failed", "input_gone", "null"]);
});
