/**
 * What owners do with a model beside changing its words: share it, choose its default version.
 *
 * @module
 */
import { refusedChange } from "../../registry/access.ts";
import type { Principal } from "../../registry/principal.ts";
import { subjectsOf } from "../../registry/principal.ts";
import type { ModelAccess } from "../../registry/registry.ts";
import type { Gateway } from "../gateway.ts";
import { modelFor, versionFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import { requireScope } from "../scope_check.ts";

type Registered = Pick<Gateway, "catalog" | "registry">;

/** Changes who may see and use a model. Throws 403, 404, InvalidDefinition. */
export async function shareModel(
  { catalog, registry }: Registered,
  principal: Principal,
  name: string,
  access: ModelAccess,
): Promise<void> {
  requireScope(principal, "access:write");
  const model = modelFor({ catalog }, principal, name, "manage_access");
  const refused = refusedChange(principal, model, access);
  if (refused) {
    throw new Problem("forbidden", {
      detail: `the caller may not change the ${refused} of ${model.name} so`,
      errors: [{ pointer: `/${refused}`, expected: "what it is now, or an owner" }],
    });
  }
  await registry.setAccess(subjectsOf(principal)[0]!, model.name, access);
  await catalog.refresh();
}

/** Sets the version that answers when none is named. Throws 403, 404. */
export async function moveDefault(
  { catalog, registry }: Registered,
  principal: Principal,
  name: string,
  version: string,
): Promise<void> {
  requireScope(principal, "models:write");
  const model = modelFor({ catalog }, principal, name, "move_default");
  const where = { model: {}, version: { parameter: "version" } };
  const found = versionFor({ catalog }, principal, model.name, version, "read", where);
  await registry.setDefaultVersion(subjectsOf(principal)[0]!, model.name, found.version.version);
  await catalog.refresh();
}
