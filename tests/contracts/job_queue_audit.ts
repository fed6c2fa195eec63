/**
 * What waits in a queue to be audited: `JobAuditing` sentence by sentence, on stores opened to keep
 * it.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuditBufferFull, type JobQueue, type UnauditedStep } from "../../actors/job_queue.ts";
import {
  claimOne,
  eventually,
  LIMITS,
  newJob,
  newTag,
  type OpenQueueStore,
  type QueueClaim,
  type QueueStore,
  submitMany,
  supervised,
} from "./job_queue_store.ts";

const LIMIT = 40;
const BRIEF = { ...LIMITS, retentionSeconds: 0.05 };

/** Runs the suite on an adapter; `skip` is the reason why it cannot be had here. */
export function testJobQueueAudit(adapter: string, open: OpenQueueStore, skip?: string): void {
  let shared: Promise<QueueStore> | undefined;
  const claim: QueueClaim = (name, body) => {
    Deno.test({
      name: `[${adapter}] ${name}` + (skip === undefined ? "" : ` [skipped: ${skip}]`),
      ignore: skip !== undefined,
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        shared ??= open({ leaseMs: 60, maxStalls: 2, auditLimit: LIMIT });
        await body(await shared);
      },
    });
  };
  testSteps(claim);
  testSharing(claim);
  testBuffer(claim);
  claim("an audited queue is at rest after its last test", async (store) => {
    await store[Symbol.asyncDispose]();
    shared = undefined;
  });
}

function testSteps(claim: QueueClaim): void {
  claim("every step of a job waits to be audited, in order, until it is", async ({ queue }) => {
    const tag = newTag();
    const caller = { keyId: "k-1", client: "some agent/1.0" };
    const job = newJob(tag, { caller, provenance: {} });
    await queue.submit(job);
    const first = await claimOne(queue, tag);
    const error = { code: "busy", message: "try again" };
    await queue.settle(first.lease, { state: "retrying", error, delayMs: 0 });
    const round = await supervised(queue, tag);
    await eventually(async () => (await round()).promoted === 1, "the retry to be promoted");
    const second = await claimOne(queue, tag, "w2");
    await queue.settle(second.lease, { state: "completed", result: '{"value":1}' });
    const { steps, more } = await queue.unaudited(tag, 100);
    assertEquals(more, false);
    assertEquals(statesOf(steps), [
      "queued",
      "running",
      "retrying",
      "queued",
      "running",
      "completed",
    ]);
    assertEquals(
      steps.map(({ transition }) => transition?.attempt),
      [0, 1, 1, 0, 2, 2].map((n, i) =>
        // After a retry was promoted, a store may say which attempt was before.
        i === 3 ? steps[3]!.transition!.attempt : n
      ),
    );
    assertEquals(new Set(steps.map(({ step }) => step)).size, 6);
    assert(steps.every(({ jobId }) => jobId === job.id));
    assertEquals(steps[0]!.input, job.input);
    assertEquals(steps[0]!.caller, caller);
    assertEquals(steps[0]!.job, {
      model: job.model,
      version: job.version,
      submitter: job.submitter,
      lane: "interactive",
      provenance: {},
    });
    assertEquals(steps[2]!.transition!.error, error);
    assertEquals(steps[4]!.transition!.worker, "w2");
    assertEquals(steps[5]!.result, '{"value":1}');
    assertEquals(steps.filter(({ input, result }) => input ?? result).length, 2);
    // Read again, it is the same; read by itself, a step is what it was among others.
    assertEquals((await queue.unaudited(tag, 100)).steps, steps);
    const page = await queue.unaudited(tag, 2);
    assertEquals([page.steps, page.more], [steps.slice(0, 2), true]);
    const rest = await queue.unaudited(tag, 100, page.upTo);
    assertEquals([rest.steps, rest.more], [steps.slice(2), false]);
    const empty = newTag();
    assertEquals(await queue.withUnaudited([empty, tag]), [tag]);
    await queue.audited(tag, page.upTo);
    assertEquals(await queue.unaudited(tag, 100, page.upTo), rest);
    await queue.audited(tag, rest.upTo);
    assertEquals(await queue.withUnaudited([empty, tag]), []);
  });

  claim("a rescue, a hand back and an expiry are steps too", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1);
    const lost = await claimOne(queue, tag);
    const round = await supervised(queue, tag);
    await eventually(async () => (await round()).rescued === 1, "the job to be rescued");
    assertEquals(await queue.settle(lost.lease, { state: "completed", result: "1" }), "lost");
    await queue.handBack((await claimOne(queue, tag)).lease);
    const hasty = newJob(tag, { limits: { ...LIMITS, queueTimeoutSeconds: 0.001 } });
    await queue.submit(hasty);
    await eventually(async () => (await round()).expired === 1, "the job to expire");
    const { steps } = await queue.unaudited(tag, 100);
    assertEquals(statesOf(steps).slice(0, 5), ["queued", "running", "queued", "running", "queued"]);
    assertEquals(statesOf(steps.filter(({ jobId }) => jobId === hasty.id)), ["queued", "expired"]);
    assertEquals(steps.at(-1)!.transition!.error?.code, "queue_timeout");
  });

  claim("a step says who cancelled or requeued", async ({ queue }) => {
    const tag = newTag();
    const [waiting, running, dead] = await submitMany(queue, tag, 3);
    await queue.cancel(waiting!, "user:ada");
    const { lease } = await claimOne(queue, tag);
    assertEquals(lease.jobId, running);
    await queue.cancel(running!, "user:ben");
    await queue.settle(lease, { state: "cancelled" });
    const error = { code: "no", message: "no" };
    const last = await claimOne(queue, tag);
    await queue.settle(last.lease, { state: "failed", error, deadLetter: true });
    assert(await queue.requeue(dead!, "user:cleo"));
    const { steps } = await queue.unaudited(tag, 100);
    const by = steps.filter(({ transition }) => transition?.by !== undefined)
      .map(({ jobId, transition }) => [jobId, transition!.state, transition!.by]);
    assertEquals(by, [
      [waiting, "cancelled", "user:ada"],
      [running, "cancelling", "user:ben"],
      [running, "cancelled", "user:ben"],
      [dead, "queued", "user:cleo"],
    ]);
    assertEquals((await queue.get(running!))?.history.at(-1)?.by, "user:ben");
  });
}

