/**
 * Claims about what schedulers do with a queue.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Job } from "../../actors/job.ts";
import type { JobQueue } from "../../actors/job_queue.ts";
import {
  claimOne,
  eventually,
  idsOf,
  LIMITS,
  MAX_STALLS,
  newTag,
  type QueueClaim,
  submitMany,
  supervised,
} from "./job_queue_store.ts";

const URL_OF = "https://hooks.example.com/";
const ERROR = { code: "backend_failed", message: "broke" };

/** The newest job of a queue. */
async function jobOf(queue: JobQueue, tag: number): Promise<Job> {
  return (await queue.list({ tags: [tag], limit: 1 }))[0]!;
}

export function testSupervision(claim: QueueClaim): void {
  claim("a retry comes back at the tail when it is due, and not before", async ({ queue }) => {
    const tag = newTag();
    const ids = await submitMany(queue, tag, 2);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "retrying", error: ERROR, delayMs: 150 });
    assert((await queue.get(ids[0]!))!.dueAt! > Date.now() - 60_000);
    const round = await supervised(queue, tag);
    assertEquals((await round()).promoted, 0);
    await eventually(async () => (await round()).promoted === 1, "the retry to be due");
    assertEquals((await queue.get(ids[0]!))?.state, "queued");
    const claims = await queue.claim(tag, "w", 5, 0);
    assertEquals(idsOf(claims), [ids[1], ids[0]]);
    assertEquals(claims[1]!.attempt, 2);
    const states = (await queue.get(ids[0]!))!.history.map(({ state }) => state);
    assertEquals(states, ["queued", "running", "retrying", "queued", "running"]);
  });

  claim("a retry waits anew, with a queue timeout of its own", async ({ queue }) => {
    const tag = newTag();
    const limits = { ...LIMITS, queueTimeoutSeconds: 0.4 };
    const [id] = await submitMany(queue, tag, 1, { limits });
    const first = await claimOne(queue, tag);
    await queue.settle(first.lease, { state: "retrying", error: ERROR, delayMs: 500 });
    const due = (await queue.get(id!))!.dueAt!;
    const round = await supervised(queue, tag);
    await eventually(async () => (await round()).promoted === 1, "the retry to be due");
    const second = await claimOne(queue, tag);
    assertEquals([second.lease.jobId, second.attempt], [id, 2]);
    assert(second.readyAt >= due, `ready at ${second.readyAt}, due at ${due}`);
    assertEquals((await queue.get(id!))?.dueAt, undefined);
  });

  claim("a retry that is due wakes who waits", async ({ queue, other }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "retrying", error: ERROR, delayMs: 50 });
    const waiting = other.claim(tag, "w2", 1, 30_000);
    const round = await supervised(queue, tag);
    await eventually(async () => (await round()).promoted === 1, "the retry to be due");
    const began = performance.now();
    assertEquals(idsOf(await waiting), [lease.jobId]);
    assert(performance.now() - began < 10_000);
  });

  claim("a job in its backoff can be cancelled", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "retrying", error: ERROR, delayMs: 20 });
    assertEquals(await queue.cancel(lease.jobId), "cancelled");
    const round = await supervised(queue, tag);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assertEquals((await round()).promoted, 0);
    assertEquals((await queue.measure(tag)).delayed, 0);
    assertEquals((await queue.get(lease.jobId))?.state, "cancelled");
  });

  claim("jobs of a lost worker go back to their places in line", async ({ queue, other }) => {
    const tag = newTag();
    const ids = await submitMany(queue, tag, 5);
    await queue.claim(tag, "lost", 3, 0);
    const round = await supervised(other, tag);
    let rescued = 0;
    await eventually(async () => (rescued += (await round()).rescued) === 3, "three rescues");
    const claims = await other.claim(tag, "next", 9, 0);
    assertEquals(idsOf(claims), ids);
    assertEquals(claims.map(({ attempt }) => attempt), [2, 2, 2, 1, 1]);
    assertEquals((await other.get(ids[0]!))?.stalls, 1);
    assertEquals((await other.measure(tag)).totals.redelivered, 3);
  });

  claim("a job that loses its worker too often is dead-lettered", async ({ queue }) => {
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    const round = await supervised(queue, tag);
    for (let stall = 1; stall <= MAX_STALLS; stall++) {
      await claimOne(queue, tag);
      await eventually(async () => (await round()).rescued === 1, "a rescue");
    }
    await claimOne(queue, tag);
    await eventually(async () => (await round()).deadLettered === 1, "a dead letter");
    const job = (await queue.get(id!))!;
    assertEquals([job.state, job.error?.code, job.deadLettered], ["failed", "stalled", true]);
    assertEquals(job.stalls, MAX_STALLS + 1);
    assertEquals((await queue.measure(tag)).deadLetters, 1);
    assertEquals((await queue.measure(tag)).failures, { stalled: 1 });
    assertEquals(await queue.requeue(id!), true);
    assertEquals((await queue.get(id!))?.stalls, 0);
    await claimOne(queue, tag);
    await eventually(async () => (await round()).rescued === 1, "a rescue after the requeueing");
  });

  claim("a lost job that was to be cancelled is cancelled", async ({ queue }) => {
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    await claimOne(queue, tag);
    await queue.cancel(id!);
    const round = await supervised(queue, tag);
    await eventually(async () => {
      await round();
      return (await queue.get(id!))?.state === "cancelled";
    }, "the cancellation");
  });

  claim(
    "dead letters are listed newest first, and begin anew when requeued",
    async ({ queue, other }) => {
      const tag = newTag();
      const ids = await submitMany(queue, tag, 3);
      for (const { lease } of await queue.claim(tag, "w", 3, 0)) {
        await queue.settle(lease, { state: "failed", error: ERROR, deadLetter: true });
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      const newest = [...ids].reverse();
      assertEquals((await other.deadLetters(tag, 9)).map(({ id }) => id), newest);
      assertEquals(
        (await other.deadLetters(tag, 9, newest[0])).map(({ id }) => id),
        newest.slice(1),
      );
      assertEquals((await other.deadLetters(tag, 1)).map(({ id }) => id), newest.slice(0, 1));
      assertEquals(await other.requeue(ids[0]!), true);
      assertEquals(await other.requeue(ids[0]!), false);
      const again = await claimOne(queue, tag);
      assertEquals([again.lease.jobId, again.attempt], [ids[0], 1]);
      await queue.settle(again.lease, { state: "completed", result: "2" });
      const job = (await queue.get(ids[0]!))!;
      assertEquals([job.state, job.result, job.error, job.deadLettered], [
        "completed",
        "2",
        undefined,
        false,
      ]);
      assertEquals((await queue.deadLetters(tag, 9)).length, 2);
    },
  );

  claim("a requeued job forgets its cancellation and its end", async ({ queue, other }) => {
    const tag = newTag();
    const limits = { ...LIMITS, retentionSeconds: 0.5 };
    const [id] = await submitMany(queue, tag, 1, { limits });
    const { lease } = await claimOne(queue, tag);
    await queue.cancel(id!);
    await queue.settle(lease, { state: "failed", error: ERROR, deadLetter: true });
    assertEquals(await other.requeue(id!), true);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const job = (await queue.get(id!))!;
    assertEquals([job.state, job.cancelRequested, job.error, job.finishedAt], [
      "queued",
      false,
      undefined,
      undefined,
    ]);
    const again = await claimOne(queue, tag);
    assertEquals(await queue.heartbeat([again.lease]), ["held"]);
  });

  claim("requeue() takes dead letters only", async ({ queue }) => {
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    assertEquals(await queue.requeue(id!), false);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "failed", error: ERROR, deadLetter: false });
    assertEquals(await queue.requeue(id!), false);
  });

  claim(
    "supervise() expires what waited too long, in any order of deadlines",
    async ({ queue }) => {
      const tag = newTag();
      const at = (queueTimeoutSeconds: number) => ({ limits: { ...LIMITS, queueTimeoutSeconds } });
      const [long] = await submitMany(queue, tag, 1, at(600));
      const short = await submitMany(queue, tag, 3, at(0.05));
      const round = await supervised(queue, tag);
      let expired = 0;
      await eventually(async () => (expired += (await round()).expired) === 3, "three to expire");
      for (const id of short) assertEquals((await queue.get(id))?.error?.code, "queue_timeout");
      assertEquals((await queue.measure(tag)).waiting.interactive, 1);
      assertEquals(idsOf(await queue.claim(tag, "w", 9, 0)), [long]);
    },
  );

  claim("one scheduler supervises a queue, until its time is up", async ({ queue, other }) => {
    const tag = newTag();
    const first = await queue.acquire(tag, "s1", 200);
    assert(first !== undefined);
    assertEquals(await other.acquire(tag, "s2", 200), undefined);
    assertEquals(await queue.acquire(tag, "s1", 200), first);
    const second = await eventually(() => other.acquire(tag, "s2", 60_000), "the takeover");
    assertNotEquals(second, first);
    assertEquals(await queue.acquire(tag, "s1", 200), undefined);
  });

  claim("the holder keeps the supervision by asking again, and by its rounds", async (store) => {
    const { queue, other } = store;
    const ttlMs = 200;
    const held = async () => {
      const [asked, rounds] = [newTag(), newTag()];
      let renewed = performance.now();
      const end = renewed + 2.5 * ttlMs;
      const epochs = [
        await queue.acquire(asked, "s1", ttlMs),
        await queue.acquire(rounds, "s1", ttlMs),
      ];
      while (performance.now() < end) {
        const begun = performance.now();
        const found = [
          await queue.acquire(asked, "s1", ttlMs),
          await queue.supervise(rounds, epochs[1]!, ttlMs) !== undefined,
          await other.acquire(asked, "s2", ttlMs),
          await other.acquire(rounds, "s2", ttlMs),
        ];
        // A machine that stood still for longer than that says nothing of who holds a queue.
        if (performance.now() - renewed >= ttlMs) return false;
        assertEquals(found, [epochs[0], true, undefined, undefined]);
        renewed = begun;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return true;
    };
    await eventually(held, "a machine that does not stand still");
  });

  claim("each holding of a queue has an epoch of its own", async ({ queue }) => {
    const tag = newTag();
    const first = (await queue.acquire(tag, "s1", 60_000))!;
    await queue.release(tag, first);
    const second = (await queue.acquire(tag, "s1", 60_000))!;
    assertNotEquals(first, second);
    assertEquals(await queue.supervise(tag, first, 60_000), undefined);
    assert(await queue.supervise(tag, second, 60_000));
  });

  claim("an old epoch can do nothing", async ({ queue, other }) => {
    const tag = newTag();
    const [due, late] = [
      (await submitMany(queue, tag, 1, {
        callback: { url: "https://x.example/", events: ["started"] },
      }))[0]!,
      (await submitMany(queue, tag, 1, { limits: { ...LIMITS, queueTimeoutSeconds: 0.01 } }))[0]!,
    ];
    const old = (await queue.acquire(tag, "s1", 50))!;
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "retrying", error: ERROR, delayMs: 0 });
    await eventually(() => other.acquire(tag, "s2", 60_000), "the takeover");
    assertEquals(await queue.supervise(tag, old, 60_000), undefined);
    assertEquals(await queue.dueDeliveries(tag, old, 9, 1000), []);
    await queue.release(tag, old);
    assertEquals((await queue.get(due))?.state, "retrying");
    assertEquals((await queue.get(late))?.state, "queued");
    assertEquals(await queue.acquire(tag, "s3", 1000), undefined);
  });

  claim("release() hands the supervision over at once", async ({ queue, other }) => {
    const tag = newTag();
    const epoch = (await queue.acquire(tag, "s1", 60_000))!;
    await queue.release(tag, epoch);
    assertEquals(await queue.supervise(tag, epoch, 1000), undefined);
    assert(await other.acquire(tag, "s2", 1000) !== undefined);
  });

  claim("join() answers the schedulers that live", async ({ queue, other }) => {
    const [a, b] = [`a-${crypto.randomUUID()}`, `b-${crypto.randomUUID()}`];
    await queue.join(a, 60_000);
    const both = await other.join(b, 100);
    assertEquals([both.includes(a), both.includes(b)], [true, true]);
    assertEquals([...both].sort(), both);
    await eventually(async () => !(await queue.join(a, 60_000)).includes(b), "b to be forgotten");
    await queue.leave(a);
    assertEquals((await other.join(b, 100)).includes(a), false);
    await other.leave(b);
  });

  claim("a round says when there is nothing to look after", async ({ queue }) => {
    const tag = newTag();
    const round = await supervised(queue, tag);
    assertEquals((await round()).idle, true);
    const limits = { ...LIMITS, retentionSeconds: 0.1 };
    await submitMany(queue, tag, 1, { limits });
    assertEquals((await round()).idle, false);
    // A job that has lost its worker waits before all others, where no worker was told of it.
    await queue.claim(tag, "lost", 1, 0);
    let rescue = await round();
    await eventually(async () => (rescue = await round()).rescued === 1, "a rescue");
    assertEquals([rescue.idle, (await round()).idle], [false, false]);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "completed", result: "1" });
    await eventually(async () => (await round()).idle, "nothing to go on");
  });

  claim("roused() waits through idleness, and ends when something comes", async (store) => {
    const { queue, other } = store;
    const tag = newTag();
    const round = await supervised(queue, tag);
    const LONG_MS = 60_000;
    // It may end early where the listening itself begins.
    assertEquals((await round()).idle, true);
    await queue.roused(tag, 20);
    const began = performance.now();
    const arrivals = [
      () => submitMany(other, tag, 1, { callback: { url: URL_OF, events: ["completed"] } }),
      async () => {
        const [delivery] = await other.deliveries((await jobOf(queue, tag)).id);
        assert(await other.redeliver(delivery!.id));
      },
    ];
    for (const arrive of arrivals) {
      assertEquals((await round()).idle, true);
      let over = false;
      const roused = queue.roused(tag, LONG_MS).then(() => over = true);
      await new Promise((resolve) => setTimeout(resolve, 60));
      assertEquals(over, false);
      await arrive();
      await roused;
      assertEquals((await round()).idle, false);
      // What came since the last round is not missed.
      await queue.roused(tag, LONG_MS);
      for (const { lease } of await queue.claim(tag, "w", 1, 0)) {
        await queue.settle(lease, { state: "completed", result: "1" });
      }
      const { id } = await jobOf(queue, tag);
      for (const delivery of await queue.deliveries(id)) {
        await queue.recordDelivery(delivery.id, { at: 1, tookMs: 1 }, { state: "delivered" });
      }
      await eventually(async () => (await round()).idle, "nothing to go on");
    }
    assert(performance.now() - began < LONG_MS);
    const stop = new AbortController();
    const stopped = queue.roused(tag, LONG_MS, stop.signal);
    stop.abort();
    await stopped;
    await queue.roused(tag, 20);
  });
}
