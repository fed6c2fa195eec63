/**
 * One attempt under way in this process, and why it is to stop.
 *
 * @module
 */
import type { Claim } from "./job_queue.ts";

/** `lost`: someone else has the job. `draining`: the process ends before the attempt would. */
export type StopReason = "cancelled" | "timeout" | "lost" | "draining";

export class Attempt {
  readonly claim: Claim;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly deadline: number;
  /** When its lease was last known to be held, monotonic milliseconds. */
  renewedAt: number;
  #reason: StopReason | undefined;
  #stoppedAt = 0;
  #controller: AbortController | undefined;
  #abandon: (() => void) | undefined;

  constructor(claim: Claim, now: number) {
    this.claim = claim;
    this.startedAt = now;
    this.renewedAt = now;
    this.deadline = now + claim.limits.runTimeoutSeconds * 1000;
  }

  /** Made at the first look: most attempts end before anyone asks. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  get reason(): StopReason | undefined {
    return this.#reason;
  }

  /** Asks the work to stop; the first reason stands, but a lost lease overrules the others. */
  stop(reason: StopReason, now: number): void {
    if (this.#reason === undefined) this.#stoppedAt = now;
    if (this.#reason === undefined || reason === "lost") this.#reason = reason;
    this.#controller ??= new AbortController();
    if (!this.#controller.signal.aborted) {
      this.#controller.abort(new DOMException(`attempt stopped: ${reason}`, "AbortError"));
    }
  }

  /** The work's result, or undefined when it is given up on. */
  unlessAbandoned<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#abandon = () => resolve(undefined);
      work.then(resolve, reject);
    });
  }

  /** Gives up on work that goes on `graceMs` after it was asked to stop. */
  abandonAfter(graceMs: number, now: number): boolean {
    if (this.#reason === undefined || !this.#abandon || now - this.#stoppedAt < graceMs) {
      return false;
    }
    this.#abandon();
    this.#abandon = undefined;
    return true;
  }
}
