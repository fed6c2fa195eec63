/**
 * The time of a write: one moment from its beginning to its end.
 *
 * @module
 */

/** Keeps a job's history, the sums of the day and the deadlines that one write sets in agreement. */
export class WriteClock {
  #moment?: number;
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The moment of the write that goes on, or else the time, in milliseconds. */
  readonly now = (): number => this.#moment ?? this.#clock();

  /** Runs a write at the moment that it begins. */
  during<T>(body: () => T): T {
    this.#moment = this.#clock();
    try {
      return body();
    } finally {
      this.#moment = undefined;
    }
  }
}
