/**
 * The check of a version's backend reference before it is registered.
 *
 * @module
 */
import { CONSENSUS_KIND } from "../actors/consensus/consensus_model.ts";
import type { BackendReference } from "../registry/model.ts";
import type { Principal } from "../registry/principal.ts";
import { mayUseBackend, registeredBackendOf } from "../registry/registered_backend.ts";
import { countOf } from "./errors.ts";
import type { BackendChecks, Gateway } from "./gateway.ts";
import { Problem } from "./problem.ts";

/** Throws 422 for an unknown kind or settings that its adapter cannot honour. */
export function checkBackend(
  backends: BackendChecks,
  reference: BackendReference,
  pointer: string,
): void {
  const kinds = backends.kinds();
  const errors = kinds.includes(reference.kind)
    ? backends.check(reference).map((problem) => ({
      pointer: pointer + problem.pointer,
      expected: problem.expected,
    }))
    : [{ pointer: `${pointer}/kind`, expected: `one of ${[...kinds, CONSENSUS_KIND].join(", ")}` }];
  if (errors.length === 0) return;
  throw new Problem("invalid-definition", { detail: countOf(errors), errors });
}

/** Throws 422 for a registered backend that the caller may not use, as for one that is not there. */
export function checkMayUse(
  catalog: Pick<Gateway["catalog"], "document">,
  principal: Principal,
  reference: BackendReference,
  pointer: string,
): void {
  const found = registeredBackendOf(catalog, reference);
  if (found && mayUseBackend(principal, found.backend)) return;
  const error = { pointer: `${pointer}/backend`, expected: "the name of a registered backend" };
  throw new Problem("invalid-definition", { detail: countOf([error]), errors: [error] });
}
