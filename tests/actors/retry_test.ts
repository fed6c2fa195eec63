import { assert, assertEquals } from "@std/assert";
import { backoffMs, decide, type Outcome } from "../../actors/retry.ts";
import { LIMITS } from "../contracts/job_queue_store.ts";

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

Deno.test("backoff stays between half of its ceiling and its ceiling, whatever the limits", () => {
  for (let i = 0; i < 10_000; i++) {
    const attempt = 1 + Math.floor(Math.random() * 100);
    const limits = {
      backoffSeconds: Math.random() * 100,
      maxBackoffSeconds: Math.random() * 1000,
    };
    const { backoffSeconds, maxBackoffSeconds } = limits;
    const ceiling = Math.min(maxBackoffSeconds, backoffSeconds * 2 ** (attempt - 1)) * 1000;
    const ms = backoffMs(attempt, limits);
    assert(Number.isSafeInteger(ms), `${ms}`);
    assert(ms >= Math.floor(ceiling / 2) && ms <= Math.ceil(ceiling), `${ms} of ${ceiling} ms`);
  }
});

Deno.test("decide() passes on what the attempt came to", () => {
  assertEquals(decide({ kind: "completed", result: "[1]" }, 3, LIMITS), {
    state: "completed",
    result: "[1]",
  });
  assertEquals(decide({ kind: "failed", error: ERROR }, 1, LIMITS), {
    state: "failed",
    error: ERROR,
    deadLetter: false,
  });
  assertEquals(decide({ kind: "expired", error: ERROR }, 1, LIMITS), {
    state: "expired",
    error: ERROR,
  });
  assertEquals(decide({ kind: "retry", error: ERROR }, 1, LIMITS, () => 0), {
    state: "retrying",
    error: ERROR,
    delayMs: 500,
  });
});
