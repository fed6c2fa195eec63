/**
 * What a worker process shows of its attempts.
 *
 * @module
 */
import type { WorkerEvent } from "../../actors/worker.ts";
import { DURATION_BOUNDS, type Metrics } from "./metrics.ts";

/** Answers a listener that counts attempts, times them, and logs surprises. */
export function observeWorker(
  metrics: Metrics,
  log: { warn(message: string, fields: Readonly<Record<string, unknown>>): void },
): (event: WorkerEvent) => void {
  const ended = metrics.counter(
    "model_gateway_worker_attempts_total",
    "Attempts that this process ended, by model and outcome",
    ["model", "outcome"],
  );
  const seconds = metrics.histogram(
    "model_gateway_worker_attempt_seconds",
    "Time from the claim of a job to the record of its end in this process",
    DURATION_BOUNDS,
    ["model"],
  );
  return (event) => {
    if (event.kind === "attempt") {
      ended.with(event.claim.model, event.outcome).add();
      seconds.with(event.claim.model).observe(event.runMs / 1000);
      return;
    }
    const { claim, error } = event;
    log.warn(event.what, {
      ...(claim ? { job: claim.lease.jobId, model: claim.model, version: claim.version } : {}),
      ...(error === undefined ? {} : { error }),
    });
  };
}
