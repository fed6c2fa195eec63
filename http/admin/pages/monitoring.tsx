/**
 * All models as they do now, a page of them at a time.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { JobPageSchema } from "../../wire/job.ts";
import type { ModelPageSchema } from "../../wire/model.ts";
import { type ApiCaller, pathWith, type Query } from "../../panel/api_caller.ts";
import { Pager } from "../../panel/components/pager.tsx";
import { duration } from "../../panel/components/time.tsx";
import { healthOf } from "../../panel/model_health.ts";
import type { WireJob } from "../../panel/job_story.ts";
import type { Panel } from "../../panel/panel.ts";
import { measuresOf, type PanelParts, samplesOf } from "../../panel/panel_parts.ts";
import { eventResponse } from "../../panel/sse.ts";
import { type Monitored, MonitoringTable } from "../components/monitoring_table.tsx";
import { figuresOf } from "../figures.ts";
import { liveFragments } from "../live.ts";
import { runningWorkers } from "../running_workers.ts";

const PAGE = 25;
export const EVERY_MS = 1000;

/** Adds the page, its stream and the list of workers. */
export function monitoringPage(admin: Panel, { gateway, pages }: PanelParts): void {
  const rowsFor = async (api: ApiCaller, query: Query) => {
    type Page = z.infer<typeof ModelPageSchema>;
    const found = await api.get<Page>("/v1/models", { ...query, limit: PAGE });
    const rows = await Promise.all(found.items.map(({ name }) => monitored(gateway, name)));
    return { rows, nextCursor: found.nextCursor };
  };

  admin.get("/monitoring", async (c) => {
    const { query, cursor } = c.req.query();
    const { rows, nextCursor } = await rowsFor(c.get("api"), { query, cursor });
    const checks = await gateway.ready();
    return await pages.show(
      c,
      { title: "Monitoring", live: true },
      <>
        <h1>Monitoring</h1>
        <form class="row card" role="search" method="get" action="/admin/monitoring">
          <label for="query">Find</label>
          <input id="query" name="query" type="search" value={query} />
          <button>Search</button>
          {checks.map(({ name, ok }) => (
            <span class={`state ${ok ? "good" : "bad"}`}>{ok ? "✓" : "✕"} {name}</span>
          ))}
        </form>
        <div
          class="card scroll"
          tabindex={0}
          role="region"
          aria-label="Models"
          hx-ext="sse"
          sse-connect={pathWith("/admin/live", { query, cursor })}
          sse-swap="models"
        >
          <MonitoringTable rows={rows} />
        </div>
        <Pager path="/admin/monitoring" query={{ query, cursor }} nextCursor={nextCursor} />
        <section class="card">
          <h2>Workers at work</h2>
          <div
            hx-get={pathWith("/admin/workers", { query, cursor })}
            hx-trigger="load, every 5s"
          >
            <p class="hint">…</p>
          </div>
        </section>
      </>,
    );
  });

  admin.get("/live", (c) => {
    const { query, cursor } = c.req.query();
    const api = c.get("api");
    const render = async () => {
      const { rows } = await rowsFor(api, { query, cursor });
      return String(await <MonitoringTable rows={rows} />);
    };
    return eventResponse(
      (signal) =>
        liveFragments(render, {
          event: "models",
          everyMs: EVERY_MS,
          heartbeatMs: gateway.limits.heartbeatSeconds * 1000,
          signal,
        }),
      gateway.stopping,
      (error) => gateway.log.error("the monitoring's stream failed", { error }),
    );
  });

  admin.get("/workers", async (c) => {
    const api = c.get("api");
    const { query, cursor } = c.req.query();
    const { rows } = await rowsFor(api, { query, cursor });
    const items = await runningJobs(api, gateway, rows);
    const workers = runningWorkers(items, gateway.now());
    return await c.html(
      workers.length === 0 ? <p class="hint">No worker runs a job now.</p> : (
        <table>
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col" class="number">Jobs</th>
              <th scope="col">Models</th>
              <th scope="col" class="number">Longest runs for</th>
            </tr>
          </thead>
          <tbody>
            {workers.map(({ name, jobs, models, longestMs }) => (
              <tr>
                <th scope="row">{name}</th>
                <td class="number">{jobs}</td>
                <td>{models.join(", ")}</td>
                <td class="number">{duration(longestMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ),
    );
  });
}

/** How one model does. */
export async function monitored(
  gateway: PanelParts["gateway"],
  model: string,
): Promise<Monitored> {
  const measures = await measuresOf(gateway, model);
  return {
    model,
    health: healthOf(measures, samplesOf(gateway, model, "hour")),
    figures: measures && figuresOf(measures),
  };
}

/** Queues that are asked for their running jobs at most, and jobs of each. */
const MAX_BUSY = 50;
const MAX_RUNNING = 200;

/**
 * The running jobs of these models, and of those that ran some when they were last sampled. Each
 * queue is asked for as many as it has: a search for more would go through all its jobs.
 */
async function runningJobs(
  api: ApiCaller,
  gateway: PanelParts["gateway"],
  rows: readonly Monitored[],
): Promise<WireJob[]> {
  const sampled = [...gateway.samples?.latest() ?? []].flatMap(([tag, { running }]) =>
    running > 0 ? gateway.catalog.modelByTag(tag)?.name ?? [] : []
  );
  const names = new Set([...rows.map(({ model }) => model), ...sampled.slice(0, MAX_BUSY)]);
  const pages = await Promise.all([...names].map(async (model) => {
    const running = (await measuresOf(gateway, model))?.running ?? 0;
    if (running === 0) return [];
    type Page = z.infer<typeof JobPageSchema>;
    const query = { model, status: "running", limit: Math.min(running, MAX_RUNNING) };
    return (await api.get<Page>("/v1/jobs", query)).items;
  }));
  return pages.flat();
}
