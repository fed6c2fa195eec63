/**
 * How the instances of registered backends stand in this process, as Prometheus text. Instances are
 * numbered in their order: their addresses are for superusers.
 *
 * @module
 */
import type { InstanceState } from "../../actors/balance/instance_pool.ts";
import type { Principal } from "../../registry/principal.ts";
import { mayUseBackend } from "../../registry/registered_backend.ts";
import type { Operations } from "../gateway.ts";
import type { Label, PrometheusText } from "./metrics.ts";

const METRICS: readonly (readonly [string, string, (state: InstanceState) => number])[] = [
  [
    "model_gateway_backend_instance_up",
    "1 while the instance takes calls of this process: its checks pass and its circuit is not open.",
    ({ well, circuit }) => well && circuit !== "open" ? 1 : 0,
  ],
  [
    "model_gateway_backend_calls_in_flight",
    "Calls of this process under way on the instance.",
    ({ inFlight }) => inFlight,
  ],
];

/** Writes the instances of the backends that this process has called and the principal may use. */
export function renderBackendMetrics(
  { instances }: Pick<Operations, "instances">,
  principal: Principal | undefined,
  text: PrometheusText,
): void {
  if (!principal || !instances) return;
  const shown = instances().filter(({ backend }) => mayUseBackend(principal, backend));
  if (shown.length === 0) return;
  for (const [name, help, read] of METRICS) {
    text.head(name, "gauge", help);
    for (const { name: backend, states } of shown) {
      states.forEach((state, i) => {
        const labels: Label[] = [["backend", backend], ["instance", String(i)]];
        text.sample(name, labels, read(state));
      });
    }
  }
}
