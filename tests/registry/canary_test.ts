import { assert, assertEquals } from "@std/assert";
import type { CanarySpec } from "../../registry/route.ts";
import {
  type CanaryVerdict,
  freshCanary,
  judgeCanary,
  type StepMeasures,
  wilsonLower,
} from "../../registry/route/canary.ts";

const SPEC: CanarySpec = {
  version: "2.0",
  steps: [
    { share: 10, holdSeconds: 60, minJobs: 50 },
    { share: 50, holdSeconds: 60, minJobs: 50 },
    { share: 100, holdSeconds: 60, minJobs: 50 },
  ],
};
const STATE = freshCanary("c", 1_000_000, "it was set");
const LATER = 1_000_000 + 61_000;

/** So many jobs, of which so many failed; all runs take that long. */
function measures(jobs: number, errors = 0, ms = 100): StepMeasures {
  return { jobs, attempts: jobs, errors, runs: jobs - errors, latencyMs: () => ms };
}

function judge(
  canary: StepMeasures,
  others = measures(1000),
  { spec = SPEC, state = STATE, now = LATER } = {},
): CanaryVerdict {
  return judgeCanary(spec, state, canary, others, now);
}

Deno.test("a canary that holds goes on by a step, and remembers what it was measured against", () => {
  const verdict = judge(measures(50));
  assert(verdict.kind === "advance");
  assertEquals(verdict.state, {
    run: "c",
    phase: "running",
    step: 1,
    since: LATER,
    reason: "50 jobs ended, 0 of 50 attempts failed, 95% of runs within 100 ms",
    baseline: { jobs: 1000, attempts: 1000, errors: 0, latencyMs: 100 },
  });
});

Deno.test("a canary waits for its time, for its jobs, and for something to be measured against", () => {
  const reason = (verdict: CanaryVerdict) => verdict.kind === "hold" ? verdict.reason : verdict;
  assertEquals(
    reason(judge(measures(50), undefined, { now: LATER - 31_000 })),
    "30 s of the step are left",
  );
  assertEquals(reason(judge(measures(49))), "49 of 50 jobs have ended");
  assertEquals(
    reason(judge(measures(50), measures(19))),
    "only 19 attempts to measure against, 20 are needed",
  );
});

Deno.test("after its last step a canary is complete; with nothing left to compare, by what was before", () => {
  const baseline = { jobs: 100, attempts: 100, errors: 1, latencyMs: 100 };
  const state = { ...STATE, step: 2, baseline };
  const verdict = judge(measures(50), measures(0), { state });
  assertEquals(verdict.kind === "complete" && verdict.state.phase, "completed");
  assertEquals(judge(measures(50, 50), measures(0), { state }).kind, "rollback");
});

Deno.test("a canary that fails more than the others goes back, before its time too", () => {
  for (const now of [STATE.since + 1, LATER]) {
    const verdict = judge(measures(20, 10), measures(1000, 10), { now });
    assert(verdict.kind === "rollback");
    assertEquals(verdict.state.phase, "rolled_back");
    assertEquals(verdict.state.reason, "10 of 20 attempts failed, 2% are allowed");
  }
  assertEquals(judge(measures(3, 3)).kind, "rollback");
});

Deno.test("one or two failures, and what may be chance, are waited out", () => {
  assertEquals(judge(measures(2, 2)).kind, "hold");
  const doubtful = judge(measures(100, 3), measures(1000, 10));
  assert(doubtful.kind === "hold" && doubtful.reason.startsWith("undecided"));
  assertEquals(judge(measures(10_000, 300), measures(1000, 10)).kind, "rollback");
  assertEquals(judge(measures(100, 2), measures(1000, 10)).kind, "advance");
});

Deno.test("a canary whose model fails everywhere is not to blame, unless it passes its own limit", () => {
  assertEquals(judge(measures(100, 30), measures(1000, 300)).kind, "advance");
  const spec = { ...SPEC, maxErrorRate: 0.1 };
  assertEquals(judge(measures(100, 30), measures(1000, 300), { spec }).kind, "rollback");
});

Deno.test("a canary that is slower than the others goes back", () => {
  assertEquals(judge(measures(50, 0, 169)).kind, "advance");
  const verdict = judge(measures(50, 0, 171));
  assert(verdict.kind === "rollback");
  assertEquals(verdict.state.reason, "95% of its runs take up to 171 ms, 170 ms are allowed");
  assertEquals(judge(measures(19, 0, 500)).kind, "hold");
  const spec = { ...SPEC, maxLatencyRatio: 3, latencySlackMs: 0 };
  assertEquals(judge(measures(50, 0, 299), undefined, { spec }).kind, "advance");
});

Deno.test("a high percentile of few runs is no proof: its scatter is allowed for", () => {
  const slowTail = { ...measures(50), latencyMs: (part: number) => part >= 0.95 ? 1000 : 100 };
  const verdict = judge(slowTail);
  assert(verdict.kind === "hold" && verdict.reason.startsWith("undecided"));
  const many = { ...measures(100_000), latencyMs: (part: number) => part >= 0.94 ? 1000 : 100 };
  assertEquals(judge(many).kind, "rollback");
});

Deno.test("wilsonLower() is the lower end of Wilson's interval at 99%", () => {
  assertEquals(wilsonLower(10, 20).toFixed(6), "0.250435");
  assertEquals(Math.round(wilsonLower(0, 20) * 1e9), 0);
  assert(wilsonLower(100, 100) > 0.93);
});
