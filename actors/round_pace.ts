/**
 * How often the supervisors of one scheduler look at queues in which something goes on: less often
 * the more of them there are, so that thousands of busy models do not take the store for themselves.
 *
 * @module
 */

/** The pause between two rounds of a queue while few are busy, in milliseconds. */
const LEAST_MS = 400;
/** Below the time for which a queue is held. */
const MOST_MS = 2000;
/** What a round is worth: two thousand of them a second, however many queues there are, up to 4000. */
const PER_QUEUE_MS = 0.5;

/** Shared by the supervisors of a scheduler. */
export class RoundPace {
  readonly #busy = new Set<number>();

  /** Notes whether something goes on in a queue. */
  note(tag: number, busy: boolean): void {
    if (busy) this.#busy.add(tag);
    else this.#busy.delete(tag);
  }

  /** The pause before a queue is looked at again, in milliseconds. */
  get pauseMs(): number {
    return Math.min(MOST_MS, Math.max(LEAST_MS, this.#busy.size * PER_QUEUE_MS));
  }
}
