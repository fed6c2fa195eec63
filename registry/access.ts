/**
 * The one place that decides who may do what.
 *
 * @module
 */
import type { ModelAccess } from "./definition.ts";
import { DELEGATED_RIGHTS, type DelegatedRight, type Model, type Version } from "./model.ts";
import { type Principal, subjectsOf } from "./principal.ts";

/** Something one may be allowed to do with a model. */
export type Right = DelegatedRight | "delete" | "see_jobs";

/** What of a model decides who may do what with it. */
export type Shared = Pick<Model, "visibility" | "owners" | "readers" | "delegates">;

/** How much of a job one may see; `metadata` leaves out its input and its result. */
export type JobView = "all" | "metadata" | "none";

/**
 * Decides whether the principal has the right. Superusers and owners have all; readers of a model,
 * and everyone for a public one, may read and run it; delegates have the rights they were given, and
 * with any of them they may read it.
 */
export function can(principal: Principal, right: Right, model: Shared): boolean {
  return principal.superuser || subjectsCan(subjectsOf(principal), right, model);
}

function subjectsCan(subjects: readonly string[], right: Right, model: Shared): boolean {
  if (intersects(subjects, model.owners)) return true;
  if (right === "read" || right === "run") {
    if (model.visibility === "public" || intersects(subjects, model.readers)) return true;
  }
  if (!model.delegates) return false;
  return model.delegates.some(({ to, rights }) =>
    subjects.includes(to) && (right === "read" || (rights as readonly Right[]).includes(right))
  );
}

/**
 * Decides whether someone who may manage a model's access may change it so: superusers and owners
 * as they like; delegates may change the readers, and hand on or take back rights that they have
 * themselves, but neither owners nor visibility. Answers what of it is not theirs to change.
 */
export function refusedChange(
  principal: Principal,
  model: Shared,
  next: ModelAccess,
): keyof ModelAccess | undefined {
  // What only owners have tells them from delegates.
  if (can(principal, "delete", model)) return undefined;
  if (next.visibility !== model.visibility) return "visibility";
  if (!sameEntries(next.owners, model.owners)) return "owners";
  if (next.delegates === undefined) return undefined;
  const before = grantsOf(model.delegates);
  const after = grantsOf(next.delegates);
  const changed = [...before.difference(after), ...after.difference(before)];
  const beyond = changed.some((grant) => {
    const right = DELEGATED_RIGHTS.find((right) => grant.endsWith(` ${right}`))!;
    return !can(principal, right, model);
  });
  return beyond ? "delegates" : undefined;
}

function grantsOf(delegates: ModelAccess["delegates"]): Set<string> {
  return new Set(
    (delegates ?? []).flatMap(({ to, rights }) => rights.map((right) => `${to} ${right}`)),
  );
}

function sameEntries(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).symmetricDifference(new Set(others)).size === 0;
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
export function mayRunChild(rights: ConsensusRights, child: Shared): boolean {
  return rights.superuser || subjectsCan(rights.subjects, "run", child);
}

/** What of a job decides who may see it. */
export interface SeenJob {
  /** `user:NAME`. */
  readonly submitter: string;
  readonly parent?: string;
  /** Entries `user:NAME` or `team:NAME`. */
  readonly sharedWith?: readonly string[];
}

/**
 * Decides how much of a job the principal may see: its submitter and superusers all, those whom it is
 * shared with too, as long as they may read its model, the owners of its model the metadata. A child
 * of a consensus is submitted for the consensus model's owner, but its input is someone else's: the
 * owner sees the metadata. The model is undefined once it is deleted.
 */
export function canSeeJob(
  principal: Principal,
  job: SeenJob,
  model: Shared | undefined,
): JobView {
  if (mayManageJob(principal, job)) return "all";
  const subjects = subjectsOf(principal);
  if (job.submitter === subjects[0]) return "metadata";
  if (!model) return "none";
  if (job.sharedWith && intersects(subjects, job.sharedWith) && can(principal, "read", model)) {
    return "all";
  }
  return can(principal, "see_jobs", model) ? "metadata" : "none";
}

/** True if the job is the principal's own, to share it and whatever else is its submitter's alone. */
export function mayManageJob(principal: Principal, job: SeenJob): boolean {
  return principal.superuser ||
    (job.submitter === subjectsOf(principal)[0] && job.parent === undefined);
}

function intersects(subjects: readonly string[], entries: readonly string[]): boolean {
  for (const entry of entries) if (subjects.includes(entry)) return true;
  return false;
}
