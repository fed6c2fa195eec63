/**
 * Claims about cohorts: counts of the jobs that were submitted under one name.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { timeAt } from "../../actors/routing/cohort_times.ts";
import { type Ending, MAX_COHORT_MEMBERS } from "../../actors/job_queue.ts";
import {
  claimOne,
  LIMITS,
  newJob,
  newTag,
  type QueueClaim,
  submitMany,
  supervised,
} from "./job_queue_store.ts";

const ERROR = { code: "bad", message: "no" };

export function testCohorts(claim: QueueClaim): void {
  claim("cohort() counts how its jobs and their attempts end", async ({ queue, other }) => {
    const tag = newTag();
    const endings: Ending[] = [
      { state: "completed", result: "1" },
      { state: "completed", result: "2" },
      { state: "failed", error: ERROR, deadLetter: true },
      { state: "expired", error: ERROR },
      { state: "retrying", error: ERROR, delayMs: 60_000 },
    ];
    const ids = await submitMany(queue, tag, endings.length, { cohort: "a.0.canary" });
    await submitMany(queue, tag, 2, { cohort: "a.0.baseline" });
    await submitMany(queue, tag, 1);
    for (const ending of endings) {
      const { lease } = await claimOne(queue, tag);
      await queue.settle(lease, ending);
      await queue.settle(lease, ending);
    }
    const { runTimes, ...counts } = await other.cohort(tag, "a.0.canary");
    assertEquals(counts, { completed: 2, failed: 1, cancelled: 0, expired: 1, retried: 1 });
    assertEquals([...runTimes.values()].reduce((sum, n) => sum + n, 0), 2);
    const members = await other.cohortMembers(tag, "a.0.canary", 10);
    assertEquals(members, ids.slice(0, 4).reverse().map((id) => ({ id })));
    assertEquals((await queue.cohort(tag, "a.0.baseline")).completed, 0);
    assertEquals((await queue.get(ids[0]!))?.cohort, "a.0.canary");
  });

  claim("cohort() counts jobs that end without an attempt", async ({ queue }) => {
    const tag = newTag();
    const [cancelled] = await submitMany(queue, tag, 1, { cohort: "c" });
    const late = { ...LIMITS, queueTimeoutSeconds: 0.05 };
    await submitMany(queue, tag, 1, { cohort: "c", limits: late });
    await queue.cancel(cancelled!);
    await new Promise((resolve) => setTimeout(resolve, 120));
    assertEquals(await queue.claim(tag, "w", 1, 0), []);
    await (await supervised(queue, tag))();
    const { runTimes, ...counts } = await queue.cohort(tag, "c");
    assertEquals(counts, { completed: 0, failed: 0, cancelled: 1, expired: 1, retried: 0 });
    assertEquals(runTimes.size, 0);
  });

  claim("a cohort's run times tell their percentiles", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 4, { cohort: "t" });
    const claims = await queue.claim(tag, "w", 4, 1000);
    const complete = (i: number) =>
      queue.settle(claims[i]!.lease, { state: "completed", result: "1" });
    for (const i of [0, 1, 2]) await complete(i);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await complete(3);
    const { runTimes } = await queue.cohort(tag, "t");
    assert(timeAt(runTimes, 1) >= 360, `${timeAt(runTimes, 1)} ms`);
    assert(timeAt(runTimes, 0.5) < timeAt(runTimes, 1));
  });

  claim("members of a cohort are bounded, and keep the notes made of them", async ({ queue }) => {
    const tag = newTag();
    const [first] = await submitMany(queue, tag, 1, { cohort: "m" });
    const finish = async (count: number) => {
      const claims = await queue.claim(tag, "w", count, 1000);
      const ending = { state: "completed", result: "1" } as const;
      await Promise.all(claims.map(({ lease }) => queue.settle(lease, ending)));
    };
    await finish(1);
    await queue.noteMembers(tag, "m", new Map([[first!, '{"a":1}']]));
    await queue.noteMembers(tag, "m", new Map());
    assertEquals(await queue.cohortMembers(tag, "m", 5), [{ id: first!, note: '{"a":1}' }]);
    for (let i = 0; i < MAX_COHORT_MEMBERS / 200; i++) {
      await Promise.all(
        Array.from({ length: 200 }, () => queue.submit(newJob(tag, { cohort: "m" }))),
      );
      await finish(200);
    }
    const members = await queue.cohortMembers(tag, "m", 2 * MAX_COHORT_MEMBERS);
    assertEquals(members.length, MAX_COHORT_MEMBERS);
    assertEquals(members.filter(({ id, note }) => id === first || note !== undefined), []);
    assertEquals((await queue.cohort(tag, "m")).completed, MAX_COHORT_MEMBERS + 1);
  });

  claim("drop() forgets cohorts", async ({ queue }) => {
    const tag = newTag();
    await submitMany(queue, tag, 1, { cohort: "d" });
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "completed", result: "1" });
    await queue.drop(tag);
    assertEquals((await queue.cohort(tag, "d")).completed, 0);
    assertEquals(await queue.cohortMembers(tag, "d", 5), []);
  });
}
