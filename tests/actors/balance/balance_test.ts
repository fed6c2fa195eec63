import { assert, assertEquals } from "@std/assert";
import type { BackendResult } from "../../../actors/backend.ts";
import { type Candidate, choose } from "../../../actors/balance/choose.ts";
import {
  admits,
  type Circuit,
  type CircuitEvent,
  CLOSED,
  next,
} from "../../../actors/balance/circuit.ts";
import { mayFailOver, type Stopped, verdictOf } from "../../../actors/balance/failover.ts";
import { checked, WELL } from "../../../actors/balance/health.ts";
import { InstancePool } from "../../../actors/balance/instance_pool.ts";
import { Turns } from "../../../actors/balance/turns.ts";
import type { Balance } from "../../../registry/registered_backend.ts";

function candidates(weights: readonly number[], inFlight: readonly number[] = []): Candidate[] {
  return weights.map((weight, i) => ({ weight, inFlight: inFlight[i] ?? 0, credit: 0 }));
}

function rounds(balance: Balance, start: Candidate[], count: number): number[] {
  let now = start;
  return Array.from({ length: count }, () => {
    const choice = choose(balance, now)!;
    now = now.map((candidate, i) => ({ ...candidate, credit: choice.credits[i]! }));
    return choice.index;
  });
}

Deno.test("round robin gives exact shares by weight, without bursts", () => {
  assertEquals(rounds("round_robin", candidates([5, 1, 1]), 7), [0, 0, 1, 0, 2, 0, 0]);
  const many = rounds("round_robin", candidates([3, 2, 5]), 1000);
  assertEquals([0, 1, 2].map((i) => many.filter((index) => index === i).length), [300, 200, 500]);
  assertEquals(choose("round_robin", []), undefined);
});

Deno.test("least in flight takes the fewest calls for the weight, and equals go round", () => {
  const chosen = (weights: number[], inFlight: number[]) =>
    choose("least_in_flight", candidates(weights, inFlight))!.index;
  assertEquals(chosen([1, 1, 1], [3, 1, 2]), 1);
  assertEquals(chosen([1, 4], [1, 5]), 1);
  assertEquals(chosen([1, 4], [0, 5]), 0);
  assertEquals(rounds("least_in_flight", candidates([1, 1, 1]), 6), [0, 1, 2, 0, 1, 2]);
});

Deno.test("a circuit follows its table", () => {
  const rules = { failures: 2, openMs: 100 };
  const open: Circuit = { state: "open", until: 110 };
  const half = (probing: boolean): Circuit => ({ state: "half_open", probing });
  const table: [Circuit, CircuitEvent, Circuit][] = [
    [CLOSED, "begun", CLOSED],
    [CLOSED, "failed", { state: "closed", failures: 1 }],
    [{ state: "closed", failures: 1 }, "dropped", { state: "closed", failures: 1 }],
    [{ state: "closed", failures: 1 }, "succeeded", CLOSED],
    [{ state: "closed", failures: 1 }, "failed", open],
    [open, "failed", open],
    [open, "succeeded", open],
    [open, "begun", half(true)],
    [half(true), "succeeded", CLOSED],
    [half(true), "failed", open],
    [half(true), "dropped", half(false)],
    [half(false), "begun", half(true)],
  ];
  for (const [from, event, to] of table) assertEquals(next(from, event, 10, rules), to);
  assertEquals([admits(CLOSED, 0), admits(open, 109), admits(open, 110)], [true, false, true]);
  assertEquals([admits(half(true), 0), admits(half(false), 0)], [false, true]);
});

Deno.test("health turns after so many checks in a row, and one that agrees starts them anew", () => {
  const rules = { unhealthyAfter: 3, healthyAfter: 2 };
  const after = (checks: string) =>
    [...checks].reduce((health, check) => checked(health, check === "+", rules), WELL).well;
  const table: [string, boolean][] = [
    ["--", true],
    ["--+--", true],
    ["---", false],
    ["---+", false],
    ["---+-+", false],
    ["---++", true],
  ];
  for (const [checks, well] of table) assertEquals(after(checks), well, checks);
});

Deno.test("another instance is asked where the request never left, else only where that is safe", () => {
  const failed = (retry: boolean, unsent = false): BackendResult => ({
    ok: false,
    error: { code: "x", message: "x" },
    retry,
    unsent,
  });
  const table: [BackendResult, Stopped, string, boolean, boolean][] = [
    // result, stopped, verdict, failover where it is not safe, where it is
    [{ ok: true, output: 1 }, undefined, "succeeded", false, false],
    [failed(true, true), undefined, "failed", true, true],
    [failed(true), undefined, "failed", false, true],
    [failed(true), "timeout", "failed", false, true],
    [failed(true), "other", "dropped", false, false],
    [failed(false), undefined, "succeeded", false, false],
  ];
  for (const [result, stopped, verdict, unsafe, safe] of table) {
    assertEquals(verdictOf(result, stopped), verdict);
    assertEquals([false, true].map((is) => mayFailOver(result, stopped, is)), [unsafe, safe]);
  }
});

Deno.test("what is known of an instance outlives a change of its backend", () => {
  const backend = (...urls: string[]) => ({
    kind: "http" as const,
    instances: urls.map((url) => ({ url })),
    circuitBreaker: { failures: 1, openSeconds: 10 },
  });
  const before = new InstancePool(backend("a", "b"));
  const first = before.take(0)!;
  assertEquals(first.url, "a");
  const after = new InstancePool(backend("a", "c"), before);
  assertEquals(after.states().map(({ inFlight }) => inFlight), [1, 0]);
  before.give(first, "failed", 0);
  assertEquals(after.states().map(({ circuit }) => circuit), ["open", "closed"]);
  assertEquals([after.take(1)!.url, after.take(1)!.url], ["c", "c"]);
  assert(after.answers(1));
  assertEquals(after.take(1, new Set(["c"])), undefined);
  // Once its time is up, one call tries, and no other until that one has ended.
  assertEquals(after.take(10_000, new Set(["c"]))!.url, "a");
  assertEquals(after.take(10_000, new Set(["c"])), undefined);
});

Deno.test("turns are given in order, and not to those who went away", async () => {
  const turns = new Turns(1);
  const { signal } = new AbortController();
  const gone = new AbortController();
  const order: string[] = [];
  assert(await turns.take(signal));
  const waiting = [
    turns.take(signal).then((taken) => order.push(`b ${taken}`)),
    turns.take(gone.signal).then((taken) => order.push(`c ${taken}`)),
    turns.take(signal).then((taken) => order.push(`d ${taken}`)),
  ];
  gone.abort();
  await waiting[1];
  turns.give();
  await waiting[0];
  turns.limit = 2;
  await waiting[2];
  assertEquals(order, ["c false", "b true", "d true"]);
  assertEquals(await turns.take(AbortSignal.abort()), false);
});
