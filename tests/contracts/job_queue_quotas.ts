/**
 * Claims about quotas and about what jobs take: `actors/quota_ledger.ts`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { NewJob } from "../../actors/job.ts";
import type { Ending, JobQueue } from "../../actors/job_queue.ts";
import {
  dayOf,
  type QuotaClaim,
  type QuotaLimits,
  type UsageRow,
} from "../../actors/quota_ledger.ts";
import {
  claimOne,
  eventually,
  LEASE_MS,
  LIMITS,
  newJob,
  newTag,
  type QueueClaim,
  supervised,
} from "./job_queue_store.ts";

const ERROR = { code: "bad", message: "no" };
const DONE: Ending = { state: "completed", result: "1" };

/** A quota of somebody new. */
function quota(limits: QuotaLimits): QuotaClaim {
  return { subject: `user:u${crypto.randomUUID()}`, limits };
}

async function submits(
  queue: JobQueue,
  tag: number,
  quotas: readonly QuotaClaim[],
  count: number,
  change: Partial<NewJob> = {},
): Promise<string[]> {
  const kinds: string[] = [];
  for (let i = 0; i < count; i++) {
    kinds.push((await queue.submitWithin(newJob(tag, change), quotas)).kind);
  }
  return kinds;
}

async function inFlight(queue: JobQueue, { subject }: QuotaClaim): Promise<number> {
  return (await queue.ledger.quotaUse([subject]))[0]!.jobsInFlight;
}

function total(rows: readonly UsageRow[]): Omit<UsageRow, "day" | "model" | "version" | "payer"> {
  const sum = { jobs: 0, completed: 0, computeMs: 0, cpuMs: 0, gpuMs: 0, cost: 0 };
  for (const row of rows) {
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += row[key];
  }
  return sum;
}

async function usageOf(queue: JobQueue, tag: number, payer?: string): Promise<UsageRow[]> {
  // A day more: the test may run over midnight.
  const today = dayOf(Date.now());
  return await queue.ledger.usage({ tags: [tag], fromDay: today - 1, toDay: today + 1, payer });
}

