/**
 * Between one who tells and one who reads later: server-sent events in order, with comments while
 * nothing happens.
 *
 * @module
 */

/** Holds what is told until it is read; an answer of the chat bounds itself how much that is. */
export class EventChannel {
  readonly #waiting: string[] = [];
  #isClosed = false;
  #wake = Promise.withResolvers<void>();

  /** Tells the reader; nothing once it is closed. */
  push(event: string): void {
    if (this.#isClosed) return;
    this.#waiting.push(event);
    this.#wake.resolve();
  }

  /** Ends the reading, after what is there. */
  close(): void {
    this.#isClosed = true;
    this.#wake.resolve();
  }

  /** Reads until it is closed; a comment goes out after so many milliseconds without an event. */
  async *read(heartbeatMs: number): AsyncGenerator<string> {
    for (;;) {
      while (this.#waiting.length > 0) yield this.#waiting.shift()!;
      if (this.#isClosed) return;
      this.#wake = Promise.withResolvers<void>();
      const told = await within(this.#wake.promise, heartbeatMs);
      if (!told) yield ": heartbeat\n\n";
    }
  }
}

/** True if it came about within the time. */
async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
