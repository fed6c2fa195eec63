/**
 * The check of a version before it is registered, whatever it runs on.
 *
 * @module
 */
import { CONSENSUS_KIND } from "../actors/consensus/consensus_model.ts";
import type { NewVersion } from "../registry/definition.ts";
import type { Principal } from "../registry/principal.ts";
import { REGISTERED_KIND } from "../registry/registered_backend.ts";
import { checkBackend, checkMayUse } from "./backend_check.ts";
import { consensusVersion } from "./consensus/prepare.ts";
import type { Gateway } from "./gateway.ts";
import { checkBackendPolicy } from "./policy_check.ts";

/**
 * Answers the version as it is to be registered. `pointer` leads to it in the body. Throws 422 for a
 * backend that cannot be honoured, and every problem of a consensus.
 */
export async function checkedVersion(
  { catalog, backends }: Pick<Gateway, "catalog" | "backends">,
  principal: Principal,
  model: { readonly name: string; readonly owners?: readonly string[] },
  version: NewVersion,
  pointer: string,
): Promise<NewVersion> {
  if (version.backend.kind === CONSENSUS_KIND) {
    await catalog.refresh();
    return consensusVersion({ catalog }, principal, model, version, pointer);
  }
  if (version.backend.kind === REGISTERED_KIND) {
    await catalog.refresh();
    checkMayUse(catalog, principal, version.backend, `${pointer}/backend`);
  }
  checkBackend(backends, version.backend, `${pointer}/backend`);
  checkBackendPolicy({ catalog }, version.backend, `${pointer}/backend`);
  return version;
}
