/**
 * Server-sent events: read from the API, written to pages.
 *
 * @module
 */
import { ApiRefusal } from "./api_caller.ts";

/** One event of a stream. */
export interface ServerEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: string;
}

/**
 * Reads events until the stream ends or its reader leaves; comments are skipped. The signal ends it
 * at once, with an error, also while it waits.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<ServerEvent> {
  let rest = "";
  const decoder = new TextDecoderStream() as unknown as TextStream;
  for await (const text of body.pipeThrough(decoder, signal && { signal })) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const event = eventOf(block);
      if (event) yield event;
    }
  }
}

type TextStream = ReadableWritablePair<string, Uint8Array>;

function eventOf(block: string): ServerEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const event = fields.get("event");
  const id = fields.get("id");
  if (event === undefined) return undefined;
  return { event, data: fields.get("data") ?? "", ...(id !== undefined && { id }) };
}

/** Writes one event; its data may have lines. */
export function writeEvent(event: string, data: string): string {
  const lines = data.split("\n").map((line) => `data: ${line}\n`).join("");
  return `event: ${event}\n${lines}\n`;
}

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

/**
 * Answers a stream of events, written as the reader takes them. The signal that `make` gets fires
 * when the reader leaves or the server stops.
 */
export function eventResponse(
  make: (signal: AbortSignal) => AsyncGenerator<string>,
  stopping: AbortSignal | undefined,
  onFault: (error: unknown) => void,
): Response {
  const left = new AbortController();
  const signal = stopping ? AbortSignal.any([stopping, left.signal]) : left.signal;
  const events = make(signal);
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await events.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      } catch (error) {
        // Who may not read on any more is told nothing; that is no fault.
        if (!signal.aborted && !(error instanceof ApiRefusal)) onFault(error);
        controller.close();
      }
    },
    cancel() {
      left.abort();
    },
  }, { highWaterMark: 0 });
  return new Response(stream, { headers: HEADERS });
}
