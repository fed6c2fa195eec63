/**
 * Latencies of any number of requests in bounded memory, three digits precise, that add up over
 * processes.
 *
 * @module
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";

/** Ten minutes in microseconds. */
const LONGEST = 600_000_000;

export class Latencies {
  readonly #histogram: Histogram;

  private constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  static empty(): Latencies {
    return new Latencies(build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: LONGEST,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 32,
    }));
  }

  static decode(text: string): Latencies {
    return new Latencies(decodeFromCompressedBase64(text, 32, false) as Histogram);
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  record(milliseconds: number): void {
    const micros = Math.round(milliseconds * 1000);
    this.#histogram.recordValue(Math.min(LONGEST, Math.max(1, micros)));
  }

  add(other: Latencies): void {
    this.#histogram.add(other.#histogram);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** The percentile in milliseconds; NaN where nothing was recorded. */
  percentile(percent: number): number {
    return this.count === 0 ? NaN : this.#histogram.getValueAtPercentile(percent) / 1000;
  }

  /** The longest in milliseconds; NaN where nothing was recorded. */
  get longest(): number {
    return this.count === 0 ? NaN : this.#histogram.maxValue / 1000;
  }
}
