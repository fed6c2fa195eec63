/**
 * The port to distributed tracing: spans of a job's way from the request to its backend, all in the
 * trace of whoever asked (W3C Trace Context).
 *
 * @module
 */
import type { NewJob } from "./job.ts";
import type { Claim } from "./job_queue.ts";

/** A span that was begun. */
export interface OpenSpan {
  /** What the next one on the way takes as its parent. */
  readonly traceparent: string;
  /** Ends it; with an error it has failed. */
  end(error?: unknown): void;
}

/** How an attempt ended, as far as its span tells. */
export interface AttemptEnd {
  /** The kind of its outcome, such as `completed`. */
  readonly kind: string;
  readonly error?: { readonly code: string };
}

/** Makes spans. Where nothing is traced there is no such object, and nothing is paid. */
export interface Tracing {
  /** Names the span of the HTTP request under way by its route. */
  nameRequest(method: string, route: string): void;
  /** Begins the span of handing a job to its queue, within the request under way. */
  send(job: Pick<NewJob, "id" | "model" | "version" | "lane">): OpenSpan;
  /**
   * Runs attempts, each in a span under the trace that its job was submitted in. What the body calls
   * belongs to the first of them.
   */
  attempts<T extends AttemptEnd>(
    claims: readonly Claim[],
    body: () => Promise<readonly T[]>,
  ): Promise<readonly T[]>;
}
