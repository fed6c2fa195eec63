/**
 * Routes of models as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import {
  CANARY_DEFAULTS,
  canaryShare,
  type RouteSpec,
  SHADOW_DEFAULTS,
  type StoredRoute,
} from "../../registry/route.ts";
import type { Document } from "../../registry/document.ts";
import type { Problem } from "../../registry/registry.ts";
import { name, prose } from "./names.ts";
import { Reason } from "./reason.ts";

const MAX_RULES = 100;
const MAX_NAMES = 1000;
const DAY = 24 * 3600;

const version = name("A version of the model, or an alias.", "1.0");
const percent = (description: string, least: number) =>
  z.number().min(least).max(100).openapi({ description });

const KeySchema = z.strictObject({
  by: z.enum(["user", "team", "job", "header", "field"]).openapi({
    description:
      "`user`; `team`, the caller's first; `job`, each request by itself; or a `header` " +
      "or a `field` of the input. Who has none of it sticks by the user.",
  }),
  name: z.string().min(1).max(500).optional().openapi({
    description: "Of the header, or the path of the field.",
    example: "/project",
  }),
}).openapi("RouteKey", {
  description: "What requests stick by: the same key goes the same way.",
  example: { by: "field", name: "/project" },
});

const SplitSchema = z.array(
  z.strictObject({ version, weight: percent("Its share in percent.", 0) }).openapi("RouteArm", {
    description: "A version and its share of the traffic.",
    example: { version: "1.0", weight: 100 },
  }),
).min(1).max(50).openapi({
  description: "Shares that add up to 100.",
  example: [{ version: "1.0", weight: 90 }, { version: "2.0", weight: 10 }],
});

const names = z.array(z.string().min(1).max(128)).min(1).max(MAX_NAMES);

const ConditionSchema = z.strictObject({
  field: z.string().max(500).optional().openapi({
    description: "A place in the input: a JSON Pointer, or a JSONPath of one place.",
    example: "/smiles",
  }),
  header: z.string().max(128).optional().openapi({ example: "x-phase" }),
  user: names.optional().openapi({ description: "Any of these users." }),
  team: names.optional().openapi({ description: "Any of these teams." }),
  exists: z.boolean().optional(),
  equals: z.unknown().optional(),
  in: z.array(z.unknown()).min(1).max(MAX_NAMES).optional(),
  range: z.strictObject({ min: z.number().optional(), max: z.number().optional() }).optional()
    .openapi({ description: "Of numbers, both ends included." }),
  pattern: prose(1000).optional().openapi({ description: "RE2, found anywhere in a text." }),
}).openapi("RouteCondition", {
  description: "One of `field`, `header`, `user` and `team`; for the first two also one of " +
    "`exists`, `equals`, `in`, `range` and `pattern`.",
  example: { header: "x-phase", equals: "experimental" },
});

const RuleSchema = z.strictObject({
  name: prose(100).min(1).optional(),
  when: z.array(ConditionSchema).max(50).openapi({
    description: "All must hold; a rule without any takes everything.",
  }),
  version: version.optional(),
  split: SplitSchema.optional(),
}).openapi("RouteRule", {
  description: "Leads to a version, or to a split of its own. The first that matches decides.",
  example: {
    name: "trials",
    when: [{ header: "x-phase", equals: "experimental" }],
    version: "1.0",
  },
});

const CanarySchema = z.strictObject({
  version,
  steps: z.array(z.strictObject({
    share: percent("Of the traffic, in percent.", 0.01),
    holdSeconds: z.number().min(0).max(90 * DAY).openapi({
      description: "The least time before the next step.",
    }),
    minJobs: z.int().min(1).max(1_000_000).optional().openapi({
      description: "The least jobs of the canary that have ended before the next step; " +
        `${CANARY_DEFAULTS.minJobs} where it is not set.`,
    }),
  })).min(1).max(50).openapi({ example: [{ share: 5, holdSeconds: 3600, minJobs: 100 }] }),
  maxErrorRateIncrease: z.number().min(0).max(1).optional().openapi({
    description: "How much more of its attempts may fail than of the others'; " +
      `${CANARY_DEFAULTS.maxErrorRateIncrease} where it is not set.`,
  }),
  maxErrorRate: z.number().min(0).max(1).optional().openapi({
    description: "How much of its attempts may fail, whatever the others do.",
  }),
  maxLatencyRatio: z.number().min(0.1).max(1000).optional().openapi({
    description: "How much longer its runs may take than the others'; " +
      `${CANARY_DEFAULTS.maxLatencyRatio} where it is not set.`,
  }),
  latencySlackMs: z.number().min(0).max(3_600_000).optional().openapi({
    description: `Added to that; ${CANARY_DEFAULTS.latencySlackMs} where it is not set.`,
  }),
  latencyPercentile: z.number().min(1).max(99.9).optional().openapi({
    description: "Which run is compared, of a hundred in order of length; " +
      `${CANARY_DEFAULTS.latencyPercentile} where it is not set.`,
  }),
}).openapi("CanarySpec", {
  description:
    "A version that takes a share of the traffic, which grows by steps while its errors " +
    "and run times hold against those that are not given to it, and goes back to nothing by " +
    "itself when they do not.",
  example: {
    version: "2.0",
    steps: [
      { share: 5, holdSeconds: 3600, minJobs: 100 },
      { share: 50, holdSeconds: 3600, minJobs: 500 },
      { share: 100, holdSeconds: 0 },
    ],
  },
});

const ShadowSchema = z.strictObject({
  version,
  sample: percent("Of the requests, in percent.", 0.01),
  maxPerMinute: z.int().min(1).max(100_000).optional().openapi({
    description: `Most copies per minute and gateway; ${SHADOW_DEFAULTS.maxPerMinute} where it ` +
      "is not set.",
  }),
  value: z.string().max(500).optional().openapi({
    description: "Where the number to compare is in a result; " +
      `\`${SHADOW_DEFAULTS.value}\` where it is not set.`,
    example: "/value",
  }),
  tolerance: z.strictObject({
    absolute: z.number().min(0).optional(),
    relative: z.number().min(0).optional(),
  }).optional().openapi({ description: "Two numbers agree within either; 0 where it is not set." }),
}).openapi("ShadowSpec", {
  description: "A sample of requests runs on another version too, in the batch lane, off the " +
    "caller's quota and callback. Nobody gets the answer; it is compared.",
  example: { version: "2.0", sample: 10, tolerance: { absolute: 0.3 } },
});

const parts = {
  key: KeySchema.optional(),
  salt: prose(100).optional().openapi({
    description: "Goes into every hash; the model's name where it is not set. Another one " +
      "shuffles anew.",
  }),
  rules: z.array(RuleSchema).max(MAX_RULES).optional(),
  canary: CanarySchema.optional(),
  split: SplitSchema.optional(),
  shadow: ShadowSchema.optional(),
};

/** A route with something of everything that goes together. */
export const EXAMPLE_ROUTE = {
  key: { by: "user" as const },
  rules: [{
    name: "trials",
    when: [{ header: "x-phase", equals: "experimental" }],
    version: "2.0",
  }],
  canary: {
    version: "2.0",
    steps: [
      { share: 5, holdSeconds: 3600, minJobs: 100 },
      { share: 100, holdSeconds: 86_400, minJobs: 1000 },
    ],
  },
  shadow: { version: "2.0", sample: 10, tolerance: { absolute: 0.3 } },
};

