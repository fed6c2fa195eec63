/**
 * Turns: so many at once, the others wait in order.
 *
 * @module
 */

export class Turns {
  #limit: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  /** Changes how many there are at once. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#admit();
  }

  /** Waits for a turn; false if the signal fired first. Each turn that was taken is to be given back. */
  take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.#taken < this.#limit && this.#waiting.size === 0) {
      this.#taken++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const admitted = () => {
        signal.removeEventListener("abort", gone);
        resolve(true);
      };
      const gone = () => {
        this.#waiting.delete(admitted);
        resolve(false);
      };
      this.#waiting.add(admitted);
      signal.addEventListener("abort", gone, { once: true });
    });
  }

  /** Gives a turn back. */
  give(): void {
    this.#taken--;
    this.#admit();
  }

  #admit(): void {
    for (const admitted of this.#waiting) {
      if (this.#taken >= this.#limit) return;
      this.#waiting.delete(admitted);
      this.#taken++;
      admitted();
    }
  }
}
