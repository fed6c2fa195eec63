/**
 * A bounded queue of messages to one actor.
 *
 * @module
 */

import { Fifo } from "./fifo.ts";

/** The actor is stopped, or has more waiting than it takes. */
export class MailboxRefused extends Error {
  override readonly name = "MailboxRefused";
}

export class Mailbox<M> {
  readonly #messages = new Fifo<M>();
  #closed = false;

  /** `capacity` is the most messages that may wait. */
  constructor(readonly capacity: number) {}

  get length(): number {
    return this.#messages.length;
  }

  /** Adds a message; false when it is full or closed. */
  offer(message: M): boolean {
    if (this.#closed || this.#messages.length >= this.capacity) return false;
    this.#messages.push(message);
    return true;
  }

  take(): M | undefined {
    return this.#messages.shift();
  }

  /** Takes no more; what waits may still be taken. */
  close(): void {
    this.#closed = true;
  }

  clear(): void {
    this.#messages.clear();
  }
}
