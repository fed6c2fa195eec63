import { assertEquals } from "@std/assert";
import { nextTryMs } from "../../actors/callback_ladder.ts";

Deno.test("a callback's tries grow apart, heed the receiver, and come to an end", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7].map((tries) => nextTryMs(tries, undefined, () => 0));
  assertEquals(pauses, [5000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, undefined]);
  assertEquals(nextTryMs(1, 60_000, () => 0), 60_000);
  assertEquals(nextTryMs(2, 10, () => 1), 27_000);
});
