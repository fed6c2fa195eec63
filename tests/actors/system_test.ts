import { assert, assertEquals, assertRejects } from "@std/assert";
import { MailboxRefused } from "../../actors/mailbox.ts";
import { ActorSystem } from "../../actors/system.ts";
import { eventually } from "../contracts/job_queue_store.ts";

type Ask = { readonly n: number; readonly reply: (n: number) => void };

Deno.test("an actor gets its messages in order, one at a time", async () => {
  const system = new ActorSystem();
  const seen: number[] = [];
  let busy = 0;
  const ref = system.spawn<number>("a", () => ({
    async receive(n) {
      assertEquals(++busy, 1);
      await new Promise((resolve) => setTimeout(resolve, n % 3));
      seen.push(n);
      busy--;
    },
  }));
  for (let n = 0; n < 20; n++) assert(ref.tell(n));
  await system.stopAll("drain");
  assertEquals(seen, Array.from({ length: 20 }, (_, n) => n));
});

Deno.test("ask() answers with the reply, and rejects when there is none in time", async () => {
  const system = new ActorSystem();
  const ref = system.spawn<Ask>("a", () => ({
    receive: ({ n, reply }) => n < 0 ? undefined : reply(n * 2),
  }));
  assertEquals(await system.ask<Ask, number>(ref, (reply) => ({ n: 21, reply }), 1000), 42);
  await assertRejects(
    () => system.ask<Ask, number>(ref, (reply) => ({ n: -1, reply }), 30),
    Error,
    "did not answer within 30 ms",
  );
  await system.stopAll();
  await assertRejects(
    () => system.ask<Ask, number>(ref, (reply) => ({ n: 1, reply }), 30),
    MailboxRefused,
  );
});

Deno.test("a full mailbox refuses", async () => {
  const system = new ActorSystem({ mailboxCapacity: 2 });
  const gate = Promise.withResolvers<void>();
  const ref = system.spawn<number>("a", () => ({ receive: () => gate.promise }));
  await eventually(() => Promise.resolve(ref.tell(0)), "the first to be taken");
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([1, 2, 3].map((n) => ref.tell(n)), [true, true, false]);
  gate.resolve();
  await system.stopAll("drain");
});

Deno.test("an actor that throws is replaced by a fresh one, and its neighbour does not notice", async () => {
  const failures: string[] = [];
  const system = new ActorSystem({ backoffMs: 5, onFailure: (name) => failures.push(name) });
  let made = 0;
  let stopped = 0;
  const bad = system.spawn<Ask>("bad", () => {
    made++;
    let count = 0;
    return {
      receive({ n, reply }) {
        if (n === 0) throw new Error("no");
        reply(++count);
      },
      stopped: () => void stopped++,
    };
  });
  let heard = 0;
  const good = system.spawn<number>("good", () => ({ receive: () => void heard++ }));
  assertEquals(await system.ask<Ask, number>(bad, (reply) => ({ n: 1, reply }), 1000), 1);
  bad.tell({ n: 0, reply: () => {} });
  good.tell(1);
  // Its count begins anew: state is not carried over a failure.
  assertEquals(await system.ask<Ask, number>(bad, (reply) => ({ n: 1, reply }), 2000), 1);
  assertEquals([made, stopped, failures, heard], [2, 1, ["bad"], 1]);
  await system.stopAll();
  assertEquals([stopped, system.size], [2, 0]);
});

Deno.test("an actor that fails too often in a row is given up", async () => {
  const ends: boolean[] = [];
  const system = new ActorSystem({
    backoffMs: 1,
    maxRestarts: 2,
    onFailure: (_name, _error, givenUp) => ends.push(givenUp),
  });
  const ref = system.spawn<number>("a", () => {
    throw new Error("cannot even begin");
  });
  await eventually(() => Promise.resolve(system.size === 0), "the actor to be given up");
  assertEquals(ends, [false, false, true]);
  assertEquals(ref.tell(1), false);
});

Deno.test("stop() now leaves what waits, drain handles it first", async () => {
  for (const [mode, handled] of [["now", 1], ["drain", 4]] as const) {
    const system = new ActorSystem();
    const gate = Promise.withResolvers<void>();
    let count = 0;
    const ref = system.spawn<number>("a", () => ({
      async receive() {
        count++;
        await gate.promise;
      },
    }));
    ref.tell(0);
    await new Promise((resolve) => setTimeout(resolve, 2));
    for (let n = 1; n < 4; n++) ref.tell(n);
    const stopped = system.stop("a", mode);
    assertEquals(ref.tell(9), false);
    gate.resolve();
    await stopped;
    assertEquals(count, handled);
  }
});

Deno.test("a name is taken while its actor runs, and free after", async () => {
  const system = new ActorSystem();
  const make = () => system.spawn<number>("a", () => ({ receive: () => {} }));
  make();
  let refused = false;
  try {
    make();
  } catch {
    refused = true;
  }
  assertEquals(refused, true);
  await system.stop("a");
  make();
  await system.stopAll();
});
