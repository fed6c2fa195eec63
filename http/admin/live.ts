/**
 * Fragments of a page that are sent anew whenever they have changed.
 *
 * @module
 */
import { writeEvent } from "../panel/sse.ts";

export interface LiveOptions {
  readonly event: string;
  /** Pause between two looks, in milliseconds. */
  readonly everyMs: number;
  /** A comment goes out after so long a silence, so that a dead connection is noticed. */
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
}

/** Streams what `render` answers, until the reader leaves. */
export async function* liveFragments(
  render: () => Promise<string>,
  { event, everyMs, heartbeatMs, signal }: LiveOptions,
): AsyncGenerator<string> {
  let shown = "";
  let spoke = performance.now();
  while (!signal.aborted) {
    const text = await render();
    if (text !== shown) {
      shown = text;
      spoke = performance.now();
      yield writeEvent(event, text);
    } else if (performance.now() - spoke > heartbeatMs) {
      spoke = performance.now();
      yield ": heartbeat\n\n";
    }
    await pause(everyMs, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener("abort", wake, { once: true });
  });
}
