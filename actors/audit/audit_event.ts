/**
 * The events of the audit trail: flat, so that a table reader makes the same columns of every file;
 * what has a shape of its own is JSON text.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { Change } from "../../registry/change_log.ts";
import type { UnauditedStep } from "../job_queue.ts";

/** One line of the trail. Times are ISO 8601 in UTC. */
export interface AuditEvent {
  /** The same event has the same id, should it ever be written twice. */
  readonly id: string;
  readonly at: string;
  /**
   * `job.queued`, `job.completed`, ...; `registry.create_model`, ...; `tool.search_models`, ...;
   * `plan.made`, `plan.applied`, ...; `chat.answered`; `trail.removed`.
   */
  readonly action: string;
  /** Who did it, such as `user:ada`; `system` for what the gateway does by itself. */
  readonly actor: string;
  /** What it was done to: `job:ID`, `model:NAME`, `key:ID`, ... */
  readonly subject: string;
  readonly model?: string;
  readonly version?: string;
  readonly lane?: string;
  readonly attempt?: number;
  readonly worker?: string;
  /** The id of the API key, of a submission or a tool's call. */
  readonly key?: string;
  /** The agent or program, of a submission or a tool's call. */
  readonly client?: string;
  /** The job that this one is a child of. */
  readonly parent?: string;
  /** `sha256:` and the digest of {@link input}, also where the input itself is not kept. */
  readonly inputDigest?: string;
  /** JSON text. */
  readonly input?: string;
  readonly resultDigest?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** JSON text: how the job came to be. */
  readonly provenance?: string;
  /** JSON text: what there was. */
  readonly before?: string;
  /** JSON text: what there is now. */
  readonly after?: string;
  readonly reason?: string;
}

const BY_THE_SYSTEM = "system";

/** An event of a job's life; `keepInput` is false where the model says so. */
export function jobEvent(
  { jobId, step, transition, job, caller, input, result, sharing }: UnauditedStep,
  keepInput: boolean,
): AuditEvent {
  const state = transition?.state ?? "unknown";
  const isSubmission = input !== undefined || caller !== undefined;
  const actor = transition?.by ?? (isSubmission ? job?.submitter : undefined) ?? BY_THE_SYSTEM;
  const { error, worker } = transition ?? {};
  return {
    id: `job:${jobId}:${step}`,
    at: new Date(transition?.at ?? 0).toISOString(),
    action: `job.${state}`,
    actor,
    subject: `job:${jobId}`,
    ...(job && { model: job.model, version: job.version, lane: job.lane }),
    ...(transition && transition.attempt > 0 && { attempt: transition.attempt }),
    ...(worker !== undefined && { worker }),
    ...(caller?.keyId !== undefined && { key: caller.keyId }),
    ...(caller?.client !== undefined && { client: caller.client }),
    ...(job?.parent !== undefined && { parent: job.parent }),
    ...(input !== undefined && { inputDigest: digestOf(input) }),
    ...(input !== undefined && keepInput && { input }),
    ...(result !== undefined && { resultDigest: digestOf(result) }),
    ...(error && { errorCode: error.code, errorMessage: error.message }),
    ...(sharing && {
      before: JSON.stringify(sharing.before),
      after: JSON.stringify(sharing.after),
      ...(sharing.reason !== undefined && { reason: sharing.reason }),
    }),
    ...(job?.provenance && { provenance: JSON.stringify(job.provenance) }),
  };
}

/** An event of a change to the registry. */
export function changeEvent(change: Change): AuditEvent {
  const { seq, at, actor, action, subject, before, after, reason } = change;
  return {
    id: `change:${seq}`,
    at: new Date(at).toISOString(),
    action: `registry.${action}`,
    actor,
    subject,
    ...(subject.startsWith("model:") && { model: subject.slice("model:".length) }),
    ...(before !== undefined && { before: JSON.stringify(before) }),
    ...(after !== undefined && { after: JSON.stringify(after) }),
    ...(reason !== undefined && { reason }),
  };
}

function digestOf(text: string): string {
  return `sha256:${hash("sha256", text, "hex")}`;
}
