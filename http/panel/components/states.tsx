/**
 * How something stands, in a word and a sign: never by colour alone.
 *
 * @module
 */
import type { Health } from "../model_health.ts";

const JOB_SIGNS: Readonly<Record<string, readonly [sign: string, tone: string]>> = {
  queued: ["○", "plain"],
  running: ["▶", "warn"],
  retrying: ["↻", "warn"],
  completed: ["✓", "good"],
  failed: ["✕", "bad"],
  cancelled: ["⊘", "plain"],
  expired: ["⌛", "bad"],
};

/** Where a job stands. */
export function JobState({ status }: { readonly status: string }) {
  const [sign, tone] = JOB_SIGNS[status] ?? ["", "plain"];
  return (
    <span class={`state ${tone}`}>
      <span aria-hidden="true">{sign}</span> {status}
    </span>
  );
}

const HEALTH_SIGNS: Readonly<Record<Health, readonly [sign: string, tone: string, why: string]>> = {
  idle: ["○", "plain", "nothing goes on"],
  healthy: ["✓", "good", "jobs complete"],
  behind: ["⌛", "warn", "a job has waited for more than a minute"],
  failing: ["✕", "bad", "more than a fifth of the jobs of the last hour did not complete"],
  unknown: ["?", "plain", "the queue does not answer"],
};

/** How a model does. */
export function ModelHealth({ health }: { readonly health: Health }) {
  const [sign, tone, why] = HEALTH_SIGNS[health];
  return (
    <span class={`state ${tone}`} title={why}>
      <span aria-hidden="true">{sign}</span> {health}
    </span>
  );
}
