/**
 * What the audit trail shows of itself.
 *
 * @module
 */
import type { Head } from "../../actors/audit/audit_chain.ts";
import type { Metrics } from "./metrics.ts";

/** Makes a listener that counts what is written to the trail. */
export function observeAudit(metrics: Metrics): (events: number, head: Head) => void {
  const written = metrics.counter("model_gateway_audit_events_total", "Events sealed in the trail.")
    .with();
  const batches = metrics.counter("model_gateway_audit_batches_total", "Batches sealed.").with();
  return (events) => {
    written.add(events);
    batches.add();
  };
}
