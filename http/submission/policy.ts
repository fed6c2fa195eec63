/**
 * The step of a submission that holds it to the administrator's policy. Costs one look-up where none
 * is set.
 *
 * @module
 */
import type { JobLimits } from "../../actors/job.ts";
import type { Document } from "../../registry/document.ts";
import type { Version } from "../../registry/model.ts";
import { type Policy, POLICY_NAME, settingFaults, withinPolicy } from "../../registry/policy.ts";
import type { Problem as Fault } from "../../registry/registry.ts";
import { countOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { backendFaultsOf } from "../policy_check.ts";
import { Problem } from "../problem.ts";
import type { Prediction } from "../wire/submission.ts";

const encoder = new TextEncoder();

/**
 * Answers the limits of a job within the policy. Throws 422 for an input, a setting asked for or a
 * version's backend that it forbids.
 */
export function heldToPolicy(
  { catalog }: Pick<Gateway, "catalog">,
  version: Version,
  asked: Prediction,
  input: string,
  limits: JobLimits,
): JobLimits {
  const document = catalog.document("policy", POLICY_NAME);
  if (!document) return limits;
  const policy = document.value as Policy;
  const errors = [
    ...inputFaults(policy, input),
    ...settingFaults(policy, asked, ""),
    ...versionFaults(catalog, document, version),
  ];
  if (errors.length > 0) {
    const detail = `${countOf(errors)}; nothing was queued`;
    throw new Problem("policy-violated", { detail, errors });
  }
  return withinPolicy(policy, limits);
}

function inputFaults({ maxInputBytes }: Policy, input: string): Fault[] {
  // A character is at most three bytes: the exact count is for those that are near.
  if (maxInputBytes === undefined || 3 * input.length <= maxInputBytes) return [];
  if (encoder.encode(input).length <= maxInputBytes) return [];
  return [{ pointer: "/input", expected: `at most ${maxInputBytes} bytes of JSON, by policy` }];
}

interface Verdict {
  readonly policy: Document;
  /** The registry as it was: a registered backend may have changed since. */
  readonly revision: number;
  readonly faults: Fault[];
}

const verdicts = new WeakMap<Version, Verdict>();

/** A version may be older than the policy. */
function versionFaults(
  catalog: Gateway["catalog"],
  policy: Document,
  version: Version,
): Fault[] {
  const { revision } = catalog;
  const known = verdicts.get(version);
  if (known?.policy === policy && known.revision === revision) return known.faults;
  const { backend } = version;
  const faults = backendFaultsOf(catalog, policy.value as Policy, backend, "").map(
    ({ expected }) => ({ pointer: "/version", expected: `a version that runs on ${expected}` }),
  );
  verdicts.set(version, { policy, revision, faults });
  return faults;
}
