/**
 * The check of a version's backend reference before it is registered.
 *
 * @module
 */
import { CONSENSUS_KIND } from "../actors/consensus_model.ts";
import type { BackendReference } from "../registry/model.ts";
import { countOf } from "./errors.ts";
import type { BackendChecks } from "./gateway.ts";
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
