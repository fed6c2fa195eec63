/**
 * What jobs have taken, by day and by user, team or model, with its cost.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { GROUPINGS, type Usage, type UsagePageSchema } from "../../wire/usage.ts";
import { pathWith } from "../api_caller.ts";
import { Pager } from "../components/pager.tsx";
import { csvOf } from "../csv_text.ts";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";

const DAY_MS = 24 * 3600 * 1000;
const COLUMNS = [
  "day",
  "name",
  "jobs",
  "completed",
  "computeSeconds",
  "cpuSeconds",
  "gpuSeconds",
  "cost",
] as const;

/** Adds the page and its download. */
export function usagePage(panel: Panel, { gateway, pages }: PanelParts): void {
  const asked = (query: Record<string, string>) => {
    const day = (time: number) => new Date(time).toISOString().slice(0, 10);
    const to = query.to || day(gateway.now());
    const from = query.from || day(Date.parse(to) - 6 * DAY_MS);
    return { from, to, by: query.by || "user" };
  };

  panel.get("/usage", async (c) => {
    const query = asked(c.req.query());
    const { cursor } = c.req.query();
    type Page = z.infer<typeof UsagePageSchema>;
    const page = await c.get("api").get<Page>("/v1/usage", { ...query, cursor, limit: 100 });
    return await pages.show(
      c,
      { title: "Usage" },
      <>
        <h1>Usage and cost</h1>
        <form method="get" class="row card" role="search">
          <label for="by">By</label>
          <select id="by" name="by">
            {GROUPINGS.map((by) => <option value={by} selected={by === query.by}>{by}</option>)}
          </select>
          <label for="from">From</label>
          <input id="from" name="from" type="date" value={query.from} />
          <label for="to">to</label>
          <input id="to" name="to" type="date" value={query.to} />
          <button>Show</button>
        </form>
        <section class="card">
          <UsageTable rows={page.items} />
          <Pager path="/panel/usage" query={{ ...query, cursor }} nextCursor={page.nextCursor} />
          <a class="button" href={pathWith("/panel/usage.csv", query)}>Download CSV</a>
        </section>
      </>,
    );
  });

  panel.get("/usage.csv", async (c) => {
    const query = asked(c.req.query());
    const rows: Usage[] = [];
    let cursor: string | undefined;
    do {
      type Page = z.infer<typeof UsagePageSchema>;
      const page: Page = await c.get("api").get("/v1/usage", { ...query, cursor, limit: 200 });
      rows.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return c.body(csvOf(COLUMNS, rows), 200, {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="usage.csv"',
    });
  });
}

function UsageTable({ rows }: { readonly rows: readonly Usage[] }) {
  if (rows.length === 0) return <p class="hint">Nothing was taken.</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Usage">
      <table>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Name</th>
            <th scope="col" class="number">Jobs</th>
            <th scope="col" class="number">Completed</th>
            <th scope="col" class="number">Compute s</th>
            <th scope="col" class="number">CPU s</th>
            <th scope="col" class="number">GPU s</th>
            <th scope="col" class="number">Cost</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <td>{row.day}</td>
              <th scope="row">{row.name}</th>
              <td class="number">{row.jobs}</td>
              <td class="number">{row.completed}</td>
              <td class="number">{row.computeSeconds.toFixed(2)}</td>
              <td class="number">{row.cpuSeconds.toFixed(2)}</td>
              <td class="number">{row.gpuSeconds.toFixed(2)}</td>
              <td class="number">{row.cost.toFixed(4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
