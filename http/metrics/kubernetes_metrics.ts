/**
 * What a scheduler shows of the workers that it keeps on Kubernetes.
 *
 * @module
 */
import type { Metrics } from "./metrics.ts";

/** Answers a listener that counts what could not be done, and hands it on. */
export function observeKubernetes(
  metrics: Metrics,
  onFault: (what: string, error: unknown) => void,
): (what: string, error: unknown) => void {
  const faults = metrics.counter(
    "model_gateway_kubernetes_faults_total",
    "What could not be read, applied or deleted on Kubernetes, each told once.",
  ).with();
  return (what, error) => {
    faults.add();
    onFault(what, error);
  };
}
