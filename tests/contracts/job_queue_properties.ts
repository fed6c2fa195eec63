/**
 * A claim about any order of events: workers that come and go, leases that run out at random.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { isFinal, mayMove } from "../../actors/job.ts";
import type { Ending, JobQueue } from "../../actors/job_queue.ts";
import {
  eventually,
  LEASE_MS,
  LIMITS,
  newJob,
  newTag,
  type QueueClaim,
  supervised,
} from "./job_queue_store.ts";

const JOBS = 60;

/** mulberry32, by Tommy Ettinger: 32 bits of state, enough for a test. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

async function unreliableWorker(
  queue: JobQueue,
  tag: number,
  random: () => number,
  recorded: Map<string, number>,
  stop: AbortSignal,
): Promise<void> {
  const error = { code: "random", message: "by chance" };
  while (!stop.aborted) {
    for (const { lease } of await queue.claim(tag, "w", 1 + Math.floor(random() * 4), 20, stop)) {
      const chance = random();
      if (chance < 0.08) continue; // it dies with the job
      if (chance < 0.16) {
        await queue.handBack(lease);
        continue;
      }
      if (chance < 0.22) await new Promise((resolve) => setTimeout(resolve, LEASE_MS * 1.3));
      const ending: Ending = chance < 0.35
        ? { state: "retrying", error, delayMs: Math.floor(random() * 40) }
        : chance < 0.42
        ? { state: "failed", error, deadLetter: false }
        : { state: "completed", result: String(lease.fence) };
      const answer = await queue.settle(lease, ending);
      if (random() < 0.2) assertEquals(await queue.settle(lease, ending), answer);
      if (answer === "recorded" && ending.state !== "retrying") {
        recorded.set(lease.jobId, (recorded.get(lease.jobId) ?? 0) + 1);
      }
    }
  }
}

export function testProperties(claim: QueueClaim): void {
  claim(
    "every job ends, and its end is recorded once, whatever workers do",
    async ({ queue, other }) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const random = seeded(seed);
      const tag = newTag();
      const jobs = Array.from({ length: JOBS }, () =>
        newJob(tag, {
          lane: random() < 0.3 ? "batch" : "interactive",
          limits: { ...LIMITS, maxAttempts: 1000 },
        }));
      const recorded = new Map<string, number>();
      const stop = new AbortController();
      const workers = Array.from(
        { length: 6 },
        (_, i) => unreliableWorker(i % 2 ? queue : other, tag, random, recorded, stop.signal),
      );
      const round = await supervised(queue, tag);
      await Promise.all(jobs.map((job) => queue.submit(job)));
      let stalled = 0;
      await eventually(
        async () => {
          stalled += (await round()).deadLettered;
          const left = await Promise.all(jobs.map((job) => other.get(job.id)));
          return left.every((job) => job && isFinal(job.state));
        },
        `every job to end (seed ${seed})`,
        30_000,
      );
      stop.abort();
      await Promise.all(workers);
      assertEquals(recorded.size + stalled, JOBS, `seed ${seed}`);
      assert([...recorded.values()].every((times) => times === 1), `seed ${seed}`);
      for (const { id } of jobs) {
        const { history } = (await queue.get(id))!;
        assertEquals(history.filter(({ state }) => isFinal(state)).length, 1, `seed ${seed}`);
        for (const [i, step] of history.entries()) {
          const prior = history[i - 1];
          if (!prior) continue;
          assert(mayMove(prior.state, step.state), `seed ${seed}: ${prior.state} to ${step.state}`);
          assert(prior.at <= step.at, `seed ${seed}: ${prior.at} before ${step.at}`);
        }
      }
      const { waiting, running, delayed } = await queue.measure(tag);
      assertEquals([waiting, running, delayed], [{ interactive: 0, batch: 0 }, 0, 0]);
    },
  );
}
