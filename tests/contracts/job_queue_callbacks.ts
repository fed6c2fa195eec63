/**
 * Claims about callbacks: which deliveries there are, and who sends them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { CALLBACK_EVENTS } from "../../actors/job.ts";
import type { Ending, JobQueue } from "../../actors/job_queue.ts";
import { claimOne, eventually, newTag, type QueueClaim, submitMany } from "./job_queue_store.ts";

const URL_OF = "https://hooks.example.com/a b?c=d";

async function completeOne(queue: JobQueue, tag: number): Promise<string> {
  const callback = { url: URL_OF, events: ["started", "progress", "completed"] as const };
  const [id] = await submitMany(queue, tag, 1, { callback });
  const { lease } = await claimOne(queue, tag);
  await queue.progress(lease, { fraction: 0.5 });
  await queue.settle(lease, { state: "completed", result: "1" });
  return id!;
}

export function testCallbacks(claim: QueueClaim): void {
  claim(
    "a job makes deliveries for the events that its callback asks for",
    async ({ queue, other }) => {
      const id = await completeOne(queue, newTag());
      const deliveries = await other.deliveries(id);
      assertEquals(deliveries.map(({ type }) => type), ["started", "progress", "completed"]);
      assertEquals(new Set(deliveries.map((delivery) => delivery.id)).size, 3);
      for (const delivery of deliveries) {
        assertEquals([delivery.jobId, delivery.url, delivery.state], [id, URL_OF, "due"]);
        assertEquals(delivery.attempts, []);
        assert(delivery.id.startsWith(`${id}.`));
      }
      assertEquals(deliveries[1]!.data, { fraction: 0.5 });
    },
  );

  claim("every way that a job can go is told to who asked for it", async ({ queue }) => {
    const tag = newTag();
    const error = { code: "c", message: "m" };
    const endings: readonly Ending[] = [
      { state: "completed", result: "1" },
      { state: "failed", error, deadLetter: false },
      { state: "failed", error, deadLetter: true },
      { state: "expired", error },
      { state: "cancelled" },
      { state: "retrying", error, delayMs: 60_000 },
    ];
    const callback = { url: URL_OF, events: CALLBACK_EVENTS };
    for (const ending of endings) {
      const [id] = await submitMany(queue, tag, 1, { callback });
      const { lease } = await claimOne(queue, tag);
      await queue.settle(lease, ending);
      await queue.settle(lease, ending);
      const types = (await queue.deliveries(id!)).map(({ type }) => type);
      assertEquals(types, ["started", ending.state]);
    }
    const [waiting] = await submitMany(queue, tag, 1, { callback });
    await queue.cancel(waiting!);
    assertEquals((await queue.deliveries(waiting!)).map(({ type }) => type), ["cancelled"]);
  });

  claim("deliveries of a job are told in the order of its events", async ({ queue }) => {
    const tag = newTag();
    const callback = { url: URL_OF, events: CALLBACK_EVENTS };
    const [id] = await submitMany(queue, tag, 1, { callback });
    const { lease } = await claimOne(queue, tag);
    for (let i = 0; i < 12; i++) await queue.progress(lease, { fraction: i / 12 });
    await queue.settle(lease, { state: "completed", result: "1" });
    const deliveries = await queue.deliveries(id!);
    const fractions = deliveries.slice(1, 13).map(({ data }) => data.fraction);
    assertEquals(fractions, Array.from({ length: 12 }, (_, i) => i / 12));
    assertEquals(deliveries[13]!.type, "completed");
  });

  claim("a job without a callback, or with other events, makes none", async ({ queue }) => {
    const tag = newTag();
    const [plain] = await submitMany(queue, tag, 1);
    const [other] = await submitMany(queue, tag, 1, {
      callback: { url: URL_OF, events: ["failed"] },
    });
    for (const { lease } of await queue.claim(tag, "w", 2, 0)) {
      await queue.settle(lease, { state: "completed", result: "1" });
    }
    assertEquals([await queue.deliveries(plain!), await queue.deliveries(other!)], [[], []]);
  });

  claim("due deliveries go to the holder, and are held back for a while", async ({ queue }) => {
    const tag = newTag();
    await completeOne(queue, tag);
    const epoch = (await queue.acquire(tag, "s", 60_000))!;
    assertEquals((await queue.supervise(tag, epoch, 60_000))?.callbacksDue, 3);
    const first = await queue.dueDeliveries(tag, epoch, 2, 150);
    assertEquals(first.length, 2);
    assertEquals((await queue.dueDeliveries(tag, epoch, 9, 60_000)).length, 1);
    const again = await eventually(async () => {
      const due = await queue.dueDeliveries(tag, epoch, 9, 60_000);
      return due.length > 0 && due;
    }, "the held ones to be due again");
    assertEquals(again.map(({ id }) => id).sort(), first.map(({ id }) => id).sort());
  });

  claim(
    "a delivery is due again, delivered or dead, with every try in its log",
    async ({ queue, other }) => {
      const tag = newTag();
      const id = await completeOne(queue, tag);
      const epoch = (await queue.acquire(tag, "s", 60_000))!;
      const [one, two] = await queue.dueDeliveries(tag, epoch, 9, 60_000);
      const attempt = { at: 5, status: 500, tookMs: 3 };
      const dueAt = Date.now() - 1;
      await queue.recordDelivery(one!.id, attempt, { state: "due", dueAt });
      const waiting = (await other.deliveries(id)).find((delivery) => delivery.id === one!.id);
      assertEquals([waiting?.state, waiting?.dueAt], ["due", dueAt]);
      const due = await queue.dueDeliveries(tag, epoch, 9, 60_000);
      assertEquals(due.map((delivery) => delivery.id), [one!.id]);
      assertEquals(due[0]!.attempts, [attempt]);
      await queue.recordDelivery(one!.id, { at: 6, status: 200, tookMs: 1 }, {
        state: "delivered",
      });
      await queue.recordDelivery(two!.id, { at: 7, error: "refused", tookMs: 1 }, {
        state: "dead",
      });
      const log = new Map((await other.deliveries(id)).map((delivery) => [delivery.id, delivery]));
      assertEquals([log.get(one!.id)?.state, log.get(one!.id)?.dueAt], ["delivered", undefined]);
      assertEquals(log.get(one!.id)?.attempts.length, 2);
      assertEquals(log.get(two!.id)?.state, "dead");
      assertEquals((await other.measure(tag)).callbacksDead, 1);
      assertEquals((await other.measure(tag)).callbacksDue, 1);
    },
  );

  claim(
    "redeliver() makes a dead delivery due at once, under the same id",
    async ({ queue, other }) => {
      const tag = newTag();
      await completeOne(queue, tag);
      const epoch = (await queue.acquire(tag, "s", 60_000))!;
      const all = await queue.dueDeliveries(tag, epoch, 9, 60_000);
      await queue.recordDelivery(all[0]!.id, { at: 1, tookMs: 1 }, { state: "dead" });
      assertEquals(await other.redeliver(all[0]!.id), true);
      assertEquals((await queue.dueDeliveries(tag, epoch, 9, 60_000)).map(({ id }) => id), [
        all[0]!.id,
      ]);
      assertEquals((await queue.measure(tag)).callbacksDead, 0);
      assertEquals(await other.redeliver(all[0]!.id.replace(/\d+$/, "99")), false);
    },
  );
}
