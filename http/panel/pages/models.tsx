/**
 * The models that one may see: search, filter, how each does.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { Model } from "../../../registry/model.ts";
import { subjectsOf } from "../../../registry/principal.ts";
import type { ModelPageSchema } from "../../wire/model.ts";
import { pathWith } from "../api_caller.ts";
import { Pager } from "../components/pager.tsx";
import { Sparkline } from "../components/sparkline.tsx";
import { ModelHealth } from "../components/states.tsx";
import { backlogOf, healthOf } from "../model_health.ts";
import { isFragment } from "../page.tsx";
import type { Panel } from "../panel.ts";
import { measuresOf, type PanelParts, samplesOf } from "../panel_parts.ts";

type ModelPage = z.infer<typeof ModelPageSchema>;
type ListedModel = ModelPage["items"][number];

const PAGE = "25";

/** Adds the list. */
export function modelsPage(panel: Panel, { gateway, pages }: PanelParts): void {
  panel.get("/models", async (c) => {
    const { query, owner, visibility, cursor } = c.req.query();
    const asked = { query, owner, visibility, cursor };
    const found = await c.get("api").get<ModelPage>("/v1/models", { ...asked, limit: PAGE });
    const rows = await Promise.all(found.items.map((model) => rowOf(model, gateway)));
    const table = (
      <ModelTable rows={rows}>
        <Pager path="/panel/models" query={asked} nextCursor={found.nextCursor} />
      </ModelTable>
    );
    if (isFragment(c)) return await c.html(table);
    const mine = subjectsOf(c.get("principal"));
    return await pages.show(
      c,
      { title: "Models" },
      <>
        <div class="row">
          <h1>Models</h1>
          <a class="button primary" href="/panel/register">Register a model</a>
        </div>
        <Search asked={asked} mine={mine} />
        {table}
      </>,
    );
  });
}

interface Row {
  readonly model: ListedModel;
  readonly health: ReturnType<typeof healthOf>;
  readonly backlog: number | undefined;
  readonly history: readonly number[];
}

async function rowOf(model: ListedModel, gateway: PanelParts["gateway"]): Promise<Row> {
  const measures = await measuresOf(gateway, model.name);
  const hour = samplesOf(gateway, model.name, "hour");
  return {
    model,
    health: healthOf(measures, hour),
    backlog: measures && backlogOf(measures),
    history: hour.map(({ waiting }) => waiting),
  };
}

function Search({ asked, mine }: {
  readonly asked: {
    readonly query?: string;
    readonly owner?: string;
    readonly visibility?: string;
  };
  readonly mine: readonly string[];
}) {
  const visibilities: Model["visibility"][] = ["private", "public"];
  return (
    <form
      role="search"
      class="row card"
      method="get"
      action="/panel/models"
      hx-get="/panel/models"
      hx-trigger="input changed delay:250ms from:#query, change, submit"
      hx-target="#models"
      hx-swap="outerHTML"
      hx-push-url="true"
    >
      <label for="query">Find</label>
      <input id="query" name="query" type="search" value={asked.query} placeholder="solubility" />
      <label for="owner">Owner</label>
      <select id="owner" name="owner">
        <option value="">anyone</option>
        {mine.map((subject) => (
          <option value={subject} selected={subject === asked.owner}>{subject}</option>
        ))}
      </select>
      <label for="visibility">Access</label>
      <select id="visibility" name="visibility">
        <option value="">any</option>
        {visibilities.map((one) => (
          <option value={one} selected={one === asked.visibility}>{one}</option>
        ))}
      </select>
      <button>Search</button>
      <span class="spin" aria-hidden="true">…</span>
    </form>
  );
}

function ModelTable(
  { rows, children }: { readonly rows: readonly Row[]; readonly children: unknown },
) {
  return (
    <div id="models" class="card" aria-live="polite">
      {rows.length === 0 ? <p>No model is found.</p> : (
        <table class="cards-on-phone">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">Description</th>
              <th scope="col">Default</th>
              <th scope="col">Access</th>
              <th scope="col">Health</th>
              <th scope="col">Backlog</th>
            </tr>
          </thead>
          <tbody>{rows.map((row) => <ModelRow row={row} />)}</tbody>
        </table>
      )}
      {children}
    </div>
  );
}

function ModelRow({ row: { model, health, backlog, history } }: { readonly row: Row }) {
  const text = model.description;
  return (
    <tr>
      <th scope="row">
        <a href={`/panel/models/${model.name}`}>{model.name}</a>
      </th>
      <td>
        {text.length > 160 ? `${text.slice(0, 160)}…` : text}{" "}
        {model.tags.slice(0, 6).map((tag) => (
          <>
            <a class="tag" href={pathWith("/panel/models", { query: tag })}>{tag}</a>
            {" "}
          </>
        ))}
      </td>
      <td data-label="Default version">{model.version ?? "none yet"}</td>
      <td data-label="Access">{model.visibility}</td>
      <td data-label="Health">
        <ModelHealth health={health} />
      </td>
      <td data-label="Backlog">
        {backlog ?? "?"}
        <Sparkline values={history} what={`Backlog of ${model.name}`} />
      </td>
    </tr>
  );
}
