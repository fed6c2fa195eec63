import { assert, assertEquals } from "@std/assert";
import type { CallbackSender, SendResult } from "../../actors/callback_sender.ts";
import type { Delivery } from "../../actors/job_queue.ts";
import { Scheduler } from "../../actors/scheduler.ts";
import { eventually, LIMITS } from "../contracts/job_queue_store.ts";
import { LEASE_MS, Workplace } from "./workplace.ts";

class RecordingSender implements CallbackSender {
  readonly sent: Delivery[] = [];

  constructor(readonly answer: (delivery: Delivery) => SendResult | Promise<SendResult>) {}

  async send(delivery: Delivery): Promise<SendResult> {
    this.sent.push(delivery);
    return await this.answer(delivery);
  }
}

const SENT = new RecordingSender(() => ({ ok: true, status: 200, tookMs: 1 }));

function schedulerIn(place: Workplace, name: string, sender: CallbackSender = SENT): Scheduler {
  const { queue, catalog } = place;
  return new Scheduler({ queue, catalog, name, sender, leaseMs: LEASE_MS });
}

Deno.test("a scheduler brings retries back, rescues, and expires, for every model", async () => {
  await using place = await Workplace.open();
  const tags = [await place.model("a"), await place.model("b")];
  const scheduler = schedulerIn(place, "s1");
  await scheduler.start();
  for (const tag of tags) {
    const [retried, lost, late] = [
      await place.submit(tag),
      await place.submit(tag),
      await place.submit(tag, {}, { limits: { ...LIMITS, queueTimeoutSeconds: 0.05 } }),
    ];
    const claims = await place.queue.claim(tag, "w", 2, 1000);
    const error = { code: "x", message: "x" };
    await place.queue.settle(claims[0]!.lease, { state: "retrying", error, delayMs: 30 });
    await eventually(async () => {
      const states = await Promise.all([retried, lost, late].map((id) => place.queue.get(id)));
      return states.map((job) => job!.state).join() === "queued,queued,expired";
    }, "the three to be looked after");
    assertEquals((await place.queue.get(lost!))!.stalls, 1);
  }
  await scheduler.stop();
});

Deno.test("two schedulers share the models, and one takes the other's over", async () => {
  await using place = await Workplace.open();
  const tags = [];
  for (let i = 0; i < 12; i++) tags.push(await place.model(`m${i}`));
  const [one, two] = [schedulerIn(place, "one"), schedulerIn(place, "two")];
  await one.start();
  await two.start();
  await eventually(() =>
    Promise.resolve(
      one.members.length === 2 && one.supervised.length + two.supervised.length === 12,
    ), "the models to be shared");
  assert(one.supervised.length > 0 && two.supervised.length > 0);
  assertEquals([...one.supervised, ...two.supervised].sort(), [...tags].sort());
  await two.stop();
  const due = await Promise.all(tags.map(async (tag) => {
    const id = await place.submit(tag);
    const [claim] = await place.queue.claim(tag, "w", 1, 1000);
    const error = { code: "x", message: "x" };
    await place.queue.settle(claim!.lease, { state: "retrying", error, delayMs: 0 });
    return id;
  }));
  await eventually(async () => {
    const jobs = await Promise.all(due.map((id) => place.queue.get(id)));
    return jobs.every((job) => job!.state === "queued");
  }, "every model to be looked after by the one that is left");
  await one.stop();
});

Deno.test("a model registered later is supervised, and one deleted no more", async () => {
  await using place = await Workplace.open();
  const scheduler = schedulerIn(place, "s1");
  await scheduler.start();
  const tag = await place.model("late");
  await eventually(() => Promise.resolve(scheduler.supervised.includes(tag)), "its supervisor");
  await place.registry.deleteModel("user:ada", "late");
  await eventually(() => Promise.resolve(!scheduler.supervised.includes(tag)), "it to be gone");
  await scheduler.stop();
});

Deno.test("callbacks are sent and logged, and one that hangs holds up nothing else", async () => {
  await using place = await Workplace.open();
  const tag = await place.model("m");
  const hang = Promise.withResolvers<SendResult>();
  const sender = new RecordingSender(({ url }) => {
    if (url.endsWith("/hang")) return hang.promise;
    if (url.endsWith("/gone")) return { ok: false, status: 410, tookMs: 1, gone: true };
    if (url.endsWith("/busy")) return { ok: false, status: 503, tookMs: 1, retryAfterMs: 90_000 };
    return { ok: true, status: 204, tookMs: 1 };
  });
  const scheduler = schedulerIn(place, "s1", sender);
  const ids: string[] = [];
  for (const path of ["hang", "gone", "busy", "fine"]) {
    const callback = { url: `https://x.example/${path}`, events: ["completed"] as const };
    ids.push(await place.submit(tag, {}, { callback }));
  }
  for (const { lease } of await place.queue.claim(tag, "w", 4, 1000)) {
    await place.queue.settle(lease, { state: "completed", result: "1" });
  }
  await scheduler.start();
  const states = () =>
    Promise.all(ids.map(async (id) => {
      const [delivery] = await place.queue.deliveries(id);
      return `${delivery!.state} ${delivery!.attempts.map(({ status }) => status)}`;
    }));
  await eventually(
    async () => (await states()).slice(1).join() === "dead 410,due 503,delivered 204",
    "three callbacks to be done with",
  );
  const [busy] = await place.queue.deliveries(ids[2]!);
  assert(busy!.dueAt! >= Date.now() + 60_000);
  hang.resolve({ ok: true, status: 200, tookMs: 5 });
  await eventually(async () => (await states())[0] === "delivered 200", "the slow one");
  assertEquals(sender.sent.length, 4);
  await scheduler.stop();
});
