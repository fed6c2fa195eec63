/**
 * What jobs have taken, as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { pageOf } from "./page.ts";

/** What was taken, of a job or of many. */
export const takenFields = {
  computeSeconds: z.number().openapi({ description: "Run time of attempts." }),
  cpuSeconds: z.number().openapi({ description: "Run time, times processors." }),
  gpuSeconds: z.number().openapi({ description: "Run time, times graphics processors." }),
  cost: z.number().openapi({
    description: "By the prices of the versions, in the operator's currency.",
  }),
};

export const GROUPINGS = ["user", "team", "model"] as const;
export type Grouping = typeof GROUPINGS[number];

export const GroupingSchema = z.enum(GROUPINGS).openapi("UsageGrouping", {
  description: "What the sums are of. A job of a member counts for each of the member's teams.",
});

const DAY_PATTERN = /^20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;

/** A day of UTC. */
export function day(description: string) {
  return z.string().regex(DAY_PATTERN, "a day, such as 2026-11-20").refine(
    (text) => new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) === true,
    "a day that there is",
  ).openapi({
    description,
    format: "date",
    example: "2026-11-20",
  });
}

export const UsageSchema = z.object({
  day: day("A day of UTC."),
  name: z.string().openapi({
    description: "`user:NAME`, `team:NAME`, or a model's name.",
    example: "user:ada",
  }),
  jobs: z.int().openapi({ description: "Jobs that ended on the day, in whatever way." }),
  completed: z.int().openapi({ description: "Those of them that completed." }),
  ...takenFields,
}).openapi("Usage", {
  description: "What was taken on one day. An attempt counts on the day on which it ended.",
  example: {
    day: "2026-11-20",
    name: "user:ada",
    jobs: 12,
    completed: 11,
    computeSeconds: 30.25,
    cpuSeconds: 60.5,
    gpuSeconds: 0,
    cost: 0.0121,
  },
});

export const UsagePageSchema = pageOf("UsagePage", UsageSchema);

export type Usage = z.infer<typeof UsageSchema>;