export const RouteSpecSchema = z.object(parts).openapi("Route", {
  description: "Which version answers a request that names none. Rules are asked first, then the " +
    "canary, then the split; where none decides, the default version answers.",
  example: EXAMPLE_ROUTE,
});

export const NewRouteSchema = z.strictObject({
  ...parts,
  reason: Reason,
}).openapi("NewRoute", {
  description: "The whole route as it is to be. A canary whose settings are the same goes on " +
    "where it is.",
  example: { ...EXAMPLE_ROUTE, reason: "2.0 is tried out" },
});

export const PHASES = ["running", "completed", "rolled_back"] as const;

const canaryHead = {
  version: z.string().openapi({ example: "2.0" }),
  phase: z.enum(PHASES),
  step: z.int().openapi({ description: "The place of the present step, from 0." }),
  share: z.number().openapi({ description: "Its present share in percent.", example: 5 }),
  since: z.iso.datetime().openapi({ description: "When that came to be." }),
  reason: z.string().openapi({ description: "Why it did." }),
};

const exampleCanary = {
  version: "2.0",
  phase: "running" as const,
  step: 0,
  share: 5,
  since: "2026-11-20T10:00:00.000Z",
  reason: "it was set",
};

export const RouteViewSchema = z.object({
  model: z.string().openapi({ example: "esol" }),
  revision: z.int().openapi({ description: "Another one for each change of the route." }),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
  route: RouteSpecSchema,
  canary: z.object(canaryHead).optional().openapi({ description: "How the canary stands." }),
  faults: z.array(z.object({ pointer: z.string(), expected: z.string() })).openapi({
    description: "What cannot be honoured any more, such as a version that was retired: the " +
      "default version answers in its place.",
  }),
}).openapi("RouteView", {
  description: "A model's route.",
  example: {
    model: "esol",
    revision: 17,
    updatedAt: "2026-11-20T10:00:00.000Z",
    updatedBy: "user:ada",
    route: EXAMPLE_ROUTE,
    faults: [],
  },
});

