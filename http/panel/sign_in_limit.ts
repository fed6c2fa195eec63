/**
 * How often a sign-in may fail: by address, and all together.
 *
 * @module
 */

/** Failed tries that an address has at once, and seconds until one of them comes back. */
const PER_ADDRESS = { tries: 10, secondsEach: 6 };
const TOGETHER = { tries: 600, secondsEach: 0.1 };
const MAX_ADDRESSES = 10_000;

interface Bucket {
  left: number;
  at: number;
}

/** Counts failures; addresses that were quiet are forgotten. */
export class SignInLimit {
  readonly #byAddress = new Map<string, Bucket>();
  readonly #together: Bucket;

  constructor(private readonly now: () => number) {
    this.#together = { left: TOGETHER.tries, at: now() };
  }

  /** Answers the seconds to wait before another try; 0 if it may be made now. */
  wait(address: string): number {
    const bucket = this.#byAddress.get(address);
    const own = bucket ? this.#waitOf(bucket, PER_ADDRESS) : 0;
    return Math.max(own, this.#waitOf(this.#together, TOGETHER));
  }

  /** Notes a try that failed. */
  failed(address: string): void {
    let bucket = this.#byAddress.get(address);
    if (!bucket) {
      if (this.#byAddress.size >= MAX_ADDRESSES) this.#forgetQuiet();
      bucket = { left: PER_ADDRESS.tries, at: this.now() };
      this.#byAddress.set(address, bucket);
    }
    this.#refill(bucket, PER_ADDRESS);
    bucket.left--;
    this.#refill(this.#together, TOGETHER);
    this.#together.left--;
  }

  #waitOf(bucket: Bucket, { tries, secondsEach }: typeof PER_ADDRESS): number {
    this.#refill(bucket, { tries, secondsEach });
    return bucket.left >= 1 ? 0 : Math.ceil((1 - bucket.left) * secondsEach);
  }

  #refill(bucket: Bucket, { tries, secondsEach }: typeof PER_ADDRESS): void {
    const now = this.now();
    bucket.left = Math.min(tries, bucket.left + (now - bucket.at) / 1000 / secondsEach);
    bucket.at = now;
  }

  #forgetQuiet(): void {
    for (const [address, bucket] of this.#byAddress) {
      this.#refill(bucket, PER_ADDRESS);
      if (bucket.left >= PER_ADDRESS.tries) this.#byAddress.delete(address);
    }
    // Where none was quiet, all start anew: memory is bounded, and the limit of all still holds.
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#byAddress.clear();
  }
}
