/**
 * Applies and rejects plans, each once.
 *
 * @module
 */
import type { Plan } from "../../registry/plan_store.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { actAs } from "../acting.ts";
import type { Api } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import type { ProblemDocument } from "../wire/problem.ts";
import { planEvent, type PlannedAction } from "./planned.ts";
import { presentText } from "./present.ts";

type Parts = Pick<Gateway, "catalog" | "registry" | "plans" | "outbox" | "now" | "log">;

/**
 * Does what the plan says, through the API and under the rights of whoever asked for it: were it done
 * under those of a superuser who confirms, it could do and own more than was shown. Answers how the
 * plan stands then. Throws 409 for another digest, for a plan that waits no more or whose key is no
 * more, and where what it would change has changed.
 */
export async function applyPlan(
  app: Pick<Api, "fetch">,
  gateway: Parts,
  principal: Principal,
  plan: Plan,
  digest: string,
  reason?: string,
): Promise<Plan> {
  if (digest !== plan.digest) {
    throw new Problem("changed", {
      detail: "the digest is that of another plan",
      errors: [{ pointer: "/digest", expected: "the digest of the plan" }],
    });
  }
  await gateway.catalog.refresh();
  if (plan.state === "open" && plan.action !== "cancel_job") checkUnchanged(gateway, plan);
  await checkKey(gateway, plan);
  const by = subjectsOf(principal)[0]!;
  await take(gateway, principal, plan, "applying");
  const response = await send(app, plan, by, reason);
  const outcome = response.ok ? undefined : await refusalOf(response);
  if (response.ok) await response.body?.cancel();
  await gateway.plans.end(plan.id, response.ok ? "applied" : "failed", outcome);
  await gateway.outbox?.add({
    ...planEvent(plan, by, response.ok ? "applied" : "failed", principal),
    after: JSON.stringify(plan.after),
    ...(outcome !== undefined && { errorMessage: outcome }),
    ...(reason !== undefined && { reason }),
  });
  return await gateway.plans.get(plan.id) ?? plan;
}

/** Ends a plan without doing it. Throws 409 for one that waits no more. */
export async function rejectPlan(
  gateway: Parts,
  principal: Principal,
  plan: Plan,
  reason?: string,
): Promise<Plan> {
  await take(gateway, principal, plan, "rejected");
  await gateway.outbox?.add({
    ...planEvent(plan, subjectsOf(principal)[0]!, "rejected", principal),
    ...(reason !== undefined && { reason }),
  });
  return await gateway.plans.get(plan.id) ?? plan;
}

function checkUnchanged(gateway: Parts, { action, model, before }: Plan): void {
  if (presentText(gateway, action as PlannedAction, model) === before) return;
  throw new Problem("changed", { detail: `${model} has changed since the plan was made` });
}

/** What was asked with a key that was taken away since is not wanted any more. */
async function checkKey({ registry, now }: Parts, { rights: { keyId } }: Plan): Promise<void> {
  if (keyId === undefined) return;
  const key = (await registry.keys()).find(({ id }) => id === keyId);
  if (key && (key.expiresAt === undefined || key.expiresAt > now())) return;
  throw new Problem("plan-ended", { detail: "the key that asked for it is valid no more" });
}

async function take(
  { plans }: Parts,
  principal: Principal,
  { id }: Plan,
  state: "applying" | "rejected",
): Promise<void> {
  if (await plans.decide(id, state, subjectsOf(principal)[0]!)) return;
  const now = await plans.get(id);
  throw new Problem("plan-ended", {
    detail: now?.state === "open" ? "its time is over" : `it is ${now?.state ?? "gone"}`,
  });
}

/** The API checks everything again. The scope of the key was asked when the plan was made. */
async function send(
  app: Pick<Api, "fetch">,
  { request, rights, id, client }: Plan,
  by: string,
  reason: string | undefined,
): Promise<Response> {
  const { method, path, contentType, body } = request;
  const through = client ? `, asked for through ${client}` : "";
  const why = `${reason ? `${reason}; ` : ""}plan ${id}${through}, confirmed by ${by}`;
  const asked = new Request(new URL(path, "http://gateway.internal"), {
    method,
    headers: { ...(contentType && { "content-type": contentType }) },
    ...(body !== undefined && { body: withReason(body, contentType, why.slice(0, 1000)) }),
  });
  return await app.fetch(actAs(asked, rights));
}

/** Operations that take a reason have a field for it in the plan. */
function withReason(body: string, contentType: string | undefined, why: string): string {
  if (contentType !== "application/json") return body;
  const value = JSON.parse(body) as Record<string, unknown>;
  return "reason" in value && value.reason === null
    ? JSON.stringify({ ...value, reason: why })
    : body;
}

async function refusalOf(response: Response): Promise<string> {
  const { detail, title, errors = [] } = await response.json() as ProblemDocument;
  const faults = errors.map(({ pointer, parameter, expected }) =>
    `${pointer ?? parameter ?? ""}: ${expected}`
  );
  return [detail ?? title, ...faults].join("; ");
}