function testSharing(claim: QueueClaim): void {
  claim("a job is shared with whom it is said, each change is audited", async ({ queue }) => {
    const tag = newTag();
    const job = newJob(tag);
    await queue.submit(job);
    const { upTo } = await queue.unaudited(tag, 100);
    await queue.audited(tag, upTo);
    assertEquals((await queue.get(job.id))!.sharedWith, undefined);
    const some = ["user:bob", "team:chemistry"];
    const reason = 'they asked for it, "please"';
    assertEquals(await queue.share(job.id, { with: some, by: "user:ada", reason }), true);
    assertEquals((await queue.get(job.id))!.sharedWith, some);
    assertEquals((await queue.list({ tags: [tag], limit: 9 }))[0]!.sharedWith, some);
    // What is so already is no change.
    assertEquals(await queue.share(job.id, { with: some, by: "user:ada" }), true);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "completed", result: "1" });
    assertEquals((await queue.get(job.id))!.sharedWith, some);
    assertEquals(await queue.share(job.id, { with: [] }), true);
    assertEquals((await queue.get(job.id))!.sharedWith, undefined);
    assertEquals(await queue.share(newJob(tag).id, { with: some }), false);
    const { steps } = await queue.unaudited(tag, 100);
    assertEquals(statesOf(steps), ["shared", "running", "completed", "shared"]);
    assertEquals(steps.map(({ sharing }) => sharing).filter((change) => change !== undefined), [
      { before: [], after: some, reason },
      { before: some, after: [] },
    ]);
    assertEquals(steps.map(({ transition }) => transition?.by), [
      "user:ada",
      undefined,
      undefined,
      undefined,
    ]);
    assertEquals(new Set(steps.map(({ step }) => step)).size, 4);
    assertEquals(steps[0]!.job!.submitter, job.submitter);
    assertEquals((await queue.unaudited(tag, 100)).steps, steps);
  });
}

