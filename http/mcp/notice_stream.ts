/**
 * The stream of notices for clients before 2026, which ask for one by GET: that lists have changed.
 *
 * @module
 */
import type { ServerEvent } from "@modelcontextprotocol/server";
import type { Announcements } from "./announcements.ts";
import type { Visitor } from "./visitor.ts";

const METHODS = {
  tools_list_changed: "notifications/tools/list_changed",
  resources_list_changed: "notifications/resources/list_changed",
} as const;

const encoder = new TextEncoder();
/** A reader that does not read is left behind: it may ask for the lists at any time. */
const MAX_UNREAD = 100;

/** Answers server-sent events until the reader leaves or the signal fires; then calls `onEnd`. */
export function noticeStream(
  announcements: Announcements,
  who: Visitor,
  heartbeatMs: number,
  signal: AbortSignal,
  onEnd: () => void,
): ReadableStream<Uint8Array> {
  let end = () => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => {
        if ((controller.desiredSize ?? 0) > -MAX_UNREAD) controller.enqueue(encoder.encode(text));
      };
      const leave = announcements.subscribeFor(who, (event) => {
        const text = noticeOf(event);
        if (text) send(text);
      });
      const timer = setInterval(() => send(": heartbeat\n\n"), heartbeatMs);
      const stop = () => {
        end();
        controller.close();
      };
      end = () => {
        clearInterval(timer);
        leave();
        signal.removeEventListener("abort", stop);
        onEnd();
      };
      signal.addEventListener("abort", stop, { once: true });
      send(": open\n\n");
      if (signal.aborted) stop();
    },
    cancel() {
      end();
    },
  });
}

function noticeOf({ kind }: ServerEvent): string | undefined {
  if (kind !== "tools_list_changed" && kind !== "resources_list_changed") return undefined;
  const message = { jsonrpc: "2.0", method: METHODS[kind] };
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
