/**
 * The answer of tools that change something: what is now, or the plan that has to be confirmed.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import type { Model } from "../../registry/model.ts";
import type { PlannedRequest } from "../../registry/plan_store.ts";
import { makePlan, type PlannedAction } from "../plans/planned.ts";
import { presentText } from "../plans/present.ts";
import { requireScope, scopeFor } from "../scope_check.ts";
import { PlanSchema, planToWire } from "../wire/plan.ts";
import type { ToolCaller } from "./caller.ts";

const CONFIRMATION = "Nothing has changed yet. A person confirms the plan in the panel, at " +
  "`approveAt`, or with a key that has the scope `approve`; you cannot. Show them the summary, the " +
  "diff and the digest, and ask get_plan how it stands.";

/** The schema of an answer that is one of the two. */
export function changeAnswer<T extends z.ZodRawShape>(done: T) {
  return z.object({
    status: z.enum(["done", "needs_confirmation"]),
    ...done,
    plan: PlanSchema.optional().describe("With `needs_confirmation`: what would be done."),
    note: z.string().optional(),
  });
}

export interface Wanted {
  readonly action: PlannedAction;
  readonly model: string;
  readonly summary: string;
  readonly request: PlannedRequest;
  readonly after: string;
  /** Of what is there, where the registry does not say. */
  readonly before?: string;
}

/**
 * Keeps a plan of what the caller wants. Whether they may do it was decided before, but for the
 * scope of their key, which is decided here: a plan takes no less than doing it. Throws 403.
 */
export async function planned(caller: ToolCaller, wanted: Wanted) {
  const { gateway, principal, client } = caller;
  const { action, model, before = presentText(gateway, action, model) } = wanted;
  requireScope(principal, scopeFor(wanted.request.method, wanted.request.path));
  const plan = await makePlan(gateway, principal, {
    ...wanted,
    before,
    ...(client !== undefined && { client }),
  });
  const wire = planToWire(plan, gateway.now());
  return { status: "needs_confirmation" as const, plan: wire, note: CONFIRMATION };
}

/** True if a change of such a model has to be confirmed. */
export function needsConfirmation(
  { confirmsAll, principal }: Pick<ToolCaller, "confirmsAll" | "principal">,
  model: Pick<Model, "visibility" | "owners" | "readers" | "delegates">,
): boolean {
  return confirmsAll === true || isShared(principal, model);
}

/** True if others than the caller may see or use the model: then a change reaches them. */
function isShared(
  principal: Principal,
  model: Pick<Model, "visibility" | "owners" | "readers" | "delegates">,
): boolean {
  const self = subjectsOf(principal)[0]!;
  const others = (entries: readonly string[]) => entries.some((entry) => entry !== self);
  return model.visibility === "public" || others(model.readers) || others(model.owners) ||
    others((model.delegates ?? []).map(({ to }) => to));
}

/** A request with a JSON body. */
export function jsonRequest(method: string, path: string, body: unknown): PlannedRequest {
  return { method, path, contentType: "application/json", body: JSON.stringify(body) };
}
