/**
 * Decides which version answers a request.
 *
 * @module
 */
import {
  canaryCohort,
  canaryShare,
  type RouteArm,
  type RouteKey,
  type RouteRule,
  type RouteSpec,
  type StoredRoute,
} from "../route.ts";
import { bucketOf, bucketsOf } from "./bucket.ts";
import { compileCondition, type ConditionTest, type RouteRequest } from "./condition.ts";
import type { RouteDecision } from "./decision.ts";
import { parsePath, valueAt } from "./path.ts";

/** What was decided. */
export interface RouteChoice {
  /** As the route names it; undefined for the model's default. */
  readonly version: string | undefined;
  readonly decision: RouteDecision;
  /** Whose measures the job is to count among. */
  readonly cohort?: string;
}

/** Whether a version can answer the request now: it is there, in service, and takes the input. */
export type CanAnswer = (version: string) => boolean;

/** A route made ready; it is made once and asked for every request. */
export interface CompiledRoute {
  readonly stored: StoredRoute;
  readonly decide: (request: RouteRequest, canAnswer: CanAnswer) => RouteChoice;
}

const compiled = new WeakMap<StoredRoute, CompiledRoute>();

/** Answers the compiled route of a document's value; the same for the same value. */
export function compiledRoute(model: string, stored: StoredRoute, revision: number): CompiledRoute {
  let route = compiled.get(stored);
  if (!route) compiled.set(stored, route = compileRoute(model, stored, revision));
  return route;
}

interface CompiledRule {
  readonly rule: RouteRule;
  readonly name: string;
  readonly tests: readonly ConditionTest[];
}

/** Compiles a route that was checked. */
export function compileRoute(model: string, stored: StoredRoute, revision: number): CompiledRoute {
  const { spec, canary } = stored;
  const salt = saltOf(model, spec);
  const keyOf = compileKey(spec.key ?? { by: "user" });
  const rules = (spec.rules ?? []).map((rule, i): CompiledRule => ({
    rule,
    name: rule.name ?? String(i),
    tests: rule.when.map(compileCondition),
  }));
  const share = spec.canary && canary ? bucketsOf(canaryShare(spec.canary, canary)) : 0;
  const measured = canary?.phase === "running";

  const byRule = ({ rule, name }: CompiledRule, request: RouteRequest): RouteChoice => {
    const decision = { revision, by: "rule", rule: name } as const;
    if (!rule.split) return { version: rule.version, decision };
    const bucket = bucketOf(salt, `rule ${name}`, keyOf(request));
    return { version: armAt(rule.split, bucket), decision: { ...decision, bucket } };
  };

  const byCanary = (request: RouteRequest, canAnswer: CanAnswer): RouteChoice => {
    const { version } = spec.canary!;
    const bucket = bucketOf(salt, "canary", keyOf(request));
    const chosen = bucket < share;
    if (chosen && canAnswer(version)) {
      return {
        version,
        decision: { revision, by: "canary", bucket },
        ...(measured && { cohort: canaryCohort(canary!, "canary") }),
      };
    }
    const other = spec.split ? bySplit(spec.split, request) : byDefault;
    if (chosen) return { ...other, decision: { ...other.decision, instead: version } };
    return {
      version: other.version,
      decision: spec.split ? other.decision : { ...other.decision, bucket },
      ...(measured && { cohort: canaryCohort(canary!, "baseline") }),
    };
  };

  const bySplit = (split: readonly RouteArm[], request: RouteRequest): RouteChoice => {
    const bucket = bucketOf(salt, "split", keyOf(request));
    return { version: armAt(split, bucket), decision: { revision, by: "split", bucket } };
  };

  const byDefault: RouteChoice = { version: undefined, decision: { revision, by: "default" } };

  const choose = (request: RouteRequest, canAnswer: CanAnswer): RouteChoice => {
    for (const rule of rules) {
      if (rule.tests.every((test) => test(request))) return byRule(rule, request);
    }
    if (share > 0) return byCanary(request, canAnswer);
    return spec.split ? bySplit(spec.split, request) : byDefault;
  };

  return {
    stored,
    decide(request, canAnswer) {
      const choice = choose(request, canAnswer);
      const { version } = choice;
      // A canary that was chosen has been asked already; what stands for it may not be ready either.
      if (version === undefined || choice.decision.by === "canary" || canAnswer(version)) {
        return choice;
      }
      return { version: undefined, decision: { ...choice.decision, instead: version } };
    },
  };
}

/**
 * Answers what a decision came down to by the route it was made by, from what the decision itself
 * says: undefined for the model's default. It agrees with `RouteChoice.version`.
 */
export function decidedVersion(stored: StoredRoute, decision: RouteDecision): string | undefined {
  const { spec } = stored;
  if (decision.by === "shadow") return spec.shadow?.version;
  if (decision.by === "canary") return spec.canary?.version;
  if (decision.by === "default") return undefined;
  const rule = decision.by === "rule"
    ? spec.rules?.find(({ name }, i) => (name ?? String(i)) === decision.rule)
    : undefined;
  const arms = decision.by === "rule" ? rule?.split : spec.split;
  const version = arms && decision.bucket !== undefined
    ? armAt(arms, decision.bucket)
    : rule?.version;
  return version === decision.instead ? undefined : version;
}

/** What goes into every hash of a route. */
export function saltOf(model: string, spec: RouteSpec): string {
  return spec.salt ?? model.toLowerCase();
}

/** The arm that a bucket falls to: each takes as many as its weight says, in their order. */
export function armAt(arms: readonly RouteArm[], bucket: number): string {
  let end = 0;
  for (const { version, weight } of arms) {
    end += bucketsOf(weight);
    if (bucket < end) return version;
  }
  return arms[arms.length - 1]!.version;
}

/** Keys of different kinds never meet: each is marked by its kind. */
function compileKey({ by, name }: RouteKey): (request: RouteRequest) => string {
  const user = (request: RouteRequest) => `user:${request.user}`;
  switch (by) {
    case "user":
      return user;
    case "team":
      return (request) => request.teams.length > 0 ? `team:${request.teams[0]}` : user(request);
    case "job":
      return (request) => `job:${request.jobId}`;
    case "header":
      return (request) => {
        const text = request.header(name!);
        return text === null ? user(request) : `header:${text}`;
      };
    case "field": {
      const path = parsePath(name!)!;
      return (request) => {
        const value = valueAt(request.input, path);
        return value === undefined ? user(request) : `field:${JSON.stringify(value)}`;
      };
    }
  }
}
