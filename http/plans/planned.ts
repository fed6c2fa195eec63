/**
 * Makes plans: what an agent asks for, kept until a person confirms it.
 *
 * @module
 */
import { can, type Right } from "../../registry/access.ts";
import type { Plan, PlanContent } from "../../registry/plan_store.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import type { Gateway } from "../gateway.ts";
import { notFound, Problem } from "../problem.ts";
import { hasScope } from "../../registry/scope.ts";

/** What may be planned, and the right that it takes; `create` is everyone's. */
export const PLANNED_RIGHTS = {
  delete_consensus: "delete",
  register_consensus: "edit",
  register_model: "create",
  add_version: "edit",
  set_default_version: "move_default",
  set_access: "manage_access",
  cancel_job: "edit",
} as const satisfies Record<string, Right | "create">;

export type PlannedAction = keyof typeof PLANNED_RIGHTS;

/** How long a plan waits for a confirmation. */
export const PLAN_TTL_MS = 24 * 3600 * 1000;
/** Plans of one user that wait at once. */
const MAX_OPEN = 100;
const MAX_TEXT = 256 * 1024;

/** Keeps a plan of the principal. Throws 409 where too many wait, 413 for one that is too long. */
export async function makePlan(
  { plans, outbox }: Pick<Gateway, "plans" | "outbox">,
  principal: Principal,
  wanted: Omit<PlanContent, "rights"> & { readonly action: PlannedAction },
): Promise<Plan> {
  const planner = subjectsOf(principal)[0]!;
  const { user, teams, superuser, keyId } = principal;
  const rights = { user, teams, superuser, ...(keyId !== undefined && { keyId }) };
  const content: PlanContent = { ...wanted, rights };
  if (JSON.stringify(content).length > MAX_TEXT) {
    throw new Problem("body-too-large", { detail: `a plan takes at most ${MAX_TEXT} characters` });
  }
  if (await plans.openOf(planner) >= MAX_OPEN) {
    throw new Problem("too-many", { detail: `${MAX_OPEN} plans of ${planner} wait already` });
  }
  const plan = await plans.create(planner, content, PLAN_TTL_MS);
  await outbox?.add({ ...planEvent(plan, planner, "made", principal), after: plan.after });
  return plan;
}

/** An event of the audit trail about a plan. */
export function planEvent(
  { id, digest, model, before, action, client }: Plan,
  actor: string,
  what: "made" | "applied" | "failed" | "rejected",
  { keyId }: Principal,
) {
  return {
    action: `plan.${what}`,
    actor,
    subject: `plan:${id}`,
    model,
    provenance: JSON.stringify({ plan: id, digest, action }),
    before: JSON.stringify(before),
    ...(keyId !== undefined && { key: keyId }),
    ...(client !== undefined && { client }),
  };
}

/**
 * True for those who may know of a plan: who asked for it, superusers, and whoever has the right to
 * do it themselves.
 */
export function maySeePlan(
  { catalog }: Pick<Gateway, "catalog">,
  principal: Principal,
  { planner, action, model }: Plan,
): boolean {
  if (principal.superuser || planner === subjectsOf(principal)[0]) return true;
  const right = PLANNED_RIGHTS[action as PlannedAction];
  const found = catalog.model(model);
  return found !== undefined && right !== "create" && can(principal, right, found);
}

/** Answers a plan by its id. Throws 404, for those of others too. */
export async function planFor(
  gateway: Pick<Gateway, "catalog" | "plans">,
  principal: Principal,
  id: string,
): Promise<Plan> {
  const plan = await gateway.plans.get(id);
  if (plan && maySeePlan(gateway, principal, plan)) return plan;
  throw notFound("plan", id);
}

/**
 * True for keys that may confirm: those that name the scope `approve`. A person who is signed in to
 * the panel may too, unless it is with a key that is limited to less, such as an agent's.
 */
export function mayApprove(principal: Principal, way: "api" | "panel"): boolean {
  return hasScope(principal, "approve") || (way === "panel" && principal.scopes === undefined);
}