function testBuffer(claim: QueueClaim): void {
  claim("a job that came with its result is audited like any other", async ({ queue }) => {
    const tag = newTag();
    const job = newJob(tag, { provenance: {}, result: '{"value":1}' });
    await queue.submit(job);
    await queue.submit(job);
    const { steps, upTo } = await queue.unaudited(tag, 100);
    assertEquals(statesOf(steps), ["queued", "completed"]);
    assertEquals([steps[0]!.input, steps[1]!.result], [job.input, '{"value":1}']);
    await queue.audited(tag, upTo);
  });

  claim("audited() forgets what was read, once, however often it is called", async ({ queue }) => {
    const tag = newTag();
    const ids = await submitMany(queue, tag, 5);
    const page = await queue.unaudited(tag, 3);
    await queue.audited(tag, page.upTo);
    await queue.audited(tag, page.upTo);
    assertEquals(idsOf((await queue.unaudited(tag, 9)).steps), ids.slice(3));
    await drain(queue, tag);
    const [next] = await submitMany(queue, tag, 1);
    await queue.audited(tag, page.upTo);
    assertEquals(idsOf((await queue.unaudited(tag, 9)).steps), [next]);
  });

  claim("a job's record outlives its retention until its end is audited", async ({ queue }) => {
    const tag = newTag();
    const job = newJob(tag, { limits: BRIEF });
    await queue.submit(job);
    await queue.settle((await claimOne(queue, tag)).lease, { state: "completed", result: "7" });
    const round = await supervised(queue, tag);
    const past = Date.now() + 2 * BRIEF.retentionSeconds * 1000;
    await eventually(async () => (await round()) && Date.now() > past, "its retention to pass");
    assertEquals((await queue.unaudited(tag, 9)).steps.at(-1)!.result, "7");
    await drain(queue, tag);
    await eventually(async () => (await round()).idle, "an idle queue");
    await eventually(async () => await queue.get(job.id) === undefined, "the record to go");
  });

  claim(
    "a full buffer refuses submissions and nothing else, until it is audited",
    async (store) => {
      const { queue } = store;
      const tag = newTag();
      const key = { key: "user:ada:k", fingerprint: "f" };
      const [first] = [newJob(tag, { idempotency: key })];
      await queue.submit(first);
      await submitMany(queue, tag, LIMIT - 1);
      await assertRejects(() => queue.submit(newJob(tag)), AuditBufferFull);
      const refused = newJob(tag, { idempotency: { key: "user:ada:other", fingerprint: "f" } });
      await assertRejects(() => queue.submit(refused), AuditBufferFull);
      assertEquals(await queue.get(refused.id), undefined);
      // What was accepted before is answered, and goes on.
      const again = newJob(tag, { idempotency: key });
      assertEquals(await queue.submit(again), { kind: "duplicate", id: first.id });
      const { lease } = await claimOne(queue, tag);
      assertEquals(await queue.settle(lease, { state: "completed", result: "1" }), "recorded");
      assertEquals((await queue.measure(tag)).unaudited, LIMIT + 2);
      await drain(queue, tag);
      assertEquals((await queue.submit(refused)).kind, "accepted");
      await drain(queue, tag);
      assertEquals((await queue.measure(tag)).unaudited, 0);
    },
  );

  claim("drop() ends a queue's jobs, and forgets it once that is audited", async ({ queue }) => {
    const tag = newTag();
    const [running, waiting] = await submitMany(queue, tag, 2);
    const { lease } = await claimOne(queue, tag);
    assertEquals(await queue.drop(tag), false);
    assertEquals(await queue.settle(lease, { state: "completed", result: "1" }), "lost");
    assertEquals((await queue.get(waiting!))?.state, "cancelled");
    const { steps } = await queue.unaudited(tag, 9);
    assertEquals(statesOf(steps), ["queued", "queued", "running", "cancelled", "cancelled"]);
    await drain(queue, tag);
    assertEquals(await queue.drop(tag), true);
    assertEquals(await queue.get(running!), undefined);
    assertEquals(await queue.drop(tag), true);
  });

  claim(
    "a round says how much there is to be audited, and is not idle before",
    async ({ queue }) => {
      const tag = newTag();
      await submitMany(queue, tag, 1);
      await queue.settle((await claimOne(queue, tag)).lease, { state: "completed", result: "1" });
      const round = await supervised(queue, tag);
      const { unaudited, idle } = await round();
      assertEquals([unaudited, idle], [3, false]);
      await drain(queue, tag);
      assertEquals((await round()).idle, true);
    },
  );
}

/** Says of everything that waits that it is in the trail. */
async function drain(queue: JobQueue, tag: number): Promise<void> {
  for (let more = true; more;) {
    const page = await queue.unaudited(tag, 7);
    await queue.audited(tag, page.upTo);
    more = page.more;
  }
}

function statesOf(steps: readonly UnauditedStep[]): (string | undefined)[] {
  return steps.map(({ transition }) => transition?.state);
}

function idsOf(steps: readonly UnauditedStep[]): string[] {
  return steps.map(({ jobId }) => jobId);
}
