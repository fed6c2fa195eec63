/**
 * A few computing threads, handed out in the order they were asked for.
 *
 * @module
 */
import { ComputingThread } from "./computing_thread.ts";

/** Starts threads when they are first needed, and a new one in place of each that is over. */
export class ThreadPool implements Disposable {
  readonly #size: number;
  readonly #threads = new Set<ComputingThread>();
  readonly #idle: ComputingThread[] = [];
  readonly #waiting = new Set<(thread: ComputingThread | undefined) => void>();
  #isDisposed = false;

  constructor(size: number) {
    this.#size = size;
  }

  /** Answers a thread of the caller's own until it releases it; undefined if the signal fires. */
  async acquire(signal: AbortSignal): Promise<ComputingThread | undefined> {
    if (this.#isDisposed) throw new Error("the chemistry threads are closed");
    if (signal.aborted) return undefined;
    if (this.#waiting.size === 0) {
      const thread = this.#take();
      if (thread) return thread;
    }
    const { promise, resolve } = Promise.withResolvers<ComputingThread | undefined>();
    const giveUp = () => {
      if (this.#waiting.delete(resolve)) resolve(undefined);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", giveUp, { once: true });
    const thread = await promise;
    signal.removeEventListener("abort", giveUp);
    return thread;
  }

  /** Takes a thread back, for the next who waits. */
  release(thread: ComputingThread): void {
    if (thread.isOver) this.#threads.delete(thread);
    else this.#idle.push(thread);
    const next = this.#waiting.values().next().value;
    if (!next) return;
    const free = this.#take();
    if (!free) return;
    this.#waiting.delete(next);
    next(free);
  }

  #take(): ComputingThread | undefined {
    let thread: ComputingThread | undefined;
    while ((thread = this.#idle.pop())) {
      if (!thread.isOver) return thread;
      this.#threads.delete(thread); // it died while nobody used it
    }
    if (this.#isDisposed || this.#threads.size >= this.#size) return undefined;
    thread = new ComputingThread();
    this.#threads.add(thread);
    return thread;
  }

  /** Stops every thread; those who wait for one get none. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const thread of this.#threads) thread.stop();
    this.#threads.clear();
    for (const resolve of this.#waiting) resolve(undefined);
    this.#waiting.clear();
  }
}
