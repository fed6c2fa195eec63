/**
 * The places of a worker for attempts. Some are taken before a claim looks for jobs, so that no two
 * claims have the same place in mind, and each is given back when its attempt has ended.
 *
 * Who finds too few waits in line until a part of all places is free, or for a moment: a look costs
 * as much for one job as for thirty.
 *
 * @module
 */
import { Fifo } from "./fifo.ts";

/** A look is worth it for one in so many of all places. */
const PARTS = 8;
/** How long places gather before a smaller number will do. */
const GATHER_MS = 2;

interface InLine {
  /** How many places are worth a call. */
  readonly least: number;
  readonly call: (promised: number) => void;
}

export class Places {
  readonly #part: number;
  #free: number;
  readonly #line = new Fifo<InLine>();
  /** Places for those who were called out of the line and have not come yet. */
  #promised = 0;
  /** Set while any number will do: until none is left. */
  #anyWillDo = false;
  #gathering: ReturnType<typeof setTimeout> | undefined;

  constructor(total: number) {
    this.#part = Math.max(1, Math.floor(total / PARTS));
    this.#free = total;
  }

  get free(): number {
    return this.#free;
  }

  /**
   * Takes places for a look, up to `most`, and answers how many: one of several who look takes a
   * quarter of what is free, or a part of all.
   */
  take(most: number, lookers: number): number {
    const share = lookers === 1 ? this.#free : Math.max(this.#part, Math.ceil(this.#free / 4));
    const taken = Math.max(0, Math.min(most, share, this.#free));
    this.#free -= taken;
    if (this.#free === 0) this.#anyWillDo = false;
    return taken;
  }

  /**
   * Gives places back and calls those in line for whom there are enough. Who was called and takes
   * none gives 0 back, for the next in line.
   */
  give(places: number): void {
    this.#free += places;
    this.#callNext();
  }

  /**
   * Resolves when there are places enough for who would take up to `most` and it is one's turn, or at
   * {@link callAll}.
   */
  async wait(most: number): Promise<void> {
    const least = Math.min(this.#part, most);
    if (this.#line.length === 0 && this.#enoughFor(least)) return;
    const promised = await new Promise<number>((call) => {
      this.#line.push({ least, call });
      this.#callNext();
    });
    this.#promised -= promised;
  }

  /** Calls everybody, whether there is a place or not. */
  callAll(): void {
    while (this.#line.length > 0) this.#call();
  }

  #enoughFor(least: number): boolean {
    return this.#free >= this.#promised + (this.#anyWillDo ? 1 : least);
  }

  #callNext(): void {
    while (this.#line.length > 0 && this.#enoughFor(this.#line.first!.least)) this.#call();
    if (this.#line.length === 0 || this.#anyWillDo || this.#free === 0) return;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#anyWillDo = this.#free > 0;
      this.#callNext();
    }, GATHER_MS);
  }

  #call(): void {
    const { least, call } = this.#line.shift()!;
    const promised = this.#anyWillDo ? 1 : least;
    this.#promised += promised;
    call(promised);
  }
}
