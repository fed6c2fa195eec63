/**
 * Refuses what breaks the administrator's policy, and names the field.
 *
 * @module
 */
import { type Policy, policyOf, settingFaults } from "../registry/policy.ts";
import { backendFaults } from "../registry/policy.ts";
import type { SettingsPatch } from "../registry/definition.ts";
import type { BackendReference } from "../registry/model.ts";
import { type RegisteredBackend, registeredBackendOf } from "../registry/registered_backend.ts";
import type { Problem as Fault } from "../registry/registry.ts";
import { countOf } from "./errors.ts";
import type { Gateway } from "./gateway.ts";
import { Problem } from "./problem.ts";

type WithCatalog = Pick<Gateway, "catalog">;

/** Throws 422 for settings of a model beyond the policy. */
export function checkSettingsPolicy(
  { catalog }: WithCatalog,
  settings: SettingsPatch | undefined,
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

/** Throws 422 for instances of a registered backend that the policy forbids. */
export function checkServicePolicy({ catalog }: WithCatalog, backend: RegisteredBackend): void {
  const policy = policyOf(catalog);
  if (policy) refuse(backendFaults(policy, { ...backend }, ""));
}

/** Answers what the policy forbids of a reference, and of the registered backend that it names. */
export function backendFaultsOf(
  catalog: Pick<Gateway["catalog"], "document">,
  policy: Policy,
  backend: BackendReference,
  pointer: string,
): Fault[] {
  const faults = backendFaults(policy, backend, pointer);
  const shared = registeredBackendOf(catalog, backend)?.backend;
  if (!shared) return faults;
  const inner = backendFaults(policy, { ...shared }, "");
  return [...faults, ...inner.map(({ expected }) => ({ pointer, expected }))];
}

function refuse(errors: Fault[]): void {
  if (errors.length === 0) return;
  throw new Problem("policy-violated", { detail: countOf(errors), errors });
}
