/**
 * Wakes what waits in this process for a key: a queue with something to claim, a job that changed.
 *
 * @module
 */

export class Waiters<K> {
  readonly #waiting = new Map<K, Set<() => void>>();

  /** Resolves at the next {@link wake} of the key, after `timeoutMs`, or at the signal. */
  next(key: K, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let set = this.#waiting.get(key);
      if (!set) this.#waiting.set(key, set = new Set());
      const mine = set;
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        mine.delete(done);
        if (mine.size === 0 && this.#waiting.get(key) === mine) this.#waiting.delete(key);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, timeoutMs));
      mine.add(done);
      if (signal?.aborted) done();
      else signal?.addEventListener("abort", done, { once: true });
    });
  }

  wake(key: K): void {
    for (const done of [...this.#waiting.get(key) ?? []]) done();
  }

  wakeAll(): void {
    for (const key of [...this.#waiting.keys()]) this.wake(key);
  }
}
