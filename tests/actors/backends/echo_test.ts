import { assertEquals } from "@std/assert";
import { EchoBackend } from "../../../actors/backends/echo.ts";
import { callOf, testBackend } from "../../contracts/backend_contract.ts";

testBackend({
  name: "echo",
  open: () => ({ backend: new EchoBackend() }),
  good: () => ({ kind: "echo" }),
  bad: [
    [{ kind: "echo", delayMs: -1 }, "/delayMs"],
    [{ kind: "echo", failureRate: 2 }, "/failureRate"],
    [{ kind: "echo", failure: "maybe" }, "/failure"],
    [{ kind: "echo", speed: 1 }, "/speed"],
  ],
  input: { a: [1, null, "x"] },
  output: { a: [1, null, "x"] },
  slow: () => ({ kind: "echo", delayMs: 60_000 }),
  failing: {
    reference: () => ({ kind: "echo", failureRate: 1, failure: "final" }),
    input: 1,
    code: "echo_failure",
    retry: false,
  },
});

Deno.test("echo fails at the rate that it is told, in a way that may be tried again", async () => {
  const chances = [0.1, 0.4, 0.9];
  const backend = new EchoBackend(() => chances.shift()!);
  const reference = { kind: "echo", failureRate: 0.5 };
  const results = [];
  for (let i = 0; i < 3; i++) results.push(await backend.run(callOf(reference, i)));
  assertEquals(results.map((result) => result.ok), [false, false, true]);
  assertEquals(results[0]!.ok || results[0]!.retry, true);
});
