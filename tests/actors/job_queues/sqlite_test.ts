import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { QueueUnavailable } from "../../../actors/job_queue.ts";
import { SqliteJobQueue } from "../../../actors/job_queues/sqlite.ts";
import { SCHEMA } from "../../../actors/job_queues/sqlite/schema.ts";
import { testJobQueueAudit } from "../../contracts/job_queue_audit.ts";
import { testJobQueue } from "../../contracts/job_queue_contract.ts";
import {
  claimOne,
  idsOf,
  LIMITS,
  newJob,
  newTag,
  type OpenQueueStore,
  submitMany,
} from "../../contracts/job_queue_store.ts";

const BUSY_PROCESS = new URL("sqlite/busy_process.ts", import.meta.url).pathname;

const open: OpenQueueStore = async (options) => {
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
};

testJobQueue("sqlite", open);
testJobQueueAudit("sqlite", open);

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

Deno.test("a store that is opened again goes on with the line, and nobody supervises it", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "queue.db");
  const tag = newTag();
  const ids: string[] = [];
  {
    await using queue = new SqliteJobQueue(path);
    ids.push(...await submitMany(queue, tag, 3));
    assert(await queue.acquire(tag, "s1", 60_000));
    await queue.join("s1", 60_000);
  }
  await using queue = new SqliteJobQueue(path);
  ids.push(...await submitMany(queue, tag, 2));
  assertEquals(idsOf(await queue.claim(tag, "w", 9, 0)), ids);
  assert(await queue.acquire(tag, "s2", 60_000));
  assertEquals(await queue.join("s2", 60_000), ["s2"]);
  await queue[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a file of the first version is brought up to date, and one of a later version refused", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "queue.db");
  const tag = newTag();
  const jobs = [1, 2, 3].map(() => newJob(tag));
  const edit = (sql: string) => {
    const file = new DatabaseSync(path);
    file.exec(sql);
    file.close();
  };
  edit(`${SCHEMA[0]!} PRAGMA user_version = 1`);
  const rows = jobs.map(({ id, input, limits }, i) =>
    `('${id}', ${tag}, 'interactive', 'queued', ${i}, 0, 9e15, 'esol', '1', 'user:ada', '${input}', '${
      JSON.stringify(limits)
    }')`
  );
  edit(
    `INSERT INTO jobs (id, tag, lane, state, seq, ready_at, queue_deadline, model, version, submitter, input, limits)
    VALUES ${rows.join()}`,
  );
  const ids = jobs.map(({ id }) => id);
  {
    await using queue = new SqliteJobQueue(path);
    const queued = await queue.list({ tags: [tag], states: ["queued"], limit: 9 });
    assertEquals(queued.map(({ id }) => id), ids.toSorted().reverse());
    const adas = await queue.list({ tags: [tag], submitter: "user:ada", limit: 9 });
    assertEquals(adas, queued);
  }
  edit("PRAGMA user_version = 99");
  assertThrows(() => new SqliteJobQueue(path), Error, "newer version");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the index of shared jobs has those of a file that had none, and none that are gone", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "queue.db");
  const [tag, other] = [newTag(), newTag()];
  const before = SCHEMA.findIndex((step) => step.includes("CREATE TABLE shares"));
  {
    using file = new DatabaseSync(path);
    for (const step of SCHEMA.slice(0, before)) file.exec(step);
    file.exec(`PRAGMA user_version = ${before}`);
    const insert = file.prepare(
      `INSERT INTO jobs (id, tag, lane, state, seq, ready_at, queue_deadline, model, version, submitter, input, limits, shared_with)
       VALUES (?, ?, 'interactive', 'queued', 1, 0, 9e15, 'esol', '1', 'user:ada', '{}', ?, ?)`,
    );
    for (const shared of ['["user:ben","team:chemistry"]', null]) {
      insert.run(newJob(tag).id, tag, JSON.stringify(LIMITS), shared);
    }
  }
  let now = Date.now();
  {
    await using queue = new SqliteJobQueue(path, {}, () => now);
    const list = () =>
      queue.list({
        tags: [tag, other],
        limit: 9,
        shared: { with: ["user:ben", "team:chemistry"], notOf: "user:ben" },
      });
    const indexed = () => {
      using file = new DatabaseSync(path);
      return file.prepare("SELECT count(*) AS n FROM shares").get()!.n;
    };
    const [shared] = await list();
    assertEquals([shared!.sharedWith, indexed()], [["user:ben", "team:chemistry"], 2]);
    const [dropped] = await submitMany(queue, other, 1);
    await queue.share(dropped!, { with: ["user:ben"] });
    assertEquals([(await list()).length, indexed()], [2, 3]);
    await queue.drop(other);
    assertEquals([(await list()).length, indexed()], [1, 2]);
    await queue.cancel(shared!.id);
    now += (LIMITS.retentionSeconds + 1) * 1000;
    assertEquals([await list(), indexed()], [[], 2]);
    const epoch = (await queue.acquire(tag, "s", 1000))!;
    await queue.supervise(tag, epoch, 1000);
    assertEquals(indexed(), 0);
  }
  await Deno.remove(folder, { recursive: true });
});

