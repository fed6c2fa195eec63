/**
 * Claims about what workers do with a queue.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { NewJob } from "../../actors/job.ts";
import type { Ending } from "../../actors/job_queue.ts";
import {
  claimOne,
  eventually,
  idsOf,
  LEASE_MS,
  LIMITS,
  newJob,
  newTag,
  type QueueClaim,
  submitMany,
  supervised,
} from "./job_queue_store.ts";

const ERROR = { code: "backend_failed", message: "broke" };

export function testDelivery(claim: QueueClaim): void {
  claim("claim() hands jobs out in the order of their acceptance", async ({ queue, other }) => {
    const tag = newTag();
    const ids = await submitMany(queue, tag, 10);
    const seen = [
      ...await queue.claim(tag, "a", 3, 0),
      ...await other.claim(tag, "b", 4, 0),
      ...await queue.claim(tag, "a", 9, 0),
    ];
    assertEquals(idsOf(seen), ids);
  });

  claim("claim() tells all that an attempt needs", async ({ queue }) => {
    const job = newJob(newTag(), { traceparent: "00-a-b-01" });
    await queue.submit(job);
    const { lease, readyAt, ...told } = await claimOne(
      queue,
      Number.parseInt(job.id.slice(21, 23) + job.id.slice(24, 28), 16),
      "w7",
    );
    const { model, version, lane, input, limits, submitter, traceparent } = job;
    assertEquals(told, { model, version, lane, input, limits, submitter, traceparent, attempt: 1 });
    assertEquals([lease.jobId, lease.worker], [job.id, "w7"]);
    assert(Math.abs(readyAt - Date.now()) < 60_000);
    const seen = (await queue.get(job.id))!;
    assertEquals([seen.state, seen.worker, seen.attempt], ["running", "w7", 1]);
    assertEquals(seen.history.map(({ state }) => state), ["queued", "running"]);
    assertEquals([seen.history[1]!.worker, seen.history[1]!.at], ["w7", seen.startedAt]);
  });

  claim("claim() keeps apart what jobs of one call have of their own", async ({ queue }) => {
    const tag = newTag();
    const longer = { ...LIMITS, maxAttempts: LIMITS.maxAttempts + 1 };
    const differing: Partial<NewJob>[] = [
      {},
      {},
      { version: "2.0" },
      { version: "2.0", submitter: "user:eve", traceparent: "00-c-d-01" },
      { submitter: "user:eve" },
      { limits: longer },
      { lane: "batch", limits: longer },
      { lane: "batch", input: "[]" },
      {},
    ];
    const jobs = differing.map((own) => newJob(tag, own));
    for (const job of jobs) await queue.submit(job);
    const claims = await queue.claim(tag, "w", jobs.length, 0);
    assertEquals(claims.length, jobs.length);
    for (const { id, model, version, lane, input, limits, submitter, traceparent } of jobs) {
      const claimed = claims.find(({ lease }) => lease.jobId === id)!;
      assertEquals(
        [claimed.model, claimed.version, claimed.lane, claimed.input, claimed.submitter],
        [model, version, lane, input, submitter],
      );
      assertEquals([claimed.limits, claimed.traceparent], [limits, traceparent]);
    }
  });

  claim("no job is handed to two claimants", async ({ queue, other }) => {
    const tag = newTag();
    const ids = await submitMany(queue, tag, 40);
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 ? queue : other).claim(tag, `w${i}`, 5, 0)),
    );
    assertEquals(idsOf(claims.flat()).sort(), [...ids].sort());
  });

  claim("claim() waits for a job, and is woken by its submission", async ({ queue, other }) => {
    const tag = newTag();
    assertEquals(await queue.claim(tag, "w", 1, 0), []);
    const waiting = queue.claim(tag, "w", 5, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const began = performance.now();
    const [id] = await submitMany(other, tag, 1);
    assertEquals(idsOf(await waiting), [id]);
    assert(performance.now() - began < 10_000);
  });

  claim("claim() ends when its time is up, and at the signal", async ({ queue }) => {
    const tag = newTag();
    assertEquals(await queue.claim(tag, "w", 1, 40), []);
    const stop = new AbortController();
    const waiting = queue.claim(tag, "w", 1, 60_000, stop.signal);
    setTimeout(() => stop.abort(), 20);
    assertEquals(await waiting, []);
  });

  claim("interactive goes before batch, which keeps a share of one in eight", async ({ queue }) => {
    const tag = newTag();
    const batch = await submitMany(queue, tag, 30, { lane: "batch" });
    const interactive = await submitMany(queue, tag, 80);
    const lanes: string[] = [];
    const order: string[] = [];
    for (let i = 0; i < 64; i++) {
      const { lane, lease } = await claimOne(queue, tag);
      lanes.push(lane);
      order.push(lease.jobId);
    }
    const shares = lanes.filter((lane) => lane === "batch").length;
    assert(shares >= 7 && shares <= 9, `${shares} of 64 were batch`);
    for (let i = 0; i + 9 <= 64; i++) assert(lanes.slice(i, i + 9).includes("batch"), lanes.join());
    assertEquals(order.filter((id) => batch.includes(id)), batch.slice(0, shares));
    assertEquals(order.filter((id) => interactive.includes(id)), interactive.slice(0, 64 - shares));
    const many = await queue.claim(tag, "w", 40, 0);
    const share = many.filter(({ lane }) => lane === "batch").length;
    assert(share >= 5, `${share} of ${many.length} were batch`);
  });

  claim("heartbeat() keeps a job with its worker beyond the lease", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    const round = await supervised(queue, tag);
    const end = performance.now() + 3 * LEASE_MS;
    while (performance.now() < end) {
      assertEquals(await queue.heartbeat([lease]), ["held"]);
      assertEquals((await round()).rescued, 0);
      await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 5));
    }
  });

  claim("heartbeat() answers each lease in order", async ({ queue }) => {
    const [one, two] = [newTag(), newTag()];
    await submitMany(queue, one, 2);
    await submitMany(queue, two, 1);
    const a = await claimOne(queue, one),
      b = await claimOne(queue, two),
      c = await claimOne(queue, one);
    await queue.cancel(b.lease.jobId);
    await queue.settle(c.lease, { state: "completed", result: "1" });
    const forged = { ...a.lease, fence: a.lease.fence + 1 };
    assertEquals(await queue.heartbeat([a.lease, b.lease, c.lease, forged]), [
      "held",
      "cancel",
      "lost",
      "lost",
    ]);
    assertEquals(await queue.heartbeat([]), []);
  });

  const endings: readonly [Ending, string][] = [
    [{ state: "completed", result: '{"value":1}' }, "completed"],
    [{ state: "failed", error: ERROR, deadLetter: false }, "failed"],
    [{ state: "failed", error: ERROR, deadLetter: true }, "failed"],
    [{ state: "cancelled" }, "cancelled"],
    [{ state: "expired", error: ERROR }, "expired"],
    [{ state: "retrying", error: ERROR, delayMs: 60_000 }, "retrying"],
  ];
  for (const [ending, state] of endings) {
    const dead = ending.state === "failed" && ending.deadLetter;
    claim(
      `settle() records ${state}${dead ? " as a dead letter" : ""}, once`,
      async ({ queue, other }) => {
        const tag = newTag();
        const [id] = await submitMany(queue, tag, 1);
        const { lease } = await claimOne(queue, tag);
        assertEquals(await queue.settle(lease, ending), "recorded");
        const job = (await other.get(id!))!;
        assertEquals([job.state, job.deadLettered], [state, dead]);
        assertEquals(job.result, ending.state === "completed" ? ending.result : undefined);
        assertEquals(job.error, "error" in ending ? ERROR : undefined);
        assertEquals(job.finishedAt !== undefined, state !== "retrying");
        assertEquals(job.history.map((step) => step.state), ["queued", "running", state]);
        assertEquals(job.history.map((step) => step.attempt), [0, 1, 1]);
        assertEquals(await other.settle(lease, ending), "recorded");
        assertEquals(await other.get(id!), job);
      },
    );
  }

  claim("a trace is kept beside a result or an error, until the job is requeued", async (store) => {
    const { queue, other } = store;
    const tag = newTag();
    const [done, failed] = await submitMany(queue, tag, 2);
    const trace = '{"of":"the ending"}';
    const [first, second] = [await claimOne(queue, tag), await claimOne(queue, tag)];
    await queue.settle(first.lease, { state: "completed", result: "1", trace });
    await queue.settle(second.lease, { state: "failed", error: ERROR, deadLetter: true, trace });
    assertEquals((await other.get(done!))?.trace, trace);
    assertEquals((await other.get(failed!))?.trace, trace);
    assert(await queue.requeue(failed!));
    const job = (await other.get(failed!))!;
    assertEquals([job.state, job.trace, job.error], ["queued", undefined, undefined]);
  });

  claim(
    "settle() sent again answers as before, also when the job has gone on",
    async ({ queue, other }) => {
      const tag = newTag();
      const [id] = await submitMany(queue, tag, 1);
      const { lease } = await claimOne(queue, tag);
      const ending: Ending = { state: "retrying", error: ERROR, delayMs: 0 };
      assertEquals(await queue.settle(lease, ending), "recorded");
      const round = await supervised(queue, tag);
      await eventually(async () => (await round()).promoted === 1, "the retry to be due");
      assertEquals(await other.settle(lease, ending), "recorded");
      assertEquals((await queue.get(id!))?.state, "queued");
      const next = await claimOne(queue, tag, "next");
      assertEquals(await other.settle(lease, ending), "recorded");
      assertEquals(await other.settle(lease, { state: "completed", result: "1" }), "lost");
      const job = (await queue.get(id!))!;
      assertEquals([job.state, job.worker, job.attempt], ["running", "next", 2]);
      assertEquals(await queue.heartbeat([next.lease]), ["held"]);
    },
  );

  claim("another ending for a job that has ended is lost", async ({ queue }) => {
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "completed", result: "1" });
    assertEquals(
      await queue.settle(lease, { state: "failed", error: ERROR, deadLetter: false }),
      "lost",
    );
    assertEquals((await queue.get(id!))?.state, "completed");
    assertEquals((await queue.measure(tag)).totals.discarded, 1);
  });

  claim("once a lease has passed on, its old holder changes nothing", async ({ queue, other }) => {
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    const old = await claimOne(queue, tag, "stalled");
    const round = await supervised(other, tag);
    await eventually(async () => (await round()).rescued === 1, "the job to be rescued");
    const now = await claimOne(other, tag, "next");
    assertEquals(now.lease.jobId, id);
    assertNotEquals(now.lease.fence, old.lease.fence);
    assertEquals(await queue.settle(old.lease, { state: "completed", result: '"late"' }), "lost");
    assertEquals(
      await queue.settle(old.lease, { state: "retrying", error: ERROR, delayMs: 0 }),
      "lost",
    );
    assertEquals(await queue.heartbeat([old.lease]), ["lost"]);
    await queue.handBack(old.lease);
    await queue.progress(old.lease, { fraction: 1 });
    await queue.log(old.lease, "late");
    const seen = (await queue.get(id!))!;
    assertEquals([seen.state, seen.worker, seen.progress], ["running", "next", undefined]);
    assertEquals((await queue.events(id!)).filter(({ type }) => type === "log"), []);
    assertEquals(
      await other.settle(now.lease, { state: "completed", result: '"right"' }),
      "recorded",
    );
    assertEquals((await queue.get(id!))?.result, '"right"');
  });

  claim("a job that is handed back keeps its place and its attempt", async ({ queue }) => {
    const tag = newTag();
    const ids = await submitMany(queue, tag, 4);
    const [first, second] = await queue.claim(tag, "w", 2, 0);
    await queue.handBack(second!.lease);
    await queue.handBack(first!.lease);
    assertEquals((await queue.get(ids[0]!))?.state, "queued");
    assertEquals((await queue.measure(tag)).waiting.interactive, 4);
    const again = await queue.claim(tag, "w", 4, 0);
    assertEquals(idsOf(again), ids);
    assertEquals(again.map(({ attempt }) => attempt), [1, 1, 1, 1]);
    assertEquals(
      await queue.settle(again[0]!.lease, { state: "completed", result: "1" }),
      "recorded",
    );
  });

  claim("handing back wakes who waits", async ({ queue, other }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    const waiting = other.claim(tag, "w2", 1, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    await queue.handBack(lease);
    assertEquals(idsOf(await waiting), [lease.jobId]);
    assert(performance.now() - began < 10_000);
  });

  claim("handing back a job that is to be cancelled cancels it", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    await queue.cancel(lease.jobId);
    await queue.handBack(lease);
    assertEquals((await queue.get(lease.jobId))?.state, "cancelled");
  });

  claim("claim() expires what waited too long, and hands out what follows", async ({ queue }) => {
    const tag = newTag();
    const [late] = await submitMany(queue, tag, 1, {
      limits: { ...LIMITS, queueTimeoutSeconds: 0.05 },
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    const [fresh] = await submitMany(queue, tag, 1);
    assertEquals(idsOf(await queue.claim(tag, "w", 5, 0)), [fresh]);
    const seen = (await queue.get(late!))!;
    assertEquals([seen.state, seen.error?.code], ["expired", "queue_timeout"]);
  });
}
