/**
 * Refuses what breaks the administrator's policy, and names the field.
 *
 * @module
 */
import { type Policy, policyOf, settingFaults } from "../registry/policy.ts";
import { backendFaults } from "../registry/policy.ts";
import type { BackendReference, JobSettings } from "../registry/model.ts";
import type { Problem as Fault } from "../registry/registry.ts";
import { countOf } from "./errors.ts";
import type { Gateway } from "./gateway.ts";
import { Problem } from "./problem.ts";

type WithCatalog = Pick<Gateway, "catalog">;

/** Throws 422 for settings of a model beyond the policy. */
export function checkSettingsPolicy(
  { catalog }: WithCatalog,
  settings: Partial<JobSettings> | undefined,
): void {
  const policy = policyOf(catalog);
  if (policy && settings) refuse(settingFaults(policy, settings, "/settings"));
}

/** Throws 422 for a backend that the policy forbids, or one registered by name that it refers to. */
export function checkBackendPolicy(
  { catalog }: WithCatalog,
  backend: BackendReference,
  pointer: string,
): void {
  const policy = policyOf(catalog);
  if (policy) refuse(backendFaultsOf(catalog, policy, backend, pointer));
}

/** Answers what the policy forbids of a reference, and of the registered backend that it names. */
export function backendFaultsOf(
  catalog: Pick<Gateway["catalog"], "document">,
  policy: Policy,
  backend: BackendReference,
  pointer: string,
): Fault[] {
  const faults = backendFaults(policy, backend, pointer);
  const name = typeof backend.backend === "string" ? backend.backend : backend.name;
  const shared = typeof name === "string" ? catalog.document("backend", name)?.value : undefined;
  if (typeof shared !== "object" || shared === null) return faults;
  const inner = backendFaults(policy, shared as Readonly<Record<string, unknown>>, "");
  return [...faults, ...inner.map(({ expected }) => ({ pointer, expected }))];
}

function refuse(errors: Fault[]): void {
  if (errors.length === 0) return;
  throw new Problem("policy-violated", { detail: countOf(errors), errors });
}
