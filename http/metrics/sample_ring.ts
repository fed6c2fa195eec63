/**
 * The last rows of numbers, in a fixed piece of memory.
 *
 * @module
 */

/** Keeps the last `size` rows of `width` numbers. */
export class SampleRing {
  readonly #values: Float64Array;
  #next = 0;
  #count = 0;

  constructor(readonly size: number, readonly width: number) {
    this.#values = new Float64Array(size * width);
  }

  /** Adds a row; the oldest one goes when there are too many. */
  push(row: readonly number[]): void {
    this.#values.set(row, this.#next * this.width);
    this.#next = (this.#next + 1) % this.size;
    this.#count = Math.min(this.#count + 1, this.size);
  }

  /** The newest row. */
  last(): number[] | undefined {
    return this.#count === 0 ? undefined : this.#row(this.#count - 1);
  }

  /** All rows, the oldest first. */
  rows(): number[][] {
    return Array.from({ length: this.#count }, (_, i) => this.#row(i));
  }

  #row(index: number): number[] {
    const at = (this.#next - this.#count + index + this.size) % this.size;
    return [...this.#values.subarray(at * this.width, (at + 1) * this.width)];
  }
}
