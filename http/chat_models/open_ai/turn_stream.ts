/**
 * Reads a turn from a response: server-sent events, or one JSON text of a service that does not
 * stream.
 *
 * @module
 */
import { createParser, ParseError } from "eventsource-parser";
import type { ChatTurn } from "../../chat_model.ts";
import { MalformedTurn, TurnAssembly } from "./turn_assembly.ts";

/** Nothing came for too long. */
export class TooSlow extends Error {
  override readonly name = "TooSlow";

  constructor() {
    super("the service does not answer in time");
  }
}

const DONE = "[DONE]";
/** Of one event, and of all that comes. */
const MAX_EVENT = 1024 * 1024;
const MAX_BYTES = 8 * 1024 * 1024;

/** Answers the turn. Rejects with TooSlow, MalformedTurn, ServiceError or the signal's reason. */
export async function readTurn(
  response: Response,
  silenceMs: number,
  signal: AbortSignal,
  onText: (piece: string) => void,
): Promise<ChatTurn> {
  const turn = new TurnAssembly();
  const take = (json: string) => {
    const text = turn.add(json);
    if (text !== "") onText(text);
  };
  const isStream = response.headers.get("content-type")?.includes("text/event-stream") ?? false;
  if (!isStream) {
    let json = "";
    for await (const text of texts(response, silenceMs, signal)) json += text;
    take(json);
    return turn.end();
  }
  let isDone = false;
  const parser = createParser({
    maxBufferSize: MAX_EVENT,
    onEvent: ({ data }) => {
      if (data === DONE) isDone = true;
      else if (!isDone) take(data);
    },
    onError: (error) => {
      // Unknown fields are to be passed over, by the standard.
      if (error.type === "max-buffer-size-exceeded") throw new MalformedTurn("an event has no end");
    },
  });
  for await (const text of texts(response, silenceMs, signal)) {
    feed(parser, text);
    if (isDone) break;
  }
  // The last event of some ends with the stream, not with an empty line.
  if (!isDone) feed(parser, "\n\n");
  return turn.end();
}

function feed(parser: ReturnType<typeof createParser>, text: string): void {
  try {
    parser.feed(text);
  } catch (error) {
    if (error instanceof ParseError) throw new MalformedTurn(error.message, { cause: error });
    throw error;
  }
}

/** The body's text as it comes; ends with an error after a silence, or when there is no end. */
async function* texts(
  { body }: Response,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), silenceMs, signal);
      if (done) return;
      bytes += value.length;
      if (bytes > MAX_BYTES) throw new MalformedTurn("the answer has no end");
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    // Nobody reads on, whatever the reason; what the cancellation says is of no interest then.
    await reader.cancel().catch(() => {});
  }
}

async function inTime<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TooSlow()), ms);
  const left = () => reject(signal.reason);
  signal.addEventListener("abort", left, { once: true });
  if (signal.aborted) left();
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", left);
    // Whichever comes second is nobody's any more.
    promise.catch(() => {});
    ended.catch(() => {});
  }
}
