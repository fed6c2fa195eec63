/**
 * The step of a submission that asks the model's route which version answers.
 *
 * @module
 */
import type { NewJob } from "../../actors/job.ts";
import type { Resolved } from "../../registry/catalog.ts";
import { isRetired } from "../../registry/lifecycle.ts";
import type { Principal } from "../../registry/principal.ts";
import { SHADOW_DEFAULTS, type StoredRoute } from "../../registry/route.ts";
import { bucketOf, bucketsOf } from "../../registry/route/bucket.ts";
import { compiledRoute, saltOf } from "../../registry/route/decide.ts";
import type { Gateway } from "../gateway.ts";
import type { Prediction } from "../wire/submission.ts";

/** What a route made of a request. */
export interface Routed {
  readonly resolved: Resolved;
  /** For the job's record. */
  readonly record: Pick<NewJob, "provenance" | "cohort">;
  readonly shadow?: ShadowPlan;
}

/** That a copy of the job is to run on another version. */
export interface ShadowPlan {
  readonly target: Resolved;
  /** The cohort that copies are counted in. */
  readonly run: string;
  readonly revision: number;
  readonly maxPerMinute: number;
}

/**
 * Answers which version the model's route chooses; undefined where it has none, or where the caller
 * named a version. `named` is what the request stands for without a route.
 */
export function routed(
  gateway: Gateway,
  { user, teams }: Principal,
  asked: Prediction,
  headers: Headers,
  jobId: string,
  named: Resolved,
): Routed | undefined {
  const { catalog, backends } = gateway;
  const model = named.model.name;
  const document = catalog.document("route", model);
  if (document === undefined) return undefined;
  if (asked.version !== undefined && asked.version !== "default") return undefined;
  const { revision } = document;
  const stored = document.value as StoredRoute;
  const { input } = asked;
  const request = { user, teams, input, jobId, header: (name: string) => headers.get(name) };
  const route = compiledRoute(model, stored, revision);
  const { version, decision, cohort } = route.decide(request, (name) => {
    const target = catalog.resolve(model, name);
    return target !== undefined && !isRetired(target.version.lifecycle, gateway.now()) &&
      backends.answers?.(target.version.backend) !== false &&
      target.validate(input).length === 0;
  });
  const resolved = version === undefined ? named : catalog.resolve(model, version)!;
  const shadow = shadowPlan(gateway, stored, revision, jobId, resolved);
  return {
    resolved,
    record: { provenance: { route: decision }, ...(cohort !== undefined && { cohort }) },
    ...(shadow && { shadow }),
  };
}

/** Samples by the job's id, which is as good as chance and comes out the same in a replay. */
function shadowPlan(
  { catalog, now }: Gateway,
  { spec, shadowRun }: StoredRoute,
  revision: number,
  jobId: string,
  { model, version }: Resolved,
): ShadowPlan | undefined {
  const { shadow } = spec;
  if (!shadow || shadowRun === undefined) return undefined;
  const bucket = bucketOf(saltOf(model.name, spec), "shadow", jobId);
  if (bucket >= bucketsOf(shadow.sample)) return undefined;
  const target = catalog.resolve(model.name, shadow.version);
  if (!target || target.version.ordinal === version.ordinal) return undefined;
  if (isRetired(target.version.lifecycle, now())) return undefined;
  const maxPerMinute = shadow.maxPerMinute ?? SHADOW_DEFAULTS.maxPerMinute;
  return { target, run: shadowRun, revision, maxPerMinute };
}
