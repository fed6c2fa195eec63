/**
 * A few computing threads, handed out in the order they were asked for.
 *
 * @module
 */
import { ComputingThread } from "./computing_thread.ts";

/**
 * Starts threads when they are first needed, and a new one in place of each that is over: also
 * while that one still ends, but never more than as many again.
 */
export class ThreadPool implements Disposable {
  readonly #size: number;
  readonly #threads = new Set<ComputingThread>();
  readonly #ending = new Set<ComputingThread>();
  readonly #idle: ComputingThread[] = [];
  readonly #waiting = new Set<(thread: ComputingThread | undefined) => void>();
  #isDisposed = false;

  constructor(size: number) {
    this.#size = size;
  }

  /** A thread of the caller's own until released; none once the signal fires or all is closed. */
  async acquire(signal: AbortSignal): Promise<ComputingThread | undefined> {
    if (this.#isDisposed || signal.aborted) return undefined;
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
    if (thread.isOver) this.#drop(thread);
    else this.#idle.push(thread);
    this.#serve();
  }

  #serve(): void {
    const next = this.#waiting.values().next().value;
    const thread = next && this.#take();
    if (!thread) return;
    this.#waiting.delete(next);
    next(thread);
  }

  #take(): ComputingThread | undefined {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (!idle.isOver) return idle;
      this.#drop(idle); // it died while nobody used it
    }
    const full = this.#threads.size >= this.#size || this.#ending.size >= this.#size;
    if (this.#isDisposed || full) return undefined;
    const thread = new ComputingThread();
    this.#threads.add(thread);
    return thread;
  }

  #drop(thread: ComputingThread): void {
    if (!this.#threads.delete(thread)) return;
    this.#ending.add(thread);
    thread.ended.then(() => {
      this.#ending.delete(thread);
      this.#serve();
    });
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