const MeasuresSchema = z.object({
  jobs: z.int().openapi({ description: "Jobs that completed or failed for good." }),
  attempts: z.int(),
  errors: z.int().openapi({ description: "Attempts that failed." }),
  errorRate: z.number().optional(),
  latencyMs: z.number().optional().openapi({ description: "Of the percentile that is compared." }),
}).openapi("ArmMeasures", {
  description: "How the jobs of the present step have gone.",
  example: { jobs: 120, attempts: 121, errors: 1, errorRate: 0.0083, latencyMs: 48 },
});

export const CanaryViewSchema = z.object({
  ...canaryHead,
  canary: MeasuresSchema,
  baseline: MeasuresSchema,
  outlook: z.string().openapi({ description: "What is to come, and what it waits for." }),
}).openapi("CanaryView", {
  description: "How a canary stands, and by what it is judged.",
  example: {
    ...exampleCanary,
    canary: { jobs: 6, attempts: 6, errors: 0, errorRate: 0, latencyMs: 48 },
    baseline: { jobs: 114, attempts: 115, errors: 1, errorRate: 0.0087, latencyMs: 45 },
    outlook: "6 of 100 jobs have ended",
  },
});

export const CanaryActionSchema = z.strictObject({
  action: z.enum(["advance", "rollback", "restart"]).openapi({
    description: "On to the next step at once, back to nothing, or from the first step anew.",
  }),
  reason: Reason,
}).openapi("CanaryAction", {
  description: "What is to become of a canary.",
  example: { action: "rollback", reason: "a customer saw wrong values" },
});

const figures = z.number();
const LatencySchema = z.object({ median: figures, p95: figures });

export const ShadowReportSchema = z.object({
  model: z.string(),
  version: z.string().openapi({ description: "The shadow." }),
  copies: z.object({
    completed: z.int(),
    failed: z.int(),
    expired: z.int(),
    cancelled: z.int(),
  }).openapi({ description: "All that have ended; the latest 1,000 are compared." }),
  pairs: z.int().openapi({ description: "Copies that were compared with their job." }),
  bothCompleted: z.int(),
  primaryFailed: z.int(),
  shadowFailed: z.int(),
  agreement: z.object({ agreed: z.int(), rate: figures }).optional().openapi({
    description: "Equal results, or numbers within the tolerance.",
  }),
  numbers: z.object({
    count: z.int(),
    primaryMean: figures,
    shadowMean: figures,
    meanShift: figures,
    meanAbsoluteDifference: figures,
    rootMeanSquareDifference: figures,
    largestDifference: figures,
    correlation: figures.nullable().openapi({ description: "Pearson's." }),
    rankCorrelation: figures.nullable().openapi({ description: "Spearman's." }),
    meanRankChange: figures.openapi({
      description: "How many places a value moves in the order, as a part of all places.",
    }),
    largestRankChange: figures,
    topTenthKept: figures.openapi({
      description:
        "Of the tenth that is highest by the primary, the part that is so by the shadow.",
    }),
  }).optional().openapi({
    description:
      "The shadow's numbers less the primary's; from 10 pairs on, for fewer would tell " +
      "single results.",
  }),
  latency: z.object({
    primary: LatencySchema,
    shadow: LatencySchema,
    medianRatio: figures.optional(),
  }).optional().openapi({ description: "Run times in milliseconds." }),
  farthest: z.array(z.string()).openapi({
    description: "Ids of the jobs whose numbers are farthest apart.",
  }),
}).openapi("ShadowReport", {
  description: "What a shadow version made of the same inputs.",
  example: {
    model: "logp",
    version: "2.0",
    copies: { completed: 200, failed: 0, expired: 0, cancelled: 0 },
    pairs: 200,
    bothCompleted: 200,
    primaryFailed: 0,
    shadowFailed: 0,
    agreement: { agreed: 131, rate: 0.655 },
    farthest: [],
  },
});

/** Writes a route with what is wrong with it by now. */
export function routeToWire(
  document: Document,
  model: string,
  faults: readonly Problem[],
): z.infer<typeof RouteViewSchema> {
  const stored = document.value as StoredRoute;
  return {
    model,
    revision: document.revision,
    updatedAt: new Date(document.updatedAt).toISOString(),
    updatedBy: document.updatedBy,
    // Read-only here, and not in zod's types.
    route: stored.spec as z.infer<typeof RouteSpecSchema>,
    ...(stored.canary && { canary: canaryHeadOf(stored.spec, stored.canary) }),
    faults: faults.map(({ pointer, expected }) => ({ pointer, expected })),
  };
}

/** Writes how a canary stands. */
export function canaryHeadOf(
  spec: RouteSpec,
  state: NonNullable<StoredRoute["canary"]>,
): NonNullable<z.infer<typeof RouteViewSchema>["canary"]> {
  return {
    version: spec.canary!.version,
    phase: state.phase,
    step: state.step,
    share: canaryShare(spec.canary!, state),
    since: new Date(state.since).toISOString(),
    reason: state.reason,
  };
}
