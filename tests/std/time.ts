/**
 * The part of JSR's `@std/testing/time` that the tests use, over `@sinonjs/fake-timers`. To switch
 * to JSR, change one line of the import map.
 *
 * @module
 */
import { install } from "@sinonjs/fake-timers";

/** Replaces `Date` and the timers until it is disposed of. */
export class FakeTime implements Disposable {
  readonly #clock: ReturnType<typeof install>;

  constructor(start: number | Date = Date.now()) {
    this.#clock = install({
      now: start,
      toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
    });
  }

  /** The faked now, epoch milliseconds. */
  get now(): number {
    return Date.now();
  }

  /** Lets time pass, running what falls due. */
  tick(ms = 0): void {
    this.#clock.tick(ms);
  }

  /** Lets time pass, running what falls due and the promises in between. */
  async tickAsync(ms = 0): Promise<void> {
    await this.#clock.tickAsync(ms);
  }

  restore(): void {
    this.#clock.uninstall();
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}