export function testQuotas(claim: QueueClaim): void {
  claim(
    "exactly as many jobs as the quota has room for are accepted, from all sides",
    async (store) => {
      const { queue, other } = store;
      const mine = quota({ jobsInFlight: 10 });
      const tags = [newTag(), newTag(), newTag()];
      const verdicts = await Promise.all(
        Array.from(
          { length: 40 },
          (_, i) => (i % 2 ? queue : other).submitWithin(newJob(tags[i % 3]!), [mine]),
        ),
      );
      const kinds = verdicts.map(({ kind }) => kind);
      assertEquals(kinds.filter((kind) => kind === "accepted").length, 10);
      assertEquals(kinds.filter((kind) => kind === "limited").length, 30);
      assertEquals(await inFlight(other, mine), 10);
      const waiting = await Promise.all(
        tags.map(async (tag) => (await queue.measure(tag)).waiting.interactive),
      );
      assertEquals(waiting.reduce((sum, n) => sum + n), 10);
    },
  );

  claim(
    "a refusal names its quota, changes nothing, and all quotas must have room",
    async (store) => {
      const { queue } = store;
      const [user, team] = [quota({ jobsInFlight: 5 }), quota({ jobsPerDay: 1 })];
      const tag = newTag();
      const first = await queue.submitWithin(newJob(tag), [user, team]);
      assert(first.kind === "accepted");
      assertEquals(
        first.standing?.map(({ jobsInFlight, jobsToday }) => [jobsInFlight, jobsToday]),
        [
          [1, 1],
          [1, 1],
        ],
      );
      const second = await queue.submitWithin(newJob(tag), [user, team]);
      assert(second.kind === "limited");
      assertEquals([second.subject, second.limit], [team.subject, "jobsPerDay"]);
      assert(second.retryAfterMs > 0 && second.retryAfterMs <= 24 * 3600 * 1000);
      assertEquals(await inFlight(queue, user), 1);
    },
  );

  claim(
    "a job in flight is given back at every kind of end, and once",
    async ({ queue, other }) => {
      const endings: Ending[] = [
        DONE,
        { state: "failed", error: ERROR, deadLetter: false },
        { state: "failed", error: ERROR, deadLetter: true },
        { state: "expired", error: ERROR },
        { state: "cancelled" },
      ];
      const tag = newTag();
      const mine = quota({ jobsInFlight: 1 });
      for (const ending of endings) {
        assertEquals(await submits(queue, tag, [mine], 2), ["accepted", "limited"]);
        const { lease } = await claimOne(other, tag);
        assertEquals(await submits(other, tag, [mine], 1), ["limited"]);
        await other.settle(lease, ending);
        await other.settle(lease, ending);
        assertEquals(await inFlight(queue, mine), 0);
      }
      const { jobsToday } = (await queue.ledger.quotaUse([mine.subject]))[0]!;
      assertEquals(jobsToday, endings.length);
    },
  );

  claim(
    "a job that ends without an attempt gives back before one more is refused",
    async (store) => {
      const { queue, other } = store;
      const tag = newTag();
      const mine = quota({ jobsInFlight: 1 });
      const job = newJob(tag);
      await queue.submitWithin(job, [mine]);
      await other.cancel(job.id);
      const late = { ...LIMITS, queueTimeoutSeconds: 0.05 };
      assertEquals(await submits(queue, tag, [mine], 1, { limits: late }), ["accepted"]);
      await new Promise((resolve) => setTimeout(resolve, 120));
      assertEquals(await other.claim(tag, "w", 1, 0), []);
      assertEquals(await submits(queue, tag, [mine], 1), ["accepted"]);
    },
  );

  claim("a round of supervision gives back what nobody else did", async ({ queue, other }) => {
    const tag = newTag();
    const mine = quota({ jobsInFlight: 1 });
    const job = newJob(tag);
    await queue.submitWithin(job, [mine]);
    await other.cancel(job.id);
    await (await supervised(other, tag))();
    assertEquals(await inFlight(queue, mine), 0);
  });

  claim(
    "a retry stays in flight; a job that lost its workers too often does not",
    async (store) => {
      const { queue } = store;
      const tag = newTag();
      const mine = quota({ jobsInFlight: 1 });
      const round = await supervised(queue, tag);
      await queue.submitWithin(newJob(tag), [mine]);
      const { lease } = await claimOne(queue, tag);
      await queue.settle(lease, { state: "retrying", error: ERROR, delayMs: 0 });
      assertEquals(await inFlight(queue, mine), 1);
      await eventually(
        async () => {
          await queue.claim(tag, "w", 1, 0);
          await round();
          return await inFlight(queue, mine) === 0;
        },
        "the dead letter to be given back",
        10_000,
      );
      assertEquals((await queue.deadLetters(tag, 5)).length, 1);
    },
  );

  claim(
    "what was accepted before takes nothing of a quota, even of a full one",
    async ({ queue }) => {
      const tag = newTag();
      const mine = quota({ jobsInFlight: 1, jobsPerDay: 1 });
      const first = newJob(tag, { idempotency: { key: "k", fingerprint: "f" } });
      await queue.submitWithin(first, [mine]);
      assertEquals(await queue.submitWithin(first, [mine]), { kind: "duplicate", id: first.id });
      const again = (fingerprint: string) =>
        queue.submitWithin(newJob(tag, { idempotency: { key: "k", fingerprint } }), [mine]);
      assertEquals(await again("f"), { kind: "duplicate", id: first.id });
      assertEquals(await again("g"), { kind: "conflict", id: first.id });
      const roomy = { ...mine, limits: { jobsInFlight: 5 } };
      const copy = newJob(tag, { idempotency: { key: "k", fingerprint: "f" } });
      assertEquals((await queue.submitWithin(copy, [roomy])).kind, "duplicate");
      const [use] = await queue.ledger.quotaUse([mine.subject]);
      assertEquals([use!.jobsInFlight, use!.jobsToday], [1, 1]);
    },
  );

  claim("a rate holds in every window, and says when there is room again", async ({ queue }) => {
    const tag = newTag();
    const mine = quota({ requestsPerSecond: 4 });
    const begun = performance.now();
    let accepted = 0;
    while (accepted < 5) {
      const verdict = await queue.submitWithin(newJob(tag), [mine]);
      if (verdict.kind === "accepted") accepted++;
      else if (verdict.kind === "limited") {
        assertEquals(verdict.limit, "requestsPerSecond");
        assert(verdict.retryAfterMs <= 1000, `${verdict.retryAfterMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, verdict.retryAfterMs));
      }
    }
    // The fifth of four in a second is a second after the first, by the store's clock.
    assert(performance.now() - begun > 950);
  });

  claim(
    "compute of a day is counted over all attempts and ends what may be submitted",
    async (store) => {
      const { queue } = store;
      const tag = newTag();
      const mine = quota({ computeSecondsPerDay: 0.02 });
      const round = await supervised(queue, tag);
      const job = newJob(tag);
      await queue.submitWithin(job, [mine]);
      for (const ending of [{ state: "retrying", error: ERROR, delayMs: 0 }, DONE] as const) {
        const { lease } = await eventually(async () => {
          await round();
          return (await queue.claim(tag, "w", 1, 0))[0];
        }, "the attempt");
        await new Promise((resolve) => setTimeout(resolve, 30));
        await queue.settle(lease, ending);
      }
      const [use] = await queue.ledger.quotaUse([mine.subject]);
      assert(use!.computeSecondsToday >= 0.055, `${use!.computeSecondsToday} s`);
      assertEquals(await submits(queue, tag, [mine], 1), ["limited"]);
      assertEquals(total(await usageOf(queue, tag)).computeMs, use!.computeSecondsToday * 1000);
    },
  );

  claim(
    "what jobs take is summed per payer and version, with teams and at their rates",
    async (store) => {
      const { queue, other } = store;
      const tag = newTag();
      const rates = { cpu: 2, gpu: 1, costPerMs: 1.5, costPerCall: 7 };
      const account = { teams: ["team:a", "team:b"], rates };
      const first = newJob(tag, { account });
      const second = newJob(tag, { account: { teams: ["team:a"] }, version: "2" });
      await queue.submit(first);
      await queue.submit(second);
      await queue.submit(newJob(tag, { submitter: "user:ben" }));
      for (
        const ending of [DONE, DONE, { state: "failed", error: ERROR, deadLetter: false }] as const
      ) {
        const { lease } = await claimOne(queue, tag);
        await new Promise((resolve) => setTimeout(resolve, 5));
        await queue.settle(lease, ending);
        await queue.settle(lease, ending);
      }
      const ada = await usageOf(other, tag, "user:ada");
      assertEquals(ada.map(({ version }) => version).sort(), ["1.0.0", "2"]);
      const [priced] = ada.filter(({ version }) => version === "1.0.0");
      assertEquals(priced!.model, "esol");
      assertEquals([priced!.jobs, priced!.completed], [1, 1]);
      assertEquals(priced!.cpuMs, 2 * priced!.computeMs);
      assertEquals(priced!.gpuMs, priced!.computeMs);
      assertEquals(priced!.cost, Math.floor(priced!.computeMs * 1.5 + 0.5) + 7);
      assertEquals(total(await usageOf(queue, tag, "team:a")), total(ada));
      assertEquals(total(await usageOf(queue, tag, "team:b")).cost, priced!.cost);
      const [ben] = await usageOf(queue, tag, "user:ben");
      assertEquals([ben!.jobs, ben!.completed, ben!.cost, ben!.cpuMs], [1, 0, 0, ben!.computeMs]);
      assertEquals((await usageOf(queue, tag)).length, 6);
      assertEquals((await other.get(first.id))?.account, account);
      assertEquals((await other.get(second.id))?.account, { teams: ["team:a"] });
    },
  );

  claim("an attempt that lost its worker counts until its lease ran out", async ({ queue }) => {
    const tag = newTag();
    const round = await supervised(queue, tag);
    await queue.submit(newJob(tag));
    await claimOne(queue, tag);
    // Looked at late on purpose.
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS + 50));
    await eventually(async () => (await round()).rescued === 1, "the rescue");
    const { computeMs, jobs } = total(await usageOf(queue, tag));
    assertEquals([computeMs, jobs], [LEASE_MS, 0]);
  });

  claim("time that is only waited for other jobs is no compute", async ({ queue }) => {
    const tag = newTag();
    const rates = { cpu: 0, gpu: 0, costPerMs: 0, costPerCall: 3 };
    await queue.submit(newJob(tag, { account: { rates } }));
    const { lease } = await claimOne(queue, tag);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await queue.settle(lease, DONE);
    const { computeMs, cpuMs, cost } = total(await usageOf(queue, tag));
    assertEquals([computeMs, cpuMs, cost], [0, 0, 3]);
  });

  claim("drop() gives back what jobs held, and keeps what was spent", async ({ queue }) => {
    const tag = newTag();
    const mine = quota({ jobsInFlight: 2 });
    await submits(queue, tag, [mine], 2);
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, DONE);
    await queue.drop(tag);
    assertEquals(await inFlight(queue, mine), 0);
    assertEquals(total(await usageOf(queue, tag)).jobs, 1);
    assert((await queue.ledger.droppedTags()).includes(tag));
  });
}
