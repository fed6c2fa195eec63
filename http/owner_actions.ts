/**
 * What owners do with a model beside changing its words: share it, choose what stands for its
 * versions, take versions out of use. Routes and pages do it here.
 *
 * @module
 */
import { refusedChange } from "../registry/access.ts";
import type { Model, Version } from "../registry/model.ts";
import { type Principal, subjectsOf } from "../registry/principal.ts";
import type { ModelAccess, ModelChange, NewLifecycle } from "../registry/registry.ts";
import type { Gateway } from "./gateway.ts";
import { guarded } from "./if_match.ts";
import { modelFor, versionFor } from "./lookup.ts";
import { Problem } from "./problem.ts";
import { requireScope } from "./scope_check.ts";

type Registered = Pick<Gateway, "catalog" | "registry">;

/** Changes who may see and use a model. Throws 403, 404, 412, InvalidDefinition. */
export async function shareModel(
  { catalog, registry }: Registered,
  principal: Principal,
  name: string,
  access: ModelAccess,
  change?: ModelChange,
): Promise<Model> {
  requireScope(principal, "access:write");
  const model = modelFor({ catalog }, principal, name, "manage_access");
  refuseChange(principal, model, access);
  const actor = subjectsOf(principal)[0]!;
  const after = await guarded(registry.setAccess(actor, model.name, access, change));
  await catalog.refresh();
  return after;
}

/** Throws 403 or 422 for a change of access that is not the caller's to make. */
export function refuseChange(principal: Principal, model: Model, access: ModelAccess): void {
  const refused = refusedChange(principal, model, access);
  if (refused) {
    throw new Problem("forbidden", {
      detail: `the caller may not change the ${refused} of ${model.name} so`,
      errors: [{ pointer: `/${refused}`, expected: "what it is now, or an owner" }],
    });
  }
  if (access.owners.length === 0 && model.owners.length > 0 && !principal.superuser) {
    throw new Problem("invalid-definition", {
      detail: "a model that nobody owns is a superuser's to make",
      errors: [{ pointer: "/owners", expected: "one owner at least" }],
    });
  }
}

/**
 * Sets the version that answers when none is named; undefined for the latest. Throws 403, 404, 412,
 * InvalidDefinition.
 */
export async function moveDefault(
  { catalog, registry }: Registered,
  principal: Principal,
  name: string,
  version: string | undefined,
  change?: ModelChange,
): Promise<Model> {
  requireScope(principal, "models:write");
  const model = modelFor({ catalog }, principal, name, "move_default");
  const target = version === undefined
    ? undefined
    : targetIn({ catalog }, principal, model, version);
  const actor = subjectsOf(principal)[0]!;
  const after = await guarded(registry.setDefaultVersion(actor, model.name, target, change));
  await catalog.refresh();
  return after;
}

/** Makes or moves an alias. Throws 403, 404, 409, 412, InvalidDefinition. */
export async function moveAlias(
  { catalog, registry }: Registered,
  principal: Principal,
  name: string,
  alias: string,
  version: string,
  change?: ModelChange,
): Promise<Model> {
  requireScope(principal, "models:write");
  const model = modelFor({ catalog }, principal, name, "move_default");
  const target = targetIn({ catalog }, principal, model, version);
  const actor = subjectsOf(principal)[0]!;
  const after = await guarded(registry.setAlias(actor, model.name, alias, target, change));
  await catalog.refresh();
  return after;
}

/** Deletes an alias. Throws 403, 404, 412, and 409 while the route names it. */
export async function deleteAlias(
  { catalog, registry }: Registered,
  principal: Principal,
  name: string,
  alias: string,
  change?: ModelChange,
): Promise<Model> {
  requireScope(principal, "models:write");
  const model = modelFor({ catalog }, principal, name, "move_default");
  const actor = subjectsOf(principal)[0]!;
  const after = await guarded(registry.deleteAlias(actor, model.name, alias, change));
  await catalog.refresh();
  return after;
}

/**
 * Says when a version goes out of use; undefined takes it back into use. Throws 403, 404, 412,
 * InvalidDefinition, and 409 where the default, an alias or the route leads to it.
 */
export async function ageVersion(
  { catalog, registry }: Registered,
  principal: Principal,
  name: string,
  version: string,
  lifecycle: NewLifecycle | undefined,
  change?: ModelChange,
): Promise<{ readonly model: Model; readonly version: Version }> {
  requireScope(principal, "models:write");
  const model = modelFor({ catalog }, principal, name, "edit");
  const target = targetIn({ catalog }, principal, model, version);
  const actor = subjectsOf(principal)[0]!;
  const after = await guarded(
    registry.setLifecycle(actor, model.name, target, lifecycle, change),
  );
  await catalog.refresh();
  return { model: catalog.model(model.name) ?? model, version: after };
}

/** The name of the version that a name stands for. Throws 404. */
function targetIn(
  { catalog }: Pick<Gateway, "catalog">,
  principal: Principal,
  model: Model,
  version: string,
): string {
  const where = { model: {}, version: { pointer: "/version" } };
  return versionFor({ catalog }, principal, model.name, version, "read", where).version.version;
}
