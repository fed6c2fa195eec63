/**
 * The port to what computes: a kind of backend takes an input and gives an output.
 *
 * To add a kind, write `backends/<kind>.ts` with a {@link Backend} and name it in `program/backends.ts`.
 *
 * @module
 */
import type { BackendReference } from "../registry/model.ts";
import type { JobError, JobProgress } from "./job.ts";

/** One input to compute. */
export interface BackendCall {
  readonly jobId: string;
  /** `jobId:fence`, unique per delivery: an idempotency key for what the backend calls in turn. */
  readonly deliveryId: string;
  readonly model: string;
  readonly version: string;
  readonly backend: BackendReference;
  /** Parsed JSON, already valid by the version's schema. */
  readonly input: unknown;
  /** Fires when the attempt is to stop: cancelled, timed out, or its lease lost. */
  readonly signal: AbortSignal;
  /** When the attempt will be stopped, epoch milliseconds. */
  readonly deadline: number;
  readonly progress: (progress: JobProgress) => void;
  readonly log: (line: string) => void;
  readonly traceparent?: string;
  /** Gateways that the job came through before this one; none where it is not set. */
  readonly hops?: number;
}

/** What came of a call. A failure that another try cannot mend has `retry: false`. */
export type BackendResult = { readonly ok: true; readonly output: unknown } | BackendFailure;

export interface BackendFailure {
  readonly ok: false;
  readonly error: JobError;
  readonly retry: boolean;
  /** True where the request certainly never reached a service, so that another may be asked. */
  readonly unsent?: boolean;
}

/** What is wrong with a setting of a backend reference. */
export interface SettingProblem {
  /** JSON Pointer within the reference, such as `/url`. */
  readonly pointer: string;
  /** What was expected. */
  readonly expected: string;
}

/** A kind of backend. Surprises are thrown; the executor makes them a failed attempt. */
export interface Backend extends AsyncDisposable {
  readonly kind: string;
  /** Checks a version's settings when it is registered; empty when they can be honoured. */
  check(reference: BackendReference): SettingProblem[];
  /** Computes one input. Resolves soon after the signal fires, with the work really stopped. */
  run(call: BackendCall): Promise<BackendResult>;
  /** Computes several inputs of one version in one go, where the kind can; answers in order. */
  runBatch?(calls: readonly BackendCall[]): Promise<BackendResult[]>;
}
