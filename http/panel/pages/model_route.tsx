/**
 * Which version answers whom: split, rules, canary and shadow, and how these do.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { CanaryViewSchema, RouteViewSchema, ShadowReportSchema } from "../../wire/route.ts";
import type { VersionPageSchema } from "../../wire/version.ts";
import type { ApiCaller } from "../api_caller.ts";
import { CsrfField } from "../components/csrf_field.tsx";
import { Faults } from "../components/faults.tsx";
import { ModelTabs } from "../components/model_tabs.tsx";
import { CanaryPart, RulesPart, ShadowPart, SplitPart } from "../components/route_fields.tsx";
import { Time } from "../components/time.tsx";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import { routeFrom } from "../route_form.ts";
import type { WireModel } from "./model.tsx";
import { goTo } from "./register.tsx";

type View = z.infer<typeof RouteViewSchema>;

/** Adds the page and its forms. */
export function modelRoutePage(panel: Panel, { pages }: PanelParts): void {
  panel.get("/models/:model/route", async (c) => {
    const api = c.get("api");
    const { name } = await api.get<WireModel>(`/v1/models/${c.req.param("model")}`);
    const { csrf } = c.get("session");
    const answer = await api.send<View>(`/v1/models/${name}/route`);
    const refused = !answer.ok && answer.refusal.status !== 404 ? answer.refusal : undefined;
    const view = answer.ok ? answer.value : undefined;
    return await pages.show(
      c,
      { title: `Route of ${name}` },
      <>
        <ModelTabs model={name} current="Route" />
        {refused ? <Faults problem={refused.problem} /> : (
          <>
            {view && <Standing view={view} api={api} csrf={csrf} />}
            <RouteForm
              model={name}
              view={view}
              versions={await versionsOf(api, name)}
              csrf={csrf}
            />
          </>
        )}
      </>,
    );
  });

  panel.post("/models/:model/route", async (c) => {
    const api = c.get("api");
    const name = c.req.param("model");
    const answer = await api.send<View>(`/v1/models/${name}/route`);
    const before = answer.ok ? answer.value.route : undefined;
    const route = routeFrom(await c.req.parseBody(), before);
    await api.change("PUT", `/v1/models/${name}/route`, route);
    return goTo(c, `/panel/models/${name}/route`);
  });

  panel.post("/models/:model/route/delete", async (c) => {
    const name = c.req.param("model");
    await c.get("api").change("DELETE", `/v1/models/${name}/route`);
    return goTo(c, `/panel/models/${name}/route`);
  });

  panel.post("/models/:model/route/canary", async (c) => {
    const name = c.req.param("model");
    const { action } = await c.req.parseBody();
    await c.get("api").change("POST", `/v1/models/${name}/route/canary`, { action });
    return goTo(c, `/panel/models/${name}/route`);
  });
}

async function versionsOf(api: ApiCaller, model: string): Promise<string[]> {
  type Page = z.infer<typeof VersionPageSchema>;
  const { items } = await api.get<Page>(`/v1/models/${model}/versions`, { limit: 100 });
  return items.map(({ version }) => version);
}

function RouteForm({ model, view, versions, csrf }: {
  readonly model: string;
  readonly view: View | undefined;
  readonly versions: readonly string[];
  readonly csrf: string;
}) {
  const action = `/panel/models/${model}/route`;
  const route = view?.route;
  return (
    <>
      <form method="post" action={action} hx-post={action} hx-target="#verdict" class="card stack">
        <h2>{view ? "Change the route" : "There is no route: the default version answers"}</h2>
        <CsrfField token={csrf} />
        <div class="columns">
          <SplitPart route={route} versions={versions} />
          <CanaryPart route={route} versions={versions} />
          <ShadowPart route={route} versions={versions} />
          <RulesPart route={route} />
        </div>
        <label for="reason">Why, for the audit</label>
        <input id="reason" name="reason" maxlength={1000} />
        <button class="primary">Save the route</button>
        <div id="verdict" aria-live="polite"></div>
      </form>
      {view && (
        <form method="post" action={`${action}/delete`}>
          <CsrfField token={csrf} />
          <button class="danger" data-confirm={`Delete the route of ${model}?`}>
            Delete the route
          </button>
        </form>
      )}
    </>
  );
}

async function Standing({ view, api, csrf }: {
  readonly view: View;
  readonly api: ApiCaller;
  readonly csrf: string;
}) {
  const path = `/v1/models/${view.model}/route`;
  const canary = view.canary && await api.send<z.infer<typeof CanaryViewSchema>>(`${path}/canary`);
  const shadow = view.route.shadow &&
    await api.send<z.infer<typeof ShadowReportSchema>>(`${path}/shadow-report`);
  return (
    <section class="card">
      <h2>How it stands</h2>
      <p>
        Revision {view.revision}, by {view.updatedBy}, <Time at={view.updatedAt} />
      </p>
      {view.faults.length > 0 && (
        <p class="faults" role="alert">
          {view.faults.map(({ pointer, expected }) => `${pointer}: expected ${expected}. `)}
        </p>
      )}
      {canary?.ok && <Canary canary={canary.value} model={view.model} csrf={csrf} />}
      {shadow?.ok && <Shadow report={shadow.value} />}
    </section>
  );
}

function Canary({ canary, model, csrf }: {
  readonly canary: z.infer<typeof CanaryViewSchema>;
  readonly model: string;
  readonly csrf: string;
}) {
  const percent = (rate: number | undefined) =>
    rate === undefined ? "none" : `${(rate * 100).toFixed(2)} %`;
  return (
    <>
      <h3>Canary {canary.version}: {canary.phase}, {canary.share} %</h3>
      <p>
        {canary.reason}. {canary.outlook}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Jobs of</th>
            <th scope="col" class="number">Ended</th>
            <th scope="col" class="number">Failed attempts</th>
            <th scope="col" class="number">Run time</th>
          </tr>
        </thead>
        <tbody>
          {(["canary", "baseline"] as const).map((arm) => (
            <tr>
              <th scope="row">{arm}</th>
              <td class="number">{canary[arm].jobs}</td>
              <td class="number">{percent(canary[arm].errorRate)}</td>
              <td class="number">{canary[arm].latencyMs ?? "none"} ms</td>
            </tr>
          ))}
        </tbody>
      </table>
      <form method="post" action={`/panel/models/${model}/route/canary`} class="row">
        <CsrfField token={csrf} />
        <button name="action" value="advance">Advance</button>
        <button name="action" value="rollback" class="danger">Roll back</button>
        <button name="action" value="restart">Restart</button>
      </form>
    </>
  );
}

function Shadow({ report }: { readonly report: z.infer<typeof ShadowReportSchema> }) {
  const { version, pairs, agreement, numbers, latency, shadowFailed, primaryFailed } = report;
  const rows: [string, unknown][] = [
    ["Copies compared", pairs],
    ["Agreement", agreement && `${(agreement.rate * 100).toFixed(1)} %`],
    ["Failed alone", `shadow ${shadowFailed}, primary ${primaryFailed}`],
    ["Mean shift", numbers?.meanShift],
    ["Largest difference", numbers?.largestDifference],
    ["Correlation", numbers?.correlation],
    ["Median run time ratio", latency?.medianRatio],
  ];
  return (
    <>
      <h3>Shadow {version}</h3>
      <dl class="facts">
        {rows.filter(([, value]) => value !== undefined && value !== null).map(([term, value]) => (
          <>
            <dt>{term}</dt>
            <dd>{typeof value === "number" ? Number(value.toPrecision(4)) : value}</dd>
          </>
        ))}
      </dl>
    </>
  );
}
