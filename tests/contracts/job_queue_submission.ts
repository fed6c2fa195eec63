/**
 * Claims about what gateways do with a queue.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { jobIdTime, newJobId } from "../../actors/job_id.ts";
import { TIME_BOUNDS_MS } from "../../actors/job_queue.ts";
import {
  claimOne,
  eventually,
  LIMITS,
  newJob,
  newTag,
  type QueueClaim,
  submitMany,
  supervised,
} from "./job_queue_store.ts";

export function testSubmission(claim: QueueClaim): void {
  claim("submit() accepts a job and get() answers all of it", async ({ queue, other }) => {
    const job = newJob(newTag(), {
      lane: "batch",
      callback: { url: 'https://example.com/hook?a="completed"', events: ["failed", "expired"] },
      parent: newJobId(7),
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      provenance: { route: { revision: 17, by: "rule", rule: 'a "quoted" rule', bucket: 4711 } },
      cohort: "x1.0.canary",
    });
    assertEquals(await queue.submit(job), { kind: "accepted", id: job.id });
    const { history, ...seen } = (await other.get(job.id))!;
    const { id, ...accepted } = job;
    assertEquals(seen, {
      id,
      ...accepted,
      state: "queued",
      attempt: 0,
      stalls: 0,
      submittedAt: jobIdTime(id),
      deadLettered: false,
      cancelRequested: false,
    });
    assertEquals(history, [{ state: "queued", at: jobIdTime(id), attempt: 0 }]);
  });

  claim(
    "a job's provenance stays with it to its end, and is absent where none was given",
    async ({ queue, other }) => {
      const tag = newTag();
      const provenance = { route: { revision: 3, by: "split", bucket: 0 } } as const;
      const first = newJob(tag, { provenance });
      await queue.submit(first);
      const second = newJob(tag);
      await queue.submit(second);
      const { lease, provenance: text } = await claimOne(queue, tag);
      assertEquals(JSON.parse(text!), provenance);
      await queue.settle(lease, { state: "completed", result: "1" });
      assertEquals((await other.get(first.id))?.provenance, provenance);
      const listed = await other.list({ tags: [tag], limit: 2 });
      assertEquals(listed.find(({ id }) => id === first.id)?.provenance, provenance);
      assert(!Object.hasOwn((await other.get(second.id))!, "provenance"));
    },
  );

  claim(
    "submit() of a job with its result completes it at once, and nobody claims it",
    async ({ queue, other }) => {
      const tag = newTag();
      const callback = { url: "https://example.com/hook", events: ["completed"] } as const;
      const idempotency = { key: "ada/known", fingerprint: "f" };
      const provenance = { cache: { job: newJobId(tag), key: "sha256:0", computedAt: 1 } };
      const result = '{"value":1}';
      const job = newJob(tag, { lane: "batch", callback, idempotency, provenance, result });
      assertEquals(await queue.submit(job), { kind: "accepted", id: job.id });
      assertEquals(await other.submit(job), { kind: "duplicate", id: job.id });
      const again = newJob(tag, { idempotency, result: "2" });
      assertEquals(await other.submit(again), { kind: "duplicate", id: job.id });
      const seen = (await other.get(job.id))!;
      assertEquals([seen.state, seen.result, seen.attempt, seen.lane], [
        "completed",
        result,
        0,
        "batch",
      ]);
      assertEquals(seen.provenance, provenance);
      assertEquals(seen.history.map(({ state, attempt }) => [state, attempt]), [
        ["queued", 0],
        ["completed", 0],
      ]);
      assert(seen.finishedAt! >= seen.submittedAt && seen.startedAt === undefined);
      assertEquals((await other.settled(job.id, 1000))?.result, result);
      assertEquals(await queue.claim(tag, "w", 1, 0), []);
      assertEquals((await queue.deliveries(job.id)).map(({ type }) => type), ["completed"]);
      const { waiting, running, totals } = await queue.measure(tag);
      assertEquals([waiting, running, totals.completed, totals.attempts], [
        { interactive: 0, batch: 0 },
        0,
        1,
        0,
      ]);
      assertEquals(await queue.cancel(job.id), "final");
    },
  );

  claim("submit() of an id that was accepted is a duplicate", async ({ queue, other }) => {
    const job = newJob(newTag());
    await queue.submit(job);
    assertEquals(await other.submit(job), { kind: "duplicate", id: job.id });
    assertEquals(
      (await queue.measure(Number.parseInt(job.id.slice(21, 23) + job.id.slice(24, 28), 16)))
        .waiting.interactive,
      1,
    );
  });

  claim(
    "an idempotency key finds its job again, also after it is completed",
    async ({ queue, other }) => {
      const tag = newTag();
      const idempotency = { key: "ada/1", fingerprint: "f1" };
      const first = newJob(tag, { idempotency });
      await queue.submit(first);
      assertEquals(await other.submit(newJob(tag, { idempotency })), {
        kind: "duplicate",
        id: first.id,
      });
      const { lease } = await claimOne(queue, tag);
      await queue.settle(lease, { state: "completed", result: "1" });
      assertEquals(await queue.submit(newJob(tag, { idempotency })), {
        kind: "duplicate",
        id: first.id,
      });
      assertEquals((await queue.measure(tag)).waiting.interactive, 0);
    },
  );

  claim("an idempotency key with another fingerprint is a conflict", async ({ queue }) => {
    const tag = newTag();
    const first = newJob(tag, { idempotency: { key: "k", fingerprint: "f1" } });
    await queue.submit(first);
    const other = newJob(tag, { idempotency: { key: "k", fingerprint: "f2" } });
    assertEquals(await queue.submit(other), { kind: "conflict", id: first.id });
    assertEquals(await queue.get(other.id), undefined);
  });

  claim("many submissions under one key at once make one job", async ({ queue, other }) => {
    const tag = newTag();
    const idempotency = { key: "k", fingerprint: "f" };
    const answers = await Promise.all(
      Array.from(
        { length: 20 },
        (_, i) => (i % 2 ? queue : other).submit(newJob(tag, { idempotency })),
      ),
    );
    assertEquals(answers.filter(({ kind }) => kind === "accepted").length, 1);
    assertEquals(new Set(answers.map(({ id }) => id)).size, 1);
    assertEquals((await queue.measure(tag)).waiting.interactive, 1);
  });

  claim("get() of a job that never was is undefined", async ({ queue }) => {
    assertEquals(await queue.get(newJobId(newTag())), undefined);
  });

  claim("settled() answers as soon as the job is final", async ({ queue, other }) => {
    const tag = newTag();
    const job = newJob(tag);
    await queue.submit(job);
    const waiting = other.settled(job.id, 10_000);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "completed", result: "[1]" });
    assertEquals((await waiting)?.result, "[1]");
  });

  claim(
    "settled() answers the job as it stands when the time is up or at the signal",
    async ({ queue }) => {
      const job = newJob(newTag());
      await queue.submit(job);
      assertEquals((await queue.settled(job.id, 30))?.state, "queued");
      const stop = new AbortController();
      const waiting = queue.settled(job.id, 60_000, stop.signal);
      stop.abort();
      assertEquals((await waiting)?.state, "queued");
      assertEquals(await queue.settled(newJobId(1), 60_000), undefined);
    },
  );

  claim("ask() submits, and answers as soon as the job is final", async ({ queue, other }) => {
    const tag = newTag();
    const jobs = Array.from({ length: 5 }, () => newJob(tag));
    const asked = jobs.map((job) => queue.ask(job, 10_000));
    for (const job of jobs) {
      const { lease } = await claimOne(other, tag);
      await other.settle(lease, { state: "completed", result: `"${job.id}"` });
    }
    for (const job of await Promise.all(asked)) {
      assert(job);
      const { state, version, attempt, startedAt, finishedAt, result, deadLettered } =
        (await other.get(job.id))!;
      const ended = { state, version, attempt, startedAt, finishedAt, result, deadLettered };
      assertEquals([state, result], ["completed", `"${job.id}"`]);
      assertEquals({ ...job, ...ended }, job);
    }
    assertEquals((await queue.ask(jobs[0]!, 10_000))?.result, `"${jobs[0]!.id}"`);
  });

  claim(
    "ask() joins a job that is there, and answers it as it stands when the time is up",
    async ({ queue, other }) => {
      const tag = newTag();
      const job = newJob(tag);
      const asked = queue.ask(job, 10_000);
      const { lease } = await claimOne(other, tag);
      assertEquals((await other.ask(job, 30))?.state, "running");
      const stop = new AbortController();
      const joined = other.ask(job, 60_000, stop.signal);
      stop.abort();
      assertEquals((await joined)?.state, "running");
      await other.settle(lease, { state: "completed", result: "1" });
      assertEquals((await asked)?.result, "1");
      assertEquals((await queue.measure(tag)).totals.attempts, 1);
    },
  );

  claim(
    "cancel() ends a waiting job at once, and it is never handed out",
    async ({ queue, other }) => {
      const tag = newTag();
      const [first, second] = await submitMany(queue, tag, 2);
      assertEquals(await other.cancel(first!), "cancelled");
      assertEquals((await queue.get(first!))?.state, "cancelled");
      assertEquals(await queue.cancel(first!), "final");
      assertEquals((await claimOne(queue, tag)).lease.jobId, second);
      assertEquals(await queue.cancel(newJobId(tag)), "missing");
      assertEquals((await queue.measure(tag)).totals.cancelled, 1);
    },
  );

  claim("cancel() of a running job asks its worker to stop", async ({ queue, other }) => {
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    assertEquals(await other.cancel(id!), "cancelling");
    assertEquals((await queue.get(id!))?.cancelRequested, true);
    assertEquals(await queue.heartbeat([lease]), ["cancel"]);
    assertEquals(await queue.settle(lease, { state: "cancelled" }), "recorded");
    assertEquals((await other.get(id!))?.state, "cancelled");
  });

  claim("list() goes over queues, newest first, page by page", async ({ queue }) => {
    const tags = [newTag(), newTag(), newTag()];
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push(...await submitMany(queue, tags[i % 3]!, 1));
    const newest = [...ids].sort().reverse();
    const seen: string[] = [];
    let before: string | undefined;
    for (;;) {
      const page = await queue.list({ tags, limit: 5, ...(before ? { before } : {}) });
      seen.push(...page.map(({ id }) => id));
      before = page.at(-1)?.id;
      if (page.length < 5) break;
    }
    assertEquals(seen, newest);
    assertEquals(await queue.list({ tags: [newTag()], limit: 5 }), []);
    assertEquals(await queue.list({ tags: [], limit: 5 }), []);
  });

  claim("list() picks by state and by submitter", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 3);
    const [bobs] = await submitMany(queue, tag, 1, { submitter: "user:bob" });
    const { lease } = await claimOne(queue, tag);
    const at = { tags: [tag], limit: 10 };
    assertEquals((await queue.list({ ...at, submitter: "user:bob" })).map(({ id }) => id), [bobs]);
    assertEquals((await queue.list({ ...at, states: ["running"] })).map(({ id }) => id), [
      lease.jobId,
    ]);
    assertEquals((await queue.list({ ...at, states: ["queued"] })).length, 3);
    assertEquals((await queue.list({ ...at, states: ["completed", "failed"] })).length, 0);
    const both = { ...at, states: ["running", "queued"] as const };
    const all = (await queue.list(both)).map(({ id }) => id);
    assertEquals(all, (await queue.list(at)).map(({ id }) => id));
    const page = await queue.list({ ...both, limit: 2, before: all[0]! });
    assertEquals(page.map(({ id }) => id), all.slice(1, 3));
    const adas = await queue.list({ ...both, submitter: "user:ada" });
    assertEquals(adas.map(({ id }) => id), all.filter((id) => id !== bobs));
    assertEquals(await queue.list({ ...at, submitter: "user:bob", states: ["running"] }), []);
  });

  claim(
    "events() tell a job's life in order, and go on after a cursor",
    async ({ queue, other }) => {
      const tag = newTag();
      const [id] = await submitMany(queue, tag, 1);
      const { lease } = await claimOne(queue, tag);
      await queue.progress(lease, { fraction: 0.5, message: "half" });
      await queue.log(lease, "a line");
      const sofar = await other.events(id!);
      assertEquals(sofar.map(({ type }) => type), ["queued", "running", "progress", "log"]);
      assertEquals(sofar[2]!.data, { fraction: 0.5, message: "half" });
      assertEquals(sofar[3]!.data, { line: "a line" });
      assertEquals((await other.get(id!))?.progress, { fraction: 0.5, message: "half" });
      await queue.settle(lease, { state: "completed", result: "1" });
      assertEquals((await other.events(id!, sofar[3]!.id)).map(({ type }) => type), ["completed"]);
      assertEquals((await other.events(id!, sofar[1]!.id)).map(({ type }) => type), [
        "progress",
        "log",
        "completed",
      ]);
      assertEquals(new Set((await other.events(id!)).map((event) => event.id)).size, 5);
      assertEquals(await other.events(newJobId(tag)), []);
    },
  );

  claim(
    "changed() resolves when something happened to the job, or in time",
    async ({ queue, other }) => {
      const tag = newTag();
      const [id] = await submitMany(queue, tag, 1);
      const { lease } = await claimOne(queue, tag);
      const change = other.changed(id!, 10_000);
      const began = performance.now();
      // Said again and again: the listening may begin after the first.
      const telling = setInterval(() => void queue.log(lease, "x"), 30);
      await change;
      clearInterval(telling);
      assert(performance.now() - began < 9000);
      await other.changed(id!, 20);
    },
  );

  claim("a job's log is bounded, and the oldest lines go first", async ({ queue }) => {
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    const { lease } = await claimOne(queue, tag);
    for (let i = 0; i < 1500; i += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, k) => queue.log(lease, `line ${i + k}`)));
    }
    const lines = (await queue.events(id!)).filter(({ type }) => type === "log");
    assert(lines.length >= 900 && lines.length <= 1200, `${lines.length} lines`);
    assertEquals(lines.at(-1)!.data.line, "line 1499");
    const types = (await queue.events(id!)).map(({ type }) => type).filter((type) =>
      type !== "log"
    );
    assertEquals(types, ["queued", "running"]);
    assertEquals((await queue.get(id!))!.history.map(({ state }) => state), ["queued", "running"]);
  });

  claim("a final job is kept for its retention, and then forgotten", async ({ queue }) => {
    const tag = newTag();
    const limits = { ...LIMITS, retentionSeconds: 0.2 };
    const idempotency = { key: "k", fingerprint: "f" };
    const job = newJob(tag, { limits, idempotency });
    await queue.submit(job);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "completed", result: "1" });
    await eventually(async () => await queue.get(job.id) === undefined, "the job to be forgotten");
    assertEquals(await queue.list({ tags: [tag], limit: 5 }), []);
    assertEquals((await queue.submit(newJob(tag, { idempotency }))).kind, "accepted");
  });

  claim("measure() counts what there is and what became of it", async ({ queue, other }) => {
    const tag = newTag();
    await submitMany(queue, tag, 3);
    await submitMany(queue, tag, 2, { lane: "batch" });
    const before = await other.measure(tag);
    assertEquals(before.waiting, { interactive: 3, batch: 2 });
    assert(before.oldestWaitingMs >= 0 && before.oldestWaitingMs < 60_000);
    const [first, second, third] = await queue.claim(tag, "w", 3, 0);
    await queue.settle(first!.lease, { state: "completed", result: "1" });
    const error = { code: "bad_input", message: "no" };
    await queue.settle(second!.lease, { state: "failed", error, deadLetter: false });
    await queue.settle(third!.lease, { state: "retrying", error, delayMs: 60_000 });
    const after = await other.measure(tag);
    assertEquals(after.waiting, { interactive: 0, batch: 2 });
    assertEquals([after.running, after.delayed, after.deadLetters], [0, 1, 0]);
    assertEquals(after.totals, {
      completed: 1,
      failed: 1,
      cancelled: 0,
      expired: 0,
      attempts: 3,
      redelivered: 0,
      discarded: 0,
    });
    assertEquals(after.failures, { bad_input: 1 });
    assertEquals([after.queueTime.count, after.runTime.count], [3, 3]);
  });

  claim("measure() tells the age of the oldest waiting job of both lanes", async ({ queue }) => {
    const tag = newTag();
    await supervised(queue, tag);
    assertEquals((await queue.measure(tag)).oldestWaitingMs, 0);
    await submitMany(queue, tag, 1, { lane: "batch" });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await submitMany(queue, tag, 1, { lane: "batch" });
    await submitMany(queue, tag, 1);
    assert((await queue.measure(tag)).oldestWaitingMs >= 140);
    assertEquals((await queue.claim(tag, "w", 3, 0)).length, 3);
    assertEquals((await queue.measure(tag)).oldestWaitingMs, 0);
  });

  claim("measure() sorts waiting and running times by their bounds", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1);
    await new Promise((resolve) => setTimeout(resolve, 70));
    const { lease } = await claimOne(queue, tag);
    await new Promise((resolve) => setTimeout(resolve, 70));
    await queue.settle(lease, { state: "completed", result: "1" });
    const { queueTime, runTime } = await queue.measure(tag);
    for (const { count, sumMs, buckets } of [queueTime, runTime]) {
      assertEquals([count, buckets.length], [1, TIME_BOUNDS_MS.length + 1]);
      assert(sumMs >= 60 && sumMs < 60_000, `${sumMs} ms`);
      const first = TIME_BOUNDS_MS.findIndex((bound) => sumMs <= bound);
      assertEquals(buckets.map((n, i) => i === first ? n - 1 : n), buckets.map(() => 0));
    }
  });

  claim("drop() forgets a queue with everything in it", async ({ queue }) => {
    const tag = newTag();
    const callback = { url: "https://hooks.example.com/", events: ["started"] as const };
    const first = newJob(tag, { callback });
    await queue.submit(first);
    const ids = [first.id, ...await submitMany(queue, tag, 3)];
    const epoch = (await queue.acquire(tag, "s1", 60_000))!;
    await claimOne(queue, tag);
    assertEquals((await queue.deliveries(first.id)).length, 1);
    await queue.drop(tag);
    for (const id of ids) assertEquals(await queue.get(id), undefined);
    assertEquals(await queue.deliveries(first.id), []);
    assertEquals(await queue.supervise(tag, epoch, 1000), undefined);
    assert(await queue.acquire(tag, "s2", 60_000) !== undefined);
    assertEquals((await queue.measure(tag)).waiting, { interactive: 0, batch: 0 });
    assertEquals(await queue.claim(tag, "w", 5, 0), []);
    assertEquals((await queue.submit(first)).kind, "accepted");
    assertEquals((await claimOne(queue, tag)).lease.jobId, first.id);
    assertEquals((await queue.get(first.id))!.history.length, 2);
    assertEquals((await queue.measure(tag)).totals.attempts, 1);
  });
}
