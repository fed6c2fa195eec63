/**
 * Finds what a request names, as far as the caller may know of it: what is not shared with them is
 * not there.
 *
 * @module
 */
import type { Job } from "../actors/job.ts";
import { jobIdTag } from "../actors/job_id.ts";
import { can, canSeeJob, type JobView, mayManageJob, type Right } from "../registry/access.ts";
import type { Resolved } from "../registry/catalog.ts";
import type { Model } from "../registry/model.ts";
import type { Principal } from "../registry/principal.ts";
import type { Gateway } from "./gateway.ts";
import { noneLeft } from "./lifecycle_headers.ts";
import { notFound, Problem } from "./problem.ts";
import type { FieldError } from "./wire/problem.ts";

/** A job and how much of it the caller sees. */
export interface VisibleJob {
  readonly job: Job;
  readonly view: Exclude<JobView, "none">;
  /** Undefined once it is deleted. */
  readonly model: Model | undefined;
}

/** Answers a model by its name. Throws 404 for what the caller may not read, 403 for the rest. */
export function modelFor(
  { catalog }: Pick<Gateway, "catalog">,
  principal: Principal,
  name: string,
  right: Right,
  where: Partial<FieldError> = { parameter: "model" },
): Model {
  const model = catalog.model(name);
  if (!model || !can(principal, "read", model)) throw notFound("model", name, where);
  if (right !== "read" && !can(principal, right, model)) throw forbidden(right, model.name);
  return model;
}

/**
 * Answers a version by its name or alias, `default` or `latest`. Throws as {@link modelFor}, 404, and
 * 410 where all versions are retired.
 */
export function versionFor(
  gateway: Pick<Gateway, "catalog">,
  principal: Principal,
  name: string,
  version: string | undefined,
  right: Right,
  where: { readonly model: Partial<FieldError>; readonly version: Partial<FieldError> },
): Resolved {
  const resolved = gateway.catalog.resolve(name, version);
  if (resolved && can(principal, right, resolved.model)) return resolved;
  const model = modelFor(gateway, principal, name, right, where.model);
  const isOneOf = version === undefined || version === "default" || version === "latest";
  if (isOneOf && gateway.catalog.versions(model.name).length > 0) {
    throw noneLeft(model, where.version);
  }
  const what = `version of ${model.name}`;
  throw notFound(what, version ?? "default", where.version);
}

/** Answers a job that the caller may see. Throws 404. */
export async function jobFor(
  { catalog, jobs }: Pick<Gateway, "catalog" | "jobs">,
  principal: Principal,
  id: string,
): Promise<VisibleJob> {
  const job = await jobs.get(id);
  if (!job) throw notFound("job", id);
  const model = catalog.modelByTag(jobIdTag(id));
  const view = canSeeJob(principal, job, model);
  if (view === "none") throw notFound("job", id);
  return { job, view, model };
}

/** Answers a job that the caller may cancel or requeue: their own, or one of a model they edit. */
export async function ownJobFor(
  gateway: Pick<Gateway, "catalog" | "jobs">,
  principal: Principal,
  id: string,
): Promise<VisibleJob> {
  const visible = await jobFor(gateway, principal, id);
  const { job, model } = visible;
  if (mayManageJob(principal, job) || model && can(principal, "edit", model)) return visible;
  throw someoneElses();
}

/** Answers a job that is the caller's to manage: their own. Throws 404, 403. */
export async function submittedJobFor(
  gateway: Pick<Gateway, "catalog" | "jobs">,
  principal: Principal,
  id: string,
): Promise<Job> {
  const { job } = await jobFor(gateway, principal, id);
  if (mayManageJob(principal, job)) return job;
  throw someoneElses();
}

function someoneElses(): Problem {
  return new Problem("forbidden", { detail: "the job is someone else's" });
}

function forbidden(right: Right, model: string): Problem {
  return new Problem("forbidden", {
    detail: `the caller does not have the right to ${right.replaceAll("_", " ")} ${model}`,
  });
}
