import { assert, assertEquals } from "@std/assert";
import { isFinal, type JobState, mayMove, TRANSITIONS } from "../../actors/job.ts";

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
});

const ARROWS: Readonly<Record<JobState, string>> = {
  queued: "running cancelled expired failed completed",
  running: "completed failed cancelled expired retrying queued",
  retrying: "queued cancelled expired",
  completed: "",
  failed: "queued",
  cancelled: "",
  expired: "",
};
Deno.test("mayMove() follows the arrows of the table and no others", () => {
  for (const from of STATES) {
    const open = STATES.filter((to) => mayMove(from, to));
    assertEquals(open.toSorted(), ARROWS[from].split(" ").filter(Boolean).toSorted(), from);
    assert(!mayMove(from, from), `${from} to itself`);
  }
});
