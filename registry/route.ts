/**
 * A model's route: which version answers a request that names none.
 *
 * @module
 */

/** What an owner sets. Its parts are asked in this order: rules, canary, split, the default. */
export interface RouteSpec {
  /** What requests stick by; the user where it is not set. */
  readonly key?: RouteKey;
  /** Goes into every hash; the model's name where it is not set. Another one shuffles anew. */
  readonly salt?: string;
  /** The first whose conditions all hold decides. */
  readonly rules?: readonly RouteRule[];
  readonly canary?: CanarySpec;
  /** Weights add up to 100. */
  readonly split?: readonly RouteArm[];
  readonly shadow?: ShadowSpec;
}

/**
 * `user`; `team`, the caller's first; `job`, each by itself; a `header` or a `field` of the input
 * by its name or path. Who has none of it sticks by the user.
 */
export interface RouteKey {
  readonly by: "user" | "team" | "job" | "header" | "field";
  readonly name?: string;
}

/** A version (or an alias) and its share of the traffic in percent. */
export interface RouteArm {
  readonly version: string;
  readonly weight: number;
}

/** Leads to a version, or to a split of its own. */
export interface RouteRule {
  readonly name?: string;
  /** All must hold; a rule without any takes everything. */
  readonly when: readonly RouteCondition[];
  readonly version?: string;
  readonly split?: readonly RouteArm[];
}

/** One test of one thing: exactly one subject, and for a field or a header exactly one test. */
export interface RouteCondition {
  /** A place in the input: a JSON Pointer (`/a/0`) or a JSONPath of one place (`$.a[0]`). */
  readonly field?: string;
  readonly header?: string;
  /** Names of users, any of them. */
  readonly user?: readonly string[];
  /** Names of teams, any of them. */
  readonly team?: readonly string[];
  readonly exists?: boolean;
  readonly equals?: unknown;
  readonly in?: readonly unknown[];
  /** Of numbers, both ends included. */
  readonly range?: { readonly min?: number; readonly max?: number };
  /** RE2, found anywhere in a text. */
  readonly pattern?: string;
}

/** A version that takes a growing share, measured against those that are not given to it. */
export interface CanarySpec {
  readonly version: string;
  readonly steps: readonly CanaryStep[];
  /** How much more of its attempts may fail than of the others'; 0.01 where it is not set. */
  readonly maxErrorRateIncrease?: number;
  /** How much of its attempts may fail, whatever the others do. */
  readonly maxErrorRate?: number;
  /** How much longer its runs may take; 1.5 where it is not set. */
  readonly maxLatencyRatio?: number;
  /** Added to that, in milliseconds, for very short runs; 20 where it is not set. */
  readonly latencySlackMs?: number;
  /** Which run is compared, of a hundred in order of length; 95 where it is not set. */
  readonly latencyPercentile?: number;
}

export interface CanaryStep {
  /** Of the traffic, in percent. */
  readonly share: number;
  /** The least time before the next step. */
  readonly holdSeconds: number;
  /** The least jobs of the canary that have ended before the next step; 20 where it is not set. */
  readonly minJobs?: number;
}

/** A sample of requests also runs on another version; nobody gets the answer. */
export interface ShadowSpec {
  readonly version: string;
  /** Of the requests, in percent. */
  readonly sample: number;
  /** Most copies per minute and gateway; 600 where it is not set. */
  readonly maxPerMinute?: number;
  /** Where the number to compare is in a result, as in conditions; `/value` where it is not set. */
  readonly value?: string;
  /** Two numbers agree within either; 0 where it is not set. */
  readonly tolerance?: { readonly absolute?: number; readonly relative?: number };
}

/** How a canary stands. */
export interface CanaryState {
  /** Names this run of the canary in the queue's counts. */
  readonly run: string;
  readonly phase: "running" | "completed" | "rolled_back";
  /** The place of the present step in the list. */
  readonly step: number;
  /** When that step began, epoch milliseconds. */
  readonly since: number;
  /** Why it is where it is. */
  readonly reason: string;
  /** The others' measures when there were last enough of them. */
  readonly baseline?: ArmMeasures;
}

/** How the jobs that went one way have gone. */
export interface ArmMeasures {
  /** Jobs that completed or failed for good. */
  readonly jobs: number;
  /** Attempts that ended, and those of them that failed. */
  readonly attempts: number;
  readonly errors: number;
  /** The run time of the percentile that is compared, in milliseconds; not set without runs. */
  readonly latencyMs?: number;
}

/** What is kept of a route: the value of its document. */
export interface StoredRoute {
  readonly spec: RouteSpec;
  readonly canary?: CanaryState;
  /** Names this run of the shadow in the queue's counts. */
  readonly shadowRun?: string;
}

/** What holds where a canary does not say. */
export const CANARY_DEFAULTS = {
  maxErrorRateIncrease: 0.01,
  maxLatencyRatio: 1.5,
  latencySlackMs: 20,
  latencyPercentile: 95,
  minJobs: 20,
} as const;

/** What holds where a shadow does not say. */
export const SHADOW_DEFAULTS = { maxPerMinute: 600, value: "/value" } as const;

/** The cohort of jobs by which a step of a canary is measured; see `Cohort` of the job queue. */
export function canaryCohort(
  { run, step }: Pick<CanaryState, "run" | "step">,
  arm: "canary" | "baseline",
): string {
  return `${run}.${step}.${arm}`;
}

/** The canary's present share of the traffic in percent. */
export function canaryShare(spec: CanarySpec, state: CanaryState): number {
  return state.phase === "rolled_back" ? 0 : spec.steps[state.step]?.share ?? 0;
}
