/**
 * The port to how a callback is sent.
 *
 * @module
 */
import type { Job } from "./job.ts";
import type { Delivery } from "./job_queue.ts";

/** What came of one try. */
export interface SendResult {
  readonly ok: boolean;
  readonly status?: number;
  readonly error?: string;
  readonly tookMs: number;
  /** The receiver asked to be left alone for so long. */
  readonly retryAfterMs?: number;
  /** The receiver asked never to be called again. */
  readonly gone?: boolean;
}

export interface CallbackSender {
  /** Sends one delivery once; expected failures are in the result. `job` is gone past its retention. */
  send(delivery: Delivery, job: Job | undefined, signal: AbortSignal): Promise<SendResult>;
}
