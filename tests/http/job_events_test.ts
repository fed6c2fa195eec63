import { assert, assertEquals } from "@std/assert";
import { TestGateway } from "./test_gateway.ts";

interface Sent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Parses the events of a stream's text; comments and `retry` are left out. */
function eventsIn(text: string): Sent[] {
  return text.split("\n\n").filter((block) => block.startsWith("id: ")).map((block) => {
    const fields = new Map(
      block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
    );
    return {
      id: fields.get("id")!,
      event: fields.get("event")!,
      data: JSON.parse(fields.get("data")!),
    };
  });
}

/** Reads from a stream until its text holds `part`. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, part: string) {
  let text = "";
  while (!text.includes(part)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended after ${text}`);
    text += new TextDecoder().decode(value);
  }
  return text;
}

Deno.test("events: the past first, then as they happen, and the end after the last", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol");
  const response = await t.call("GET", `/v1/jobs/${id}/events`);
  assertEquals(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const reader = response.body!.getReader();
  await readUntil(reader, "event: queued");
  const { tag } = t.gateway.catalog.model("esol")!;
  const [claim] = await t.queue.claim(tag, "worker-1", 1, 1000);
  await readUntil(reader, "event: running");
  await t.queue.progress(claim!.lease, { fraction: 0.5 });
  await readUntil(reader, '"fraction":0.5');
  await t.queue.settle(claim!.lease, { state: "completed", result: "1" });
  await readUntil(reader, "event: completed");
  assertEquals((await reader.read()).done, true);
});

Deno.test("events are resumed after the id that the reader had last", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol");
  await t.settleOne("esol");
  const follow = (after: string) =>
    t.call("GET", `/v1/jobs/${id}/events`, { headers: { "last-event-id": after } });
  const all = eventsIn(await (await follow("")).text());
  assertEquals(all.map(({ event }) => event), ["queued", "running", "completed"]);
  assert(all.every(({ data }) => typeof data.at === "string"));
  const rest = eventsIn(await (await follow(all[0]!.id)).text());
  assertEquals(rest, all.slice(1));
  assertEquals((await follow(all[2]!.id)).status, 204);
});

Deno.test("events: a reader that hangs up leaves nothing behind", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol");
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => t.call("GET", `/v1/jobs/${id}/events`)),
  );
  for (const stream of streams) {
    const reader = stream.body!.getReader();
    await readUntil(reader, "event: queued");
    const pending = reader.read();
    await reader.cancel();
    assertEquals((await pending).done, true);
  }
  await t.settleOne("esol");
});

Deno.test("events: comments keep a silent stream alive, and a stopping server ends it", async () => {
  await using t = await TestGateway.start({ heartbeatSeconds: 0.01 });
  await t.addModel("esol");
  const id = await t.submit("esol");
  const reader = (await t.call("GET", `/v1/jobs/${id}/events`)).body!.getReader();
  await readUntil(reader, ": heartbeat");
  t.stop();
  for (;;) {
    const { done } = await reader.read();
    if (done) break;
  }
});
