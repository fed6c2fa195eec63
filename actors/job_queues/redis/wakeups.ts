/**
 * Wakes what waits in this process when Redis says that something changed: sharded publish and
 * subscribe on connections of their own. One connection serves any number of queues, where blocking
 * reads would take one per queue (a Cluster refuses one read over two slots).
 *
 * A wake-up is a hint and may be lost with a connection; whoever waits also looks again by itself.
 *
 * @module
 */
import type { RedisConnection } from "./connection.ts";

/** Marks the hint of a job's last change, as the scripts publish it. */
export const END = " end";
const TOLD = `${END} `;

type Listener = (told?: string) => void;
type Subscriber = ReturnType<RedisConnection["subscriber"]>;

export class Wakeups {
  readonly #connection: RedisConnection;
  /** Listeners by channel, then by message; "" hears every message. */
  readonly #listeners = new Map<string, Map<string, Set<Listener>>>();
  readonly #subscriptions = new Map<string, Promise<void>>();
  #subscriber: Subscriber | undefined;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  /**
   * Resolves at the next hint on the channel (for that message), after `timeoutMs`, or at the signal.
   * Who listens for `X` hears `X end` too; who listens for `X end` hears nothing else, and is told
   * what was published behind it.
   */
  next(
    channel: string,
    message: string,
    timeoutMs: number,
    signal?: AbortSignal,
  ): {
    readonly ready: Promise<void>;
    readonly woken: Promise<string | undefined>;
    cancel(): void;
  } {
    const { ready, listeners } = this.#listen(channel, message);
    let wake: Listener = () => {};
    const woken = new Promise<string | undefined>((resolve) => {
      const stop = () => wake();
      const timer = setTimeout(stop, timeoutMs);
      wake = (told) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
        listeners.delete(wake);
        if (listeners.size === 0) this.#listeners.get(channel)?.delete(message);
        resolve(told);
      };
      listeners.add(wake);
      if (signal?.aborted) wake();
      else signal?.addEventListener("abort", stop, { once: true });
    });
    return { ready, woken, cancel: () => wake() };
  }

  close(): void {
    this.#wakeAll();
    if (this.#subscriber !== this.#connection.client) this.#subscriber?.disconnect();
  }

  #listen(channel: string, message: string): { ready: Promise<void>; listeners: Set<Listener> } {
    let byMessage = this.#listeners.get(channel);
    if (!byMessage) this.#listeners.set(channel, byMessage = new Map());
    let listeners = byMessage.get(message);
    if (!listeners) byMessage.set(message, listeners = new Set());
    let ready = this.#subscriptions.get(channel);
    if (!ready) {
      ready = this.#subscribe(channel);
      this.#subscriptions.set(channel, ready);
    }
    return { ready, listeners };
  }

  async #subscribe(channel: string): Promise<void> {
    if (!this.#subscriber) {
      this.#subscriber = this.#connection.subscriber();
      this.#subscriber.on(
        "smessage",
        (from: string, message: string) => this.#hints(from, message),
      );
      this.#subscriber.on("ready", () => this.#wakeAll());
    }
    try {
      await this.#subscriber.ssubscribe(channel);
      // Who waited through a subscription that failed may have missed something.
      this.#wakeAll(channel);
    } catch {
      // Tried again by whoever waits next; until then waiters look by themselves.
      this.#subscriptions.delete(channel);
    }
  }

  /** After a reconnection, for hints may have been missed: on one channel, or on all. */
  #wakeAll(channel?: string): void {
    for (const [name, byMessage] of this.#listeners) {
      if (channel !== undefined && name !== channel) continue;
      for (const listeners of byMessage.values()) for (const wake of [...listeners]) wake();
    }
  }

  /** A line for each; what is told of an end stands behind it. */
  #hints(channel: string, message: string): void {
    for (const line of message.split("\n")) {
      const end = line.indexOf(TOLD);
      if (end < 0) this.#hint(channel, line);
      else this.#hint(channel, line.slice(0, end + END.length), line.slice(end + TOLD.length));
    }
  }

  #hint(channel: string, message: string, told?: string): void {
    const byMessage = this.#listeners.get(channel);
    if (!byMessage) return;
    const wake = (about: string) => {
      for (const listener of [...byMessage.get(about) ?? []]) listener(told);
    };
    wake(message);
    if (message.endsWith(END)) wake(message.slice(0, -END.length));
    if (message !== "") wake("");
  }
}
