/**
 * How the queues stood over the last hour and the last day: a small ring of samples of each model in
 * which something went on, in the memory of this gateway. What is to outlive the process belongs in
 * Prometheus (`/metrics`).
 *
 * @module
 */
import type { JobSubmission, QueueMeasures } from "../../actors/job_queue.ts";
import type { Catalog } from "../../registry/catalog.ts";
import { SampleRing } from "./sample_ring.ts";

/** How a queue stood at a time; the last five only grow. */
export interface QueueSample {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly waiting: number;
  readonly running: number;
  readonly completed: number;
  /** Failed, expired and cancelled. */
  readonly failed: number;
  readonly runCount: number;
  readonly runSumMs: number;
  readonly deadLetters: number;
}

export type Span = "hour" | "day";

export interface QueueSamplesOptions {
  readonly catalog: Pick<Catalog, "models">;
  readonly jobs: Pick<JobSubmission, "measure">;
  readonly now?: () => number;
  /** Hears of a queue that cannot be measured, once per outage. */
  readonly onFault?: (error: unknown) => void;
}

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const SIZES: Readonly<Record<Span, number>> = { hour: 61, day: 97 };
/** Queues measured in a second at most: many models are then measured less often. */
const PER_SECOND = 20;

interface Rings {
  readonly hour: SampleRing;
  readonly day: SampleRing;
}

/** Measures the queues in turn, each about once a minute. */
export class QueueSamples {
  readonly #options: QueueSamplesOptions;
  readonly #now: () => number;
  readonly #rings = new Map<number, Rings>();
  #timer?: ReturnType<typeof setTimeout>;
  #round: Iterator<{ readonly tag: number }> | undefined;
  #roundBegan = 0;
  #isAway = false;

  constructor(options: QueueSamplesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Begins; a second call changes nothing. */
  start(): void {
    if (this.#timer !== undefined) return;
    const turn = async () => {
      await this.#turn();
      if (this.#timer === undefined) return;
      this.#timer = setTimeout(turn, 1000);
      Deno.unrefTimer(this.#timer);
    };
    this.#timer = setTimeout(turn, 1000);
    Deno.unrefTimer(this.#timer);
  }

  /** Ends; the samples stay. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The samples of a queue, the oldest first; none where nothing has gone on. */
  of(tag: number, span: Span): QueueSample[] {
    return (this.#rings.get(tag)?.[span].rows() ?? []).map(sampleOf);
  }

  /** The newest sample of each queue in which something has gone on, by its tag. */
  latest(): Map<number, QueueSample> {
    return new Map(
      [...this.#rings].flatMap(([tag, { hour }]) => {
        const row = hour.last();
        return row ? [[tag, sampleOf(row)] as const] : [];
      }),
    );
  }

  /** Notes how a queue stands now. */
  note(tag: number, measures: QueueMeasures): void {
    const row = rowOf(this.#now(), measures);
    let rings = this.#rings.get(tag);
    if (!rings) {
      if (isIdle(row)) return;
      rings = {
        hour: new SampleRing(SIZES.hour, row.length),
        day: new SampleRing(SIZES.day, row.length),
      };
      this.#rings.set(tag, rings);
    }
    // Somewhat less than the time between two, which is never exact.
    if (row[0]! - (rings.hour.last()?.[0] ?? 0) >= MINUTE_MS * 0.9) rings.hour.push(row);
    if (row[0]! - (rings.day.last()?.[0] ?? 0) >= QUARTER_MS * 0.98) rings.day.push(row);
  }

  async #turn(): Promise<void> {
    const models = this.#next(PER_SECOND);
    try {
      for (const { tag } of models) this.note(tag, await this.#options.jobs.measure(tag));
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) this.#options.onFault?.(error);
      this.#isAway = true;
    }
  }

  /** The next models of the round; a round begins each minute, or when the last one is done. */
  #next(count: number): { readonly tag: number }[] {
    const models: { readonly tag: number }[] = [];
    if (!this.#round) {
      if (this.#now() - this.#roundBegan < MINUTE_MS) return models;
      this.#round = this.#options.catalog.models()[Symbol.iterator]();
      this.#roundBegan = this.#now();
      this.#forgetDeleted();
    }
    while (models.length < count) {
      const { done, value } = this.#round.next();
      if (done) {
        this.#round = undefined;
        break;
      }
      models.push(value);
    }
    return models;
  }

  #forgetDeleted(): void {
    const tags = new Set([...this.#options.catalog.models()].map(({ tag }) => tag));
    for (const tag of this.#rings.keys()) if (!tags.has(tag)) this.#rings.delete(tag);
  }
}

function rowOf(at: number, measures: QueueMeasures): number[] {
  const { waiting, running, delayed, totals, runTime, deadLetters } = measures;
  return [
    at,
    waiting.interactive + waiting.batch + delayed,
    running,
    totals.completed,
    totals.failed + totals.expired + totals.cancelled,
    runTime.count,
    runTime.sumMs,
    deadLetters,
  ];
}

function sampleOf(row: readonly number[]): QueueSample {
  const [at, waiting, running, completed, failed, runCount, runSumMs, deadLetters] = row;
  return {
    at: at!,
    waiting: waiting!,
    running: running!,
    completed: completed!,
    failed: failed!,
    runCount: runCount!,
    runSumMs: runSumMs!,
    deadLetters: deadLetters!,
  };
}

function isIdle(row: readonly number[]): boolean {
  return row.every((value, i) => i === 0 || value === 0);
}
