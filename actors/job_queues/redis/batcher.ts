/**
 * Gathers calls that arrive while earlier ones are under way into one: a queue's load decides the
 * size of its batches, and a lone call is sent at once.
 *
 * @module
 */
import { Fifo } from "../../fifo.ts";
import { QueueUnavailable } from "../../job_queue.ts";

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (output: O) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatcherLimits {
  /** Items that go together where so few wait, not spread over calls; as `maxBatch` if not set. */
  readonly minBatch?: number;
  /** Most items in one call: bounds how long a script holds Redis up. */
  readonly maxBatch: number;
  /** Calls under way at once. */
  readonly maxInFlight: number;
  /** Items that may wait; one more is refused with {@link QueueUnavailable}. */
  readonly maxWaiting: number;
}

/**
 * Sends items in batches and gives each its own answer, or the error that is its answer; when the
 * call itself fails, all of a batch fail together.
 */
export class Batcher<I, O> {
  readonly #send: (items: readonly I[]) => Promise<readonly (O | Error)[]>;
  readonly #limits: BatcherLimits;
  readonly #waiting = new Fifo<Waiting<I, O>>();
  #inFlight = 0;
  #scheduled = false;

  constructor(
    send: (items: readonly I[]) => Promise<readonly (O | Error)[]>,
    limits: BatcherLimits,
  ) {
    this.#send = send;
    this.#limits = limits;
  }

  add(item: I): Promise<O> {
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      return Promise.reject(new QueueUnavailable("too many calls are waiting for Redis"));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#scheduled && this.#inFlight < this.#limits.maxInFlight) {
        // At the end of this turn, so that calls made together go together.
        this.#scheduled = true;
        queueMicrotask(this.#flush);
      }
    });
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    while (this.#waiting.length > 0 && this.#inFlight < this.#limits.maxInFlight) {
      this.#inFlight++;
      void this.#run(this.#waiting.take(this.#batchSize()));
    }
  };

  /** A share of those who wait for each call that may be under way: then one is made while another runs. */
  #batchSize(): number {
    const { maxBatch, minBatch = maxBatch, maxInFlight } = this.#limits;
    return Math.min(maxBatch, Math.max(minBatch, Math.ceil(this.#waiting.length / maxInFlight)));
  }

  async #run(batch: readonly Waiting<I, O>[]): Promise<void> {
    try {
      const outputs = await this.#send(batch.map((waiting) => waiting.item));
      batch.forEach(({ resolve, reject }, i) => {
        const output = outputs[i]!;
        if (output instanceof Error) reject(output);
        else resolve(output);
      });
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#inFlight--;
      this.#flush();
    }
  }
}
