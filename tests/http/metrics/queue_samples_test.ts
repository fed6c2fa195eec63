import { assertEquals } from "@std/assert";
import { seriesOf } from "../../../http/admin/series.ts";
import { healthOf } from "../../../http/panel/model_health.ts";
import { QueueSamples } from "../../../http/metrics/queue_samples.ts";
import { SampleRing } from "../../../http/metrics/sample_ring.ts";
import { TestGateway } from "../test_gateway.ts";

const MINUTE = 60_000;

Deno.test("SampleRing keeps the last rows, the oldest first", () => {
  const ring = new SampleRing(3, 2);
  assertEquals([ring.last(), ring.rows()], [undefined, []]);
  for (let i = 1; i <= 5; i++) ring.push([i, -i]);
  assertEquals(ring.rows(), [[3, -3], [4, -4], [5, -5]]);
  assertEquals(ring.last(), [5, -5]);
});

Deno.test("samples are a minute apart for the hour and a quarter for the day", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const { tag } = t.gateway.catalog.model("esol")!;
  let now = 1_000_000_000;
  const samples = new QueueSamples({ ...t.gateway, now: () => now });
  samples.note(tag, await t.queue.measure(tag));
  assertEquals(samples.of(tag, "hour"), []); // nothing has gone on
  for (let minute = 0; minute < 120; minute++, now += MINUTE) {
    await t.submit("esol");
    if (minute % 2 === 0) await t.settleOne("esol");
    samples.note(tag, await t.queue.measure(tag));
    samples.note(tag, await t.queue.measure(tag)); // too soon: it is left out
  }
  const hour = samples.of(tag, "hour");
  assertEquals(hour.length, 61);
  assertEquals(hour.at(-1)!.waiting, 60);
  assertEquals(samples.of(tag, "day").map(({ at }) => (at - 1_000_000_000) / MINUTE), [
    0,
    15,
    30,
    45,
    60,
    75,
    90,
    105,
  ]);
  assertEquals(samples.latest().get(tag)!.completed, 60);
  const { series } = seriesOf("endings", hour);
  assertEquals(series[0]!.values.slice(0, 3), [null, 1, 0]);
});

Deno.test("a model is failing, behind, healthy or idle by its last hour", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const { tag } = t.gateway.catalog.model("esol")!;
  const health = async () => healthOf(await t.queue.measure(tag), []);
  assertEquals(await health(), "idle");
  await t.submit("esol");
  assertEquals(await health(), "healthy");
  assertEquals(
    healthOf({ ...await t.queue.measure(tag), oldestWaitingMs: 2 * MINUTE }, []),
    "behind",
  );
  await t.settleOne("esol", () => ({
    state: "failed",
    error: { code: "x", message: "x" },
    deadLetter: true,
  }));
  assertEquals(await health(), "failing");
  assertEquals(healthOf(undefined, []), "unknown");
});
