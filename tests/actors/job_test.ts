import { assert, assertEquals } from "@std/assert";
import { isFinal, type JobState, mayMove, TRANSITIONS } from "../../actors/job.ts";
import {
  childJobId,
  isJobId,
  jobIdTag,
  jobIdTime,
  MAX_TAG,
  newJobId,
} from "../../actors/job_id.ts";
import { backoffMs, decide, type Outcome } from "../../actors/retry.ts";
import { nextTryMs } from "../../actors/callback_ladder.ts";
import { LIMITS } from "../contracts/job_queue_store.ts";

const STATES = Object.keys(TRANSITIONS) as JobState[];

Deno.test("a final state has no way out, but for a dead letter's requeue", () => {
  for (const state of STATES.filter(isFinal)) {
    assertEquals(TRANSITIONS[state], state === "failed" ? ["queued"] : []);
  }
});

Deno.test("every state can be reached from queued, and a final one from every other", () => {
  const reach = (from: JobState): Set<JobState> => {
    const seen = new Set<JobState>([from]);
    for (const state of seen) for (const next of TRANSITIONS[state]) seen.add(next);
    return seen;
  };
  assertEquals(reach("queued").size, STATES.length);
  for (const state of STATES) assert(isFinal(state) || [...reach(state)].some(isFinal));
  assertEquals([mayMove("queued", "running"), mayMove("queued", "completed")], [true, false]);
});

Deno.test("an id tells its time and its tag", () => {
  for (const tag of [0, 1, 0xabc, 0x800000, MAX_TAG]) {
    for (const time of [0, 1_795_215_326_202, 2 ** 48 - 1]) {
      const id = newJobId(tag, time);
      assert(isJobId(id), id);
      assertEquals([jobIdTag(id), jobIdTime(id)], [tag, time]);
    }
  }
});

Deno.test("ids of one millisecond differ, and ids sort by time", () => {
  const ids = new Set(Array.from({ length: 100_000 }, () => newJobId(7, 1000)));
  assertEquals(ids.size, 100_000);
  const later = newJobId(7, 1001);
  for (const id of ids) assert(id < later);
});

Deno.test("a child's id is the same each time, and another for another key, parent or tag", async () => {
  const [a, b] = [newJobId(1), newJobId(1)];
  const child = await childJobId(a, "logp", 9);
  assertEquals(child, await childJobId(a, "logp", 9));
  assertEquals([jobIdTag(child), jobIdTime(child)], [9, jobIdTime(a)]);
  const others = await Promise.all([
    childJobId(a, "logs", 9),
    childJobId(b, "logp", 9),
    childJobId(a, "logp", 8),
  ]);
  assertEquals(new Set([child, ...others]).size, 4);
});

Deno.test("isJobId() refuses what is none", () => {
  for (const text of ["", "x", crypto.randomUUID(), newJobId(1).toUpperCase(), newJobId(1) + "0"]) {
    assertEquals(isJobId(text), false, text);
  }
});

const ERROR = { code: "c", message: "m" };
const DECISIONS: readonly [Outcome, number, string][] = [
  [{ kind: "completed", result: "1" }, 1, "completed"],
  [{ kind: "failed", error: ERROR }, 1, "failed"],
  [{ kind: "cancelled" }, 1, "cancelled"],
  [{ kind: "expired", error: ERROR }, 1, "expired"],
  [{ kind: "retry", error: ERROR }, 1, "retrying"],
  [{ kind: "retry", error: ERROR }, 2, "retrying"],
  [{ kind: "retry", error: ERROR }, 3, "failed, dead"],
  [{ kind: "retry", error: ERROR }, 4, "failed, dead"],
];
for (const [outcome, attempt, expected] of DECISIONS) {
  Deno.test(`attempt ${attempt} of 3 that ends as ${outcome.kind} makes the job ${expected}`, () => {
    const ending = decide(outcome, attempt, LIMITS);
    const dead = ending.state === "failed" && ending.deadLetter ? ", dead" : "";
    assertEquals(ending.state + dead, expected);
  });
}

Deno.test("backoff doubles up to its ceiling, half of it by chance", () => {
  const limits = { backoffSeconds: 1, maxBackoffSeconds: 10 };
  const low = [1, 2, 3, 4, 5, 60].map((attempt) => backoffMs(attempt, limits, () => 0));
  const high = [1, 2, 3, 4, 5, 60].map((attempt) => backoffMs(attempt, limits, () => 1));
  assertEquals(low, [500, 1000, 2000, 4000, 5000, 5000]);
  assertEquals(high, [1000, 2000, 4000, 8000, 10_000, 10_000]);
});

Deno.test("a callback's tries grow apart, heed the receiver, and come to an end", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7].map((tries) => nextTryMs(tries, undefined, () => 0));
  assertEquals(pauses, [5000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, undefined]);
  assertEquals(nextTryMs(1, 60_000, () => 0), 60_000);
  assertEquals(nextTryMs(2, 10, () => 1), 27_000);
});
