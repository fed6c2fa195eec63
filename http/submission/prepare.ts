/**
 * The steps of a submission before anything is changed: resolve the version, check access and input,
 * settle the limits.
 *
 * @module
 */
import type { JobAccount, JobLimits, Lane } from "../../actors/job.ts";
import { newJobId } from "../../actors/job_id.ts";
import type { QuotaClaim } from "../../actors/quota_ledger.ts";
import type { Resolved } from "../../registry/catalog.ts";
import { effectiveSettings, type Model } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { countOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { refuseRetired } from "../lifecycle_headers.ts";
import { versionFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import type { Prediction } from "../wire/submission.ts";
import { accountFor } from "./account.ts";
import { heldToPolicy } from "./policy.ts";
import { quotasFor } from "./quotas.ts";
import { type Routed, routed } from "./route.ts";

/** All that is decided of a job before it is handed in. */
export interface Prepared {
  readonly id: string;
  readonly resolved: Resolved;
  /** Undefined where no route decided. */
  readonly route: Routed | undefined;
  /** JSON text. */
  readonly input: string;
  readonly lane: Lane;
  readonly submitter: string;
  readonly limits: JobLimits;
  readonly account: JobAccount | undefined;
  readonly quotas: readonly QuotaClaim[];
}

const WHERE = { model: { pointer: "/model" }, version: { pointer: "/version" } };
const WHERE_IN_PATH = { model: { parameter: "model" }, version: { pointer: "/version" } };

/** Prepares a job for the principal. Throws problems; it changes nothing. */
export function prepare(
  gateway: Gateway,
  principal: Principal,
  modelName: string,
  asked: Prediction,
  headers: Headers,
  modelIn: "body" | "path",
): Prepared {
  const where = modelIn === "body" ? WHERE : WHERE_IN_PATH;
  const named = versionFor(gateway, principal, modelName, asked.version, "run", where);
  const id = newJobId(named.model.tag, gateway.now());
  const route = routed(gateway, principal, asked, headers, id, named);
  const resolved = route?.resolved ?? named;
  const { model, version } = resolved;
  if (version.lifecycle !== undefined) refuseRetired(model, version, gateway.now(), where.version);
  const violations = resolved.validate(asked.input);
  if (violations.length > 0) {
    throw new Problem("invalid-input", {
      detail: `${countOf(violations)}; nothing was queued`,
      errors: violations.map(({ pointer, expected }) => ({
        pointer: "/input" + pointer,
        expected,
      })),
    });
  }
  const input = JSON.stringify(asked.input);
  return {
    id,
    resolved,
    route,
    input,
    lane: asked.lane ?? "interactive",
    submitter: subjectsOf(principal)[0]!,
    limits: heldToPolicy(gateway, version, asked, input, limitsOf(model, asked)),
    account: accountFor(principal, version),
    quotas: quotasFor(gateway, principal, model),
  };
}

const defaultLimits = new WeakMap<Model, JobLimits>();

/** The model's settings; a submission may ask for less of each, and what is more is cut. */
function limitsOf(model: Model, asked: Prediction): JobLimits {
  let limits = defaultLimits.get(model);
  if (!limits) {
    const { concurrency: _c, maxBatchSize: _s, maxBatchDelayMs: _d, ...rest } = effectiveSettings(
      model,
    );
    defaultLimits.set(model, limits = rest);
  }
  const { maxAttempts, runTimeoutSeconds, queueTimeoutSeconds, retentionSeconds } = asked;
  if ((maxAttempts ?? runTimeoutSeconds ?? queueTimeoutSeconds ?? retentionSeconds) === undefined) {
    return limits;
  }
  return {
    ...limits,
    maxAttempts: Math.min(limits.maxAttempts, maxAttempts ?? Infinity),
    runTimeoutSeconds: Math.min(limits.runTimeoutSeconds, runTimeoutSeconds ?? Infinity),
    queueTimeoutSeconds: Math.min(limits.queueTimeoutSeconds, queueTimeoutSeconds ?? Infinity),
    retentionSeconds: Math.min(limits.retentionSeconds, retentionSeconds ?? Infinity),
  };
}
