/**
 * The one place that decides who may do what.
 *
 * @module
 */
import type { Model, Version } from "./model.ts";
import { type Principal, subjectsOf } from "./principal.ts";

/** Something one may be allowed to do with a model. */
export type Right =
  | "read"
  | "run"
  | "edit"
  | "move_default"
  | "manage_access"
  | "delete"
  | "see_jobs";

/** How much of a job one may see; `metadata` leaves out its input and its result. */
export type JobView = "all" | "metadata" | "none";

/**
 * Decides whether the principal has the right. Superusers and owners have all; readers of a model,
 * and everyone for a public one, may read and run it.
 */
export function can(
  principal: Principal,
  right: Right,
  model: Pick<Model, "visibility" | "owners" | "readers">,
): boolean {
  if (principal.superuser) return true;
  const subjects = subjectsOf(principal);
  if (intersects(subjects, model.owners)) return true;
  if (right !== "read" && right !== "run") return false;
  return model.visibility === "public" || intersects(subjects, model.readers);
}

/** Under whose rights the children of a consensus model run. */
export interface ConsensusRights {
  /** Entries `user:NAME` or `team:NAME`. */
  readonly subjects: readonly string[];
  readonly superuser: boolean;
}

/** The rights of a consensus version: its model's owners' and those of who registered it. */
export function rightsOf(
  model: Pick<Model, "owners">,
  version: Pick<Version, "createdBy" | "backend">,
): ConsensusRights {
  return {
    subjects: [...model.owners, version.createdBy],
    superuser: version.backend.superuser === true,
  };
}

/** Decides whether a consensus model with these rights may run a child. */
export function mayRunChild(
  rights: ConsensusRights,
  child: Pick<Model, "visibility" | "owners" | "readers">,
): boolean {
  return rights.superuser || child.visibility === "public" ||
    intersects(rights.subjects, child.owners) || intersects(rights.subjects, child.readers);
}

/**
 * Decides how much of a job the principal may see: its submitter and superusers all, the owners of
 * its model the metadata. A child of a consensus is submitted for the consensus model's owner, but
 * its input is someone else's: the owner sees the metadata. The model is undefined once it is
 * deleted.
 */
export function canSeeJob(
  principal: Principal,
  job: { readonly submitter: string; readonly parent?: string },
  model: Pick<Model, "visibility" | "owners" | "readers"> | undefined,
): JobView {
  if (principal.superuser) return "all";
  if (job.submitter === subjectsOf(principal)[0]) {
    return job.parent === undefined ? "all" : "metadata";
  }
  return model && can(principal, "see_jobs", model) ? "metadata" : "none";
}

function intersects(subjects: readonly string[], entries: readonly string[]): boolean {
  for (const entry of entries) if (subjects.includes(entry)) return true;
  return false;
}
