/**
 * Runs ended jobs again, and judges what came of it.
 *
 * @module
 */
import { isConsensus } from "../actors/consensus/consensus_model.ts";
import type { Job, Tolerance } from "../actors/job.ts";
import { jobIdTag } from "../actors/job_id.ts";
import { ChildVersionGone, recordedVersions } from "../actors/recorded_versions.ts";
import { nothingToCompare, type ReplayVerdict, replayVerdict } from "../actors/replay_verdict.ts";
import { can } from "../registry/access.ts";
import type { Resolved } from "../registry/catalog.ts";
import { isRetired } from "../registry/lifecycle.ts";
import type { Principal } from "../registry/principal.ts";
import { asSeenBy } from "./consensus_view.ts";
import type { Gateway } from "./gateway.ts";
import { Problem } from "./problem.ts";
import { type Accepted, submit } from "./submission.ts";

/** A job that is run again, or why it cannot be. */
export type Replayed =
  | { readonly kind: "submitted"; readonly accepted: Accepted }
  | Extract<ReplayVerdict, { kind: "cannot_run" }>;

/** What of a submission says that the recorded request is not accepted any more. */
const REFUSALS: readonly string[] = ["invalid-input", "policy-violated"];

/** Submits an ended job again, on the version that it ran on. Throws 409 for one that goes on. */
export async function replay(
  gateway: Gateway,
  principal: Principal,
  job: Job,
  tolerance: Tolerance | undefined,
  headers: Headers,
): Promise<Replayed> {
  const missing = nothingToCompare(job) ?? unfitReason(gateway, principal, job);
  if (missing !== undefined) return { kind: "cannot_run", reason: missing };
  try {
    const children = await recordedVersions(gateway.jobs, gateway.catalog, job);
    const facts = {
      of: job.id,
      ...(tolerance && { tolerance }),
      ...(children && { children }),
    };
    const asked = { version: job.version, input: JSON.parse(job.input), lane: job.lane };
    const options = { replay: facts };
    const accepted = await submit(gateway, principal, job.model, asked, headers, options);
    return { kind: "submitted", accepted };
  } catch (error) {
    if (error instanceof ChildVersionGone) return { kind: "cannot_run", reason: error.message };
    if (!(error instanceof Problem) || !REFUSALS.includes(error.kind)) throw error;
    const first = error.details.errors?.[0];
    const detail = first ? `: ${first.pointer}: expected ${first.expected}` : "";
    return { kind: "cannot_run", reason: `it would be refused today${detail}` };
  }
}

/** A model that is gone and one that is not shared any more are told alike. */
function unfitReason(gateway: Gateway, principal: Principal, job: Job): string | undefined {
  const model = gateway.catalog.modelByTag(jobIdTag(job.id));
  if (!model || !can(principal, "run", model)) {
    return "its model is gone, or the caller may not run it any more";
  }
  const resolved = versionOf(gateway, job);
  if (!resolved) return `the version ${job.version} is gone`;
  const { backend, lifecycle } = resolved.version;
  if (isRetired(lifecycle, gateway.now())) return `the version ${job.version} is retired`;
  if (isConsensus(resolved.version)) return undefined;
  const isThere = gateway.backends.kinds().includes(backend.kind) &&
    gateway.backends.answers?.(backend) !== false;
  return isThere ? undefined : `what the version ${job.version} runs on does not answer`;
}

/** The version that a job ran on, of the model that it was: a name may have come again. */
function versionOf({ catalog }: Pick<Gateway, "catalog">, job: Job): Resolved | undefined {
  const model = catalog.modelByTag(jobIdTag(job.id));
  return model && catalog.resolve(model.name, job.version);
}

/** Judges a replay of a job, as its caller sees both. */
export function judgeReplay(
  gateway: Gateway,
  principal: Principal,
  recorded: Job,
  again: Job,
): ReplayVerdict {
  const resolved = versionOf(gateway, recorded);
  return replayVerdict(
    asSeenBy(gateway, principal, recorded),
    asSeenBy(gateway, principal, again),
    again.provenance?.replay?.tolerance,
    resolved !== undefined && isConsensus(resolved.version),
  );
}
