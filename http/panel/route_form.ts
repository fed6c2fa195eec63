/**
 * The form of a model's route: what it shows of a route, and the route that it makes.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { Problem } from "../problem.ts";
import type { NewRouteSchema, RouteSpecSchema } from "../wire/route.ts";

export type WireRoute = z.infer<typeof RouteSpecSchema>;
export type NewRoute = z.infer<typeof NewRouteSchema>;

/** The prefix of a split's sliders: the version follows. */
export const SPLIT_PREFIX = "split.";

type Posted = Readonly<Record<string, unknown>>;

/** The steps of a canary as lines: share in percent, seconds, jobs. */
export function stepLines(steps: NonNullable<WireRoute["canary"]>["steps"]): string {
  return steps.map(({ share, holdSeconds, minJobs }) =>
    [share, holdSeconds, minJobs].filter((part) => part !== undefined).join(" ")
  ).join("\n");
}

/**
 * Answers the route that was filled in. What the form does not show of a part that is still there
 * stays as it is in `before`. Throws 422 for texts that cannot be read.
 */
export function routeFrom(posted: Posted, before: WireRoute | undefined): NewRoute {
  const reason = textOf(posted, "reason");
  const rules = rulesOf(posted);
  const canary = canaryOf(posted, before?.canary);
  const shadow = shadowOf(posted, before?.shadow);
  const split = posted.splits === "on" ? splitOf(posted) : [];
  return {
    ...(before?.salt !== undefined && { salt: before.salt }),
    ...keyOf(posted),
    ...(rules.length > 0 && { rules }),
    ...(canary && { canary }),
    ...(split.length > 0 && { split }),
    ...(shadow && { shadow }),
    ...(reason !== "" && { reason }),
  };
}

function splitOf(posted: Posted): NonNullable<WireRoute["split"]> {
  return Object.entries(posted).flatMap(([name, value]) => {
    if (!name.startsWith(SPLIT_PREFIX) || Number(value) === 0) return [];
    return [{ version: name.slice(SPLIT_PREFIX.length), weight: Number(value) }];
  });
}

function keyOf(posted: Posted): Pick<NewRoute, "key"> {
  const by = textOf(posted, "keyBy");
  const name = textOf(posted, "keyName");
  if (by === "") return {};
  return { key: { by: by as "user", ...(name !== "" && { name }) } };
}

function rulesOf(posted: Posted): NonNullable<WireRoute["rules"]> {
  const text = textOf(posted, "rules");
  if (text === "") return [];
  try {
    // The route's own check says what is wrong within.
    return JSON.parse(text) as NonNullable<WireRoute["rules"]>;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new Problem("invalid-request", {
      errors: [{ parameter: "rules", expected: "a JSON array of rules", detail }],
    });
  }
}

function canaryOf(posted: Posted, before: WireRoute["canary"]): WireRoute["canary"] {
  const version = textOf(posted, "canaryVersion");
  if (version === "") return undefined;
  const lines = textOf(posted, "canarySteps").split("\n").filter((line) => line.trim() !== "");
  return {
    ...before,
    version,
    steps: lines.map((line, i) => {
      const [share, holdSeconds, minJobs] = line.trim().split(/[\s,]+/).map(Number);
      if (![share, holdSeconds ?? 0, minJobs ?? 0].every(Number.isFinite)) {
        throw new Problem("invalid-request", {
          errors: [{
            parameter: "canarySteps",
            expected: `percent, seconds and jobs as numbers in line ${i + 1}`,
          }],
        });
      }
      return {
        share: share!,
        holdSeconds: holdSeconds ?? 0,
        ...(minJobs !== undefined && { minJobs }),
      };
    }),
  };
}

function shadowOf(posted: Posted, before: WireRoute["shadow"]): WireRoute["shadow"] {
  const version = textOf(posted, "shadowVersion");
  if (version === "") return undefined;
  return { ...before, version, sample: Number(textOf(posted, "shadowSample")) };
}

function textOf(posted: Posted, name: string): string {
  const value = posted[name];
  return typeof value === "string" ? value.trim().replaceAll("\r\n", "\n") : "";
}
