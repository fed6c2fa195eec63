/**
 * Which shared jobs `JobSubmission.list` finds: by whom they are shared with, as they are now.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { JobQuery, JobQueue } from "../../actors/job_queue.ts";
import {
  claimOne,
  eventually,
  LIMITS,
  newJob,
  newTag,
  type QueueClaim,
  submitMany,
} from "./job_queue_store.ts";

const BEN = { with: ["user:ben", "team:chemistry"], notOf: "user:ben" };

async function found(queue: JobQueue, query: Omit<JobQuery, "limit">): Promise<string[]> {
  return (await queue.list({ limit: 100, ...query })).map(({ id }) => id);
}

/** Adds the claims about lists of shared jobs. */
export function testSharedJobs(claim: QueueClaim): void {
  claim("list() finds jobs by whom they are shared with, once, newest first", async (store) => {
    const { queue, other } = store;
    const tag = newTag();
    const ids = await submitMany(queue, tag, 7);
    const entries = [
      ["user:ben"],
      ["team:chemistry"],
      ["user:ben", "team:chemistry"],
      ["user:benny", "user:be", "team:chem"],
      [],
      ["user:cleo", "team:chemistry"],
    ];
    for (const [i, some] of entries.entries()) await queue.share(ids[i]!, { with: some });
    const [bens] = await submitMany(queue, tag, 1, { submitter: "user:ben" });
    await queue.share(bens!, { with: ["team:chemistry"] });
    const newest = [ids[5], ids[2], ids[1], ids[0]];
    assertEquals(await found(other, { tags: [tag], shared: BEN }), newest);
    const listOf = (entry: string) =>
      found(other, { tags: [tag], shared: { with: [entry], notOf: "user:zoe" } });
    assertEquals(await listOf("user:ben"), [ids[2], ids[0]]);
    assertEquals(await listOf("user:benny"), [ids[3]]);
    assertEquals(await listOf("team:chemistry"), [bens, ids[5], ids[2], ids[1]]);
    assertEquals(await listOf("user:nobody"), []);
    assertEquals(await found(other, { tags: [newTag()], shared: BEN }), []);
    assertEquals(await found(other, { tags: [], shared: BEN }), []);
  });

  claim("list() of shared jobs goes over queues, page by page", async ({ queue }) => {
    const tags = Array.from({ length: 5 }, newTag);
    const shared: string[] = [];
    for (let i = 0; i < 23; i++) {
      const [id] = await submitMany(queue, tags[i % 5]!, 1);
      const some = [["user:ben"], ["team:chemistry"], BEN.with, ["user:cleo"]][i % 4]!;
      await queue.share(id!, { with: some });
      if (i % 4 !== 3) shared.push(id!);
    }
    for (const limit of [1, 2, 5, 100]) {
      const seen: string[] = [];
      let before: string | undefined;
      for (;;) {
        const page = await queue.list({ tags, limit, shared: BEN, ...(before && { before }) });
        assert(page.length <= limit);
        seen.push(...page.map(({ id }) => id));
        before = page.at(-1)?.id;
        if (page.length < limit) break;
      }
      assertEquals(seen, shared.toSorted().reverse(), `pages of ${limit}`);
    }
  });

  claim("list() of more queues than a page has jobs misses no shared job", async ({ queue }) => {
    const tags = Array.from({ length: 120 }, newTag);
    const ids: string[] = [];
    for (const tag of tags) {
      const [id] = await submitMany(queue, tag, 1);
      await queue.share(id!, { with: ["team:chemistry", "user:ben"] });
      ids.push(id!);
    }
    const newest = ids.toSorted().reverse();
    const read = async (before?: string) =>
      (await queue.list({ tags, limit: 70, shared: BEN, before })).map(({ id }) => id);
    assertEquals(await read(), newest.slice(0, 70));
    assertEquals(await read(newest[69]), newest.slice(70));
  });

  claim("list() picks of shared jobs by state and by submitter", async ({ queue }) => {
    const tag = newTag();
    const [first, second] = await submitMany(queue, tag, 2);
    const [cleos] = await submitMany(queue, tag, 1, { submitter: "user:cleo" });
    for (const id of [first, second, cleos]) await queue.share(id!, { with: ["user:ben"] });
    const { lease } = await claimOne(queue, tag);
    const at = { tags: [tag], shared: BEN };
    assertEquals(await found(queue, { ...at, states: ["running"] }), [lease.jobId]);
    assertEquals(await found(queue, { ...at, states: ["queued"] }), [cleos, second]);
    assertEquals(await found(queue, { ...at, states: ["queued", "running"] }), [
      cleos,
      second,
      first,
    ]);
    assertEquals(await found(queue, { ...at, submitter: "user:cleo" }), [cleos]);
    assertEquals(
      await found(queue, { ...at, submitter: "user:ada", states: ["queued"] }),
      [second],
    );
    assertEquals(await found(queue, { ...at, submitter: "user:ben" }), []);
    await queue.settle(lease, { state: "completed", result: "1" });
    assertEquals(await found(queue, { ...at, states: ["completed"] }), [first]);
  });

  claim("a share that is changed or revoked is out of the list at once", async (store) => {
    const { queue, other } = store;
    const tag = newTag();
    const [id] = await submitMany(queue, tag, 1);
    const at = { tags: [tag], shared: BEN };
    for (
      const [entries, listed] of [
        [["user:ben"], true],
        [["user:cleo"], false],
        [["user:cleo", "team:chemistry"], true],
        [["team:chemistry"], true],
        [[], false],
        [["user:ben"], true],
      ] as const
    ) {
      assertEquals(await queue.share(id!, { with: entries }), true);
      assertEquals(await found(other, at), listed ? [id] : [], entries.join());
    }
  });

  claim("a shared job that is past its retention is in no list", async ({ queue }) => {
    const tag = newTag();
    const job = newJob(tag, { limits: { ...LIMITS, retentionSeconds: 0.2 } });
    await queue.submit(job);
    await queue.share(job.id, { with: ["user:ben"] });
    const { lease } = await claimOne(queue, tag);
    await queue.settle(lease, { state: "completed", result: "1" });
    await eventually(async () => await queue.get(job.id) === undefined, "the job to be forgotten");
    assertEquals(await found(queue, { tags: [tag], shared: BEN }), []);
  });

  claim("a queue that is dropped takes its shared jobs with it", async ({ queue }) => {
    const [tag, kept] = [newTag(), newTag()];
    const [gone] = await submitMany(queue, tag, 1);
    const [stays] = await submitMany(queue, kept, 1);
    for (const id of [gone, stays]) await queue.share(id!, { with: ["user:ben"] });
    assertEquals(await queue.drop(tag), true);
    assertEquals(await found(queue, { tags: [tag, kept], shared: BEN }), [stays]);
  });
}
