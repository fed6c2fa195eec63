/**
 * A line that is as quick to leave with ten thousand in it as with ten: `Array.shift` moves all who
 * stay.
 *
 * @module
 */

/** Below this, moving is cheaper than keeping the places of those who have left. */
const WORTH_KEEPING = 1024;

export class Fifo<T> {
  #items: T[] = [];
  /** Items before this one have left; their places hold nothing. */
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  /** The one who is first; undefined if there is none. */
  get first(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Removes and answers the first; undefined if there is none. */
  shift(): T | undefined {
    return this.take(1)[0];
  }

  /** Removes and answers the first so many, or as many as there are, in their order. */
  take(count: number): T[] {
    const end = Math.min(this.#first + count, this.#items.length);
    const taken = this.#items.slice(this.#first, end);
    this.#items.fill(undefined as T, this.#first, end);
    this.#first = end;
    const gone = this.#first;
    if (gone === this.#items.length) {
      this.clear();
    } else if (gone >= WORTH_KEEPING && gone * 2 >= this.#items.length) {
      this.#items = this.#items.slice(gone);
      this.#first = 0;
    }
    return taken;
  }

  clear(): void {
    this.#items.length = 0;
    this.#first = 0;
  }
}
