/**
 * A job's events as they come, over breaks of the connection.
 *
 * @module
 */
import { type GatewayClient, GatewayUnreachable } from "./gateway_client.ts";

export interface JobEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const ENDS: readonly string[] = ["completed", "failed", "cancelled", "expired"];
const AGAIN_MS = 1000;
const MOST_BREAKS = 30;

/** Answers the events until the job's last; a stream that broke is resumed where it was. */
export async function* followJob(client: GatewayClient, id: string): AsyncGenerator<JobEvent> {
  let last: string | undefined;
  for (let breaks = 0; breaks < MOST_BREAKS; breaks++) {
    const headers = {
      accept: "text/event-stream",
      ...(last !== undefined && { "last-event-id": last }),
    };
    const path = `/v1/jobs/${encodeURIComponent(id)}/events`;
    const response = await client.send("GET", path, { headers });
    if (response.status === 204) return;
    try {
      for await (const event of eventsOf(response.body!)) {
        last = event.id ?? last;
        yield event;
        if (ENDS.includes(event.name)) return;
        breaks = 0;
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw new GatewayUnreachable("its address", "the stream of events broke again and again");
}

/** Reads server-sent events (HTML standard, section 9.2). */
async function* eventsOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<JobEvent & { readonly id?: string }> {
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split("\n")) {
        const match = /^(\w+): ?(.*)$/.exec(line);
        if (match) fields.set(match[1]!, match[2]!);
      }
      const data = fields.get("data");
      const id = fields.get("id");
      if (data === undefined) continue;
      yield {
        name: fields.get("event") ?? "message",
        data: JSON.parse(data),
        ...(id !== undefined && { id }),
      };
    }
  }
}
