/**
 * For whom models are registered.
 *
 * @module
 */
import { type Principal, subjectsOf } from "../registry/principal.ts";
import { Problem } from "./problem.ts";

/** Throws 403 for owners that only a superuser may name. */
export function checkOwners(principal: Principal, owners: readonly string[] | undefined): void {
  if (!owners || principal.superuser) return;
  const own = subjectsOf(principal);
  const foreign = owners.findIndex((owner) => !own.includes(owner));
  if (foreign === -1) return;
  throw new Problem("forbidden", {
    detail: "only superusers register models for others",
    errors: [{ pointer: `/owners/${foreign}`, expected: `one of ${own.join(", ")}` }],
  });
}
