/**
 * Plans: changes that agents ask for. They are applied here, or in the panel, and nowhere else.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Plan, PlanPlace } from "../../registry/plan_store.ts";
import type { Principal } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { applyPlan, rejectPlan } from "../plans/apply_plan.ts";
import { mayApprove, maySeePlan, planFor } from "../plans/planned.ts";
import { Problem } from "../problem.ts";
import {
  ApprovalSchema,
  PlanPageSchema,
  PlanParams,
  PlanSchema,
  planStatus,
  PlanStatusSchema,
  planToWire,
  RejectionSchema,
} from "../wire/plan.ts";
import { cursorParameter, DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";

const common = { tags: [TAGS.plans.name], security: SECURED };
const PATH = "/v1/plans";
const PAGE = 200;
/** Pages that one request looks through for plans that the caller may see. */
const MAX_PAGES = 10;

const list = createRoute({
  ...common,
  method: "get",
  path: PATH,
  operationId: "listPlans",
  summary: "List plans",
  description: "Lists the plans that the caller asked for or may do, the newest first.",
  request: {
    query: z.strictObject({
      status: PlanStatusSchema.optional(),
      limit: limitParameter,
      cursor: cursorParameter,
    }),
  },
  responses: {
    200: { description: "A page of plans.", content: json(PlanPageSchema) },
    ...problems({ 401: true, 422: true }),
  },
});

const read = createRoute({
  ...common,
  method: "get",
  path: `${PATH}/{id}`,
  operationId: "getPlan",
  summary: "Read a plan",
  description: "Answers what would be done, and how the plan stands.",
  request: { params: PlanParams },
  responses: {
    200: { description: "The plan.", content: json(PlanSchema) },
    ...problems({ 401: true, 404: true }),
  },
});

const decided = {
  200: { description: "The plan as it is now.", content: json(PlanSchema) },
  ...problems({
    ...BODY_REFUSALS,
    401: true,
    403: "The key lacks the scope `approve`.",
    404: true,
    409: "It waits no more, the digest is another, or what it would change has changed.",
  }),
};

const apply = createRoute({
  ...common,
  method: "post",
  path: `${PATH}/{id}/apply`,
  operationId: "applyPlan",
  summary: "Confirm a plan",
  description: "Does what the plan says, once, under the rights of the caller, whose key has to " +
    "have the scope `approve`. `status` says whether it was applied or failed.",
  request: { params: PlanParams, body: { required: true, content: json(ApprovalSchema) } },
  responses: decided,
});

const reject = createRoute({
  ...common,
  method: "post",
  path: `${PATH}/{id}/reject`,
  operationId: "rejectPlan",
  summary: "Reject a plan",
  description: "Ends a plan without doing it.",
  request: { params: PlanParams, body: { required: true, content: json(RejectionSchema) } },
  responses: decided,
});

/** Adds the operations on plans. */
export function planRoutes(app: Api, gateway: Gateway): void {
  const { limits, now } = gateway;

  app.openapi(list, async (c) => {
    const { status, limit = DEFAULT_PAGE, cursor } = c.req.valid("query");
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    const fits = (plan: Plan) => status === undefined || planStatus(plan, now()) === status;
    const page = await visiblePlans(gateway, c.get("principal"), fits, limit, after);
    const { plans, next } = page;
    return c.json({
      items: plans.map((plan) => planToWire(plan, now())),
      ...(next && { nextCursor: `${next.createdAt}.${next.id}` }),
    }, 200);
  });

  app.openapi(read, async (c) => {
    const plan = await planFor(gateway, c.get("principal"), c.req.valid("param").id);
    return c.json(planToWire(plan, now()), 200);
  });

  app.openapi({ ...apply, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    requireApproval(principal);
    const plan = await planFor(gateway, principal, c.req.valid("param").id);
    const { digest, reason } = c.req.valid("json");
    const after = await applyPlan(app, gateway, principal, plan, digest, reason);
    return c.json(planToWire(after, now()), 200);
  });

  app.openapi({ ...reject, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    requireApproval(principal);
    const plan = await planFor(gateway, principal, c.req.valid("param").id);
    const after = await rejectPlan(gateway, principal, plan, c.req.valid("json").reason);
    return c.json(planToWire(after, now()), 200);
  });
}

/** Here no session stands in for the scope: the key itself has to have it. */
function requireApproval(principal: Principal): void {
  if (mayApprove(principal, "api")) return;
  throw new Problem("forbidden", {
    detail: "the key lacks the scope approve; a person confirms in the panel",
  });
}

/** A page of the plans that the principal may see and that fit, and where the next begins. */
export async function visiblePlans(
  gateway: Pick<Gateway, "plans" | "catalog">,
  principal: Principal,
  fits: (plan: Plan) => boolean,
  limit: number,
  after?: PlanPlace,
): Promise<{ readonly plans: readonly Plan[]; readonly next?: PlanPlace }> {
  const found: Plan[] = [];
  let place = after;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await gateway.plans.list(PAGE, place);
    for (const plan of page) {
      if (!fits(plan) || !maySeePlan(gateway, principal, plan)) continue;
      if (found.length === limit) return { plans: found, next: found.at(-1)! };
      found.push(plan);
    }
    place = page.at(-1);
    if (page.length < PAGE) return { plans: found };
  }
  return { plans: found, ...(place && { next: place }) };
}

function parseCursor(cursor: string): PlanPlace {
  const parts = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(cursor);
  if (parts) return { createdAt: Number(parts[1]), id: parts[2]! };
  throw new Problem("invalid-request", {
    errors: [{ parameter: "cursor", expected: "the `nextCursor` of a page" }],
  });
}
