/**
 * Plans: changes that agents ask for. A person reads what would be done and confirms or rejects it.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { Plan } from "../../../registry/plan_store.ts";
import type { Principal } from "../../../registry/principal.ts";
import { lineDiff } from "../../line_diff.ts";
import { applyPlan, rejectPlan } from "../../plans/apply_plan.ts";
import { mayApprove, planFor } from "../../plans/planned.ts";
import { notFound, Problem } from "../../problem.ts";
import { PlanId, type PlanPageSchema, planStatus, type WirePlan } from "../../wire/plan.ts";
import { CsrfField } from "../components/csrf_field.tsx";
import { Pager } from "../components/pager.tsx";
import { Time } from "../components/time.tsx";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";

const SHOWN = 50;
const PATH = "/panel/plans";

/** Adds the list, the page of one, and its forms. */
export function plansPages(panel: Panel, { app, gateway, pages }: PanelParts): void {
  panel.get("/plans", async (c) => {
    const query = { cursor: c.req.query("cursor"), status: c.req.query("status") };
    const found = await c.get("api").get<z.infer<typeof PlanPageSchema>>("/v1/plans", {
      ...query,
      limit: SHOWN,
    });
    return await pages.show(
      c,
      { title: "Plans" },
      <>
        <h1>Plans</h1>
        <p class="hint">
          What agents want to change. Nothing of it happens before somebody confirms it here.
        </p>
        <section class="card">
          <h2>Plans, the newest first</h2>
          <PlanTable plans={found.items} />
          <Pager path={PATH} query={query} nextCursor={found.nextCursor} />
        </section>
      </>,
    );
  });

  panel.get("/plans/:id", async (c) => {
    const plan = await planFor(gateway, c.get("principal"), idOf(c.req.param("id")));
    const status = planStatus(plan, gateway.now());
    return await pages.show(
      c,
      { title: `Plan for ${plan.model}` },
      <PlanPage
        plan={plan}
        status={status}
        csrf={c.get("session").csrf}
        mayApprove={mayApprove(c.get("principal"), "panel")}
      />,
    );
  });

  panel.post("/plans/:id/apply", async (c) => {
    const principal = c.get("principal");
    requireApproval(principal);
    const plan = await planFor(gateway, principal, idOf(c.req.param("id")));
    const { digest, reason } = await c.req.parseBody();
    const why = String(reason ?? "").trim().slice(0, 1000);
    await applyPlan(app, gateway, principal, plan, String(digest ?? ""), why || undefined);
    return c.redirect(`${PATH}/${plan.id}`, 303);
  });

  panel.post("/plans/:id/reject", async (c) => {
    const principal = c.get("principal");
    requireApproval(principal);
    const plan = await planFor(gateway, principal, idOf(c.req.param("id")));
    const { reason } = await c.req.parseBody();
    const why = String(reason ?? "").trim().slice(0, 1000);
    await rejectPlan(gateway, principal, plan, why || undefined);
    return c.redirect(`${PATH}/${plan.id}`, 303);
  });
}

function idOf(text: string): string {
  if (PlanId.safeParse(text).success) return text;
  throw notFound("plan", text);
}

function requireApproval(principal: Principal): void {
  if (mayApprove(principal, "panel")) return;
  throw new Problem("forbidden", {
    detail: "the key that you are signed in with is limited, and not to confirming",
  });
}

function PlanTable({ plans }: { readonly plans: readonly WirePlan[] }) {
  if (plans.length === 0) return <p>There are none.</p>;
  return (
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th scope="col">Plan</th>
          <th scope="col">Status</th>
          <th scope="col">Asked by</th>
          <th scope="col">Through</th>
          <th scope="col">Asked</th>
        </tr>
      </thead>
      <tbody>
        {plans.map((plan) => (
          <tr>
            <th scope="row">
              <a href={`${PATH}/${plan.id}`}>{plan.summary}</a>
            </th>
            <td data-label="Status">{plan.status}</td>
            <td data-label="Asked by">{plan.planner}</td>
            <td data-label="Through">{plan.client}</td>
            <td data-label="Asked">
              <Time at={plan.createdAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface PlanProps {
  readonly plan: Plan;
  readonly status: WirePlan["status"];
  readonly csrf: string;
  readonly mayApprove: boolean;
}

function PlanPage({ plan, status, csrf, mayApprove }: PlanProps) {
  const iso = (at: number) => new Date(at).toISOString();
  return (
    <>
      <h1>{plan.summary}</h1>
      <section class="card stack">
        <dl class="facts">
          <dt>Status</dt>
          <dd>{status}</dd>
          <dt>Model</dt>
          <dd>
            <a href={`/panel/models/${plan.model}`}>{plan.model}</a>
          </dd>
          <dt>Asked by</dt>
          <dd>{plan.planner}{plan.client && ` through ${plan.client}`}</dd>
          <dt>Asked</dt>
          <dd>
            <Time at={iso(plan.createdAt)} />
          </dd>
          <dt>Waits until</dt>
          <dd>
            <Time at={iso(plan.expiresAt)} />
          </dd>
          {plan.decidedAt !== undefined && (
            <>
              <dt>Decided</dt>
              <dd>
                <Time at={iso(plan.decidedAt)} /> by {plan.decidedBy}
              </dd>
            </>
          )}
          <dt>Digest</dt>
          <dd>
            <code>{plan.digest}</code>
          </dd>
        </dl>
        {plan.outcome !== undefined && <p class="warning">{plan.outcome}</p>}
      </section>
      <section class="card">
        <h2>What would differ</h2>
        <Diff before={plan.before} after={plan.after} />
      </section>
      <section class="card">
        <h2>The request</h2>
        <pre tabindex={0} aria-label="The request">{requestText(plan)}</pre>
      </section>
      {status === "open" &&
        (mayApprove
          ? <Decision plan={plan} csrf={csrf} />
          : <p class="notice">The key that you are signed in with may not confirm.</p>)}
    </>
  );
}

const SIGNS = { same: " ", added: "+", removed: "-" } as const;
const TAGS = { same: "span", added: "ins", removed: "del" } as const;

function Diff({ before, after }: Pick<Plan, "before" | "after">) {
  return (
    <pre class="diff" tabindex={0} aria-label="What would differ">
      {lineDiff(before.trimEnd(), after.trimEnd()).map(({ kind, text }) => {
        const Line = TAGS[kind];
        return <Line>{`${SIGNS[kind]} ${text}`}</Line>;
      })}
    </pre>
  );
}

function requestText({ request: { method, path, body } }: Plan): string {
  return body === undefined ? `${method} ${path}` : `${method} ${path}\n\n${body}`;
}

function Decision({ plan, csrf }: { readonly plan: Plan; readonly csrf: string }) {
  const path = `${PATH}/${plan.id}`;
  return (
    <section class="card stack">
      <h2>Decide</h2>
      <form method="post" action={`${path}/apply`} class="stack">
        <CsrfField token={csrf} />
        <input type="hidden" name="digest" value={plan.digest} />
        <label for="reason">Why, for the audit</label>
        <input id="reason" name="reason" maxlength={1000} />
        <button class="primary">Confirm and do it</button>
      </form>
      <form method="post" action={`${path}/reject`}>
        <CsrfField token={csrf} />
        <button class="danger">Reject</button>
      </form>
    </section>
  );
}
