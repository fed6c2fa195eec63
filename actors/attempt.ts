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
    this.#controller.abort(new DOMException(`attempt stopped: ${reason}`, "AbortError"));
  }

  /** Resolves when the work did not stop though asked to, and is given up on. */
  readonly abandoned: Promise<void> = new Promise((resolve) => this.#abandon = resolve);

  /** Gives up on work that goes on `graceMs` after it was asked to stop. */
  abandonAfter(graceMs: number, now: number): boolean {
    if (this.#reason === undefined || now - this.#stoppedAt < graceMs) return false;
    this.#abandon!();
    return true;
  }
}
