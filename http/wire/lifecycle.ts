/**
 * When versions go out of use, as it goes over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { stateAt } from "../../registry/lifecycle.ts";
import type { Lifecycle } from "../../registry/model.ts";
import type { NewLifecycle } from "../../registry/registry.ts";
import { name } from "./names.ts";
import { Reason } from "./reason.ts";

const date = (description: string, example: string) =>
  z.iso.datetime({ offset: true }).optional().openapi({ description, example });

const successor = name("The version to use instead.", "2.0").optional();

/** The dates, without a reason. */
export const LIFECYCLE_FIELDS = {
  deprecatedAt: date(
    "From when on it is not to be used for anything new; now where it is not set.",
    "2026-12-01T00:00:00Z",
  ),
  retiresAt: date(
    "From when on it is refused; never where it is not set. Nothing may lead to it any more: " +
      "neither the default, nor an alias, nor the route.",
    "2099-06-01T00:00:00Z",
  ),
  successor,
};

export const NewLifecycleSchema = z.strictObject({ ...LIFECYCLE_FIELDS, reason: Reason }).openapi(
  "NewLifecycle",
  {
    description: "When a version is to go out of use.",
    example: { deprecatedAt: "2026-12-01T00:00:00Z", reason: "2.0 is better on salts" },
  },
);

export const LifecycleSchema = z.object({
  state: z.enum(["active", "deprecated", "retired"]).openapi({
    description: "`active` until it is deprecated; `retired` versions are refused.",
  }),
  deprecatedAt: z.iso.datetime(),
  retiresAt: z.iso.datetime().optional(),
  successor,
}).openapi("Lifecycle", {
  description: "When a version goes out of use; not there for one that stays.",
  example: { state: "deprecated", deprecatedAt: "2026-11-01T00:00:00.000Z", successor: "2.0" },
});

/** Reads dates that were handed in. */
export function lifecycleFromWire(
  given: Pick<z.infer<typeof NewLifecycleSchema>, "deprecatedAt" | "retiresAt" | "successor">,
): NewLifecycle {
  const { deprecatedAt, retiresAt, successor } = given;
  return {
    ...(deprecatedAt !== undefined && { deprecatedAt: Date.parse(deprecatedAt) }),
    ...(retiresAt !== undefined && { retiresAt: Date.parse(retiresAt) }),
    ...(successor !== undefined && { successor }),
  };
}

/** Writes where a version stands at a time. */
export function lifecycleToWire(
  lifecycle: Lifecycle,
  now: number,
): z.infer<typeof LifecycleSchema> {
  const { deprecatedAt, retiresAt, successor } = lifecycle;
  return {
    state: stateAt(lifecycle, now),
    deprecatedAt: new Date(deprecatedAt).toISOString(),
    ...(retiresAt !== undefined && { retiresAt: new Date(retiresAt).toISOString() }),
    ...(successor !== undefined && { successor }),
  };
}