const KILLS = 4;

Deno.test(`kill -9, ${KILLS} times while it submits and settles, loses nothing acknowledged`, async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "queue.db");
  const tag = newTag();
  const submitted: string[] = [], settled: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-read", "--allow-write", BUSY_PROCESS, path, `${tag}`],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    let lines = 0;
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      // What is said after the kill was acknowledged before it, so it is read to its end.
      rest = parts.pop()!;
      for (const part of parts) {
        const [what, id] = part.split(" ");
        (what === "settled" ? settled : submitted).push(id!);
      }
      const before = lines;
      lines += parts.length;
      if (before < 300 && lines >= 300) child.kill("SIGKILL");
    }
    assertEquals((await child.status).signal, "SIGKILL");
  }
  await using queue = new SqliteJobQueue(path);
  assert(submitted.length > 300 && settled.length > 100, `${submitted.length}, ${settled.length}`);
  assertEquals(new Set(settled).size, settled.length);
  for (const id of submitted) assert(await queue.get(id), `${id} is lost`);
  for (const id of settled) assertEquals((await queue.get(id))?.result, JSON.stringify(id));
  const { waiting, running, totals } = await queue.measure(tag);
  const all = await queue.list({ tags: [tag], limit: 1_000_000 });
  assertEquals(waiting.interactive, all.filter(({ state }) => state === "queued").length);
  assertEquals(totals.completed, all.filter(({ state }) => state === "completed").length);
  assertEquals(all.length, waiting.interactive + running + totals.completed);
  await queue[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a queue that is dropped in the turn of a submission counts nothing", async () => {
  await using queue = new SqliteJobQueue(":memory:");
  const tag = newTag();
  await Promise.all([queue.submit(newJob(tag)), queue.drop(tag)]);
  assertEquals((await queue.measure(tag)).waiting, { interactive: 0, batch: 0 });
  assertEquals(await queue.claim(tag, "w", 1, 0), []);
});

Deno.test("a delivery made due again outlives the time that a delivered one is kept", async () => {
  const day = 24 * 3600 * 1000;
  let now = Date.now();
  await using queue = new SqliteJobQueue(":memory:", {}, () => now);
  const tag = newTag();
  const callback = { url: "https://hooks.example.com/", events: ["started", "completed"] as const };
  const limits = { ...LIMITS, retentionSeconds: 30 * 24 * 3600 };
  await submitMany(queue, tag, 1, { callback, limits });
  const { lease } = await claimOne(queue, tag);
  await queue.settle(lease, { state: "completed", result: "1" });
  const [again, gone] = await queue.deliveries(lease.jobId);
  for (const { id } of [again!, gone!]) {
    await queue.recordDelivery(id, { at: now, tookMs: 1 }, { state: "delivered" });
  }
  assertEquals(await queue.redeliver(again!.id), true);
  now += 8 * day;
  const epoch = (await queue.acquire(tag, "s", 1000))!;
  await queue.supervise(tag, epoch, 1000);
  assertEquals((await queue.deliveries(lease.jobId)).map(({ id }) => id), [again!.id]);
});

Deno.test("a disposed queue is unavailable, also to who waits in it", async () => {
  const queue = new SqliteJobQueue(":memory:");
  const tag = newTag();
  const waiting = queue.claim(tag, "w", 1, 60_000);
  const submitting = queue.submit(newJob(tag));
  await queue[Symbol.asyncDispose]();
  assertEquals((await submitting).kind, "accepted");
  await assertRejects(() => waiting, QueueUnavailable);
  await assertRejects(() => queue.get(newJob(tag).id), QueueUnavailable);
  await assertRejects(() => queue.submit(newJob(tag)), QueueUnavailable);
  await assertRejects(() => queue.measure(tag), QueueUnavailable);
  await assertRejects(() => queue.ping(), QueueUnavailable);
  await queue[Symbol.asyncDispose]();
});
