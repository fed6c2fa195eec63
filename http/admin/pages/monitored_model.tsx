/**
 * One model as it does now, and over the last hour and day.
 *
 * @module
 */
import type { WireModel } from "../../panel/pages/model.tsx";
import { ModelHealth } from "../../panel/components/states.tsx";
import type { Panel } from "../../panel/panel.ts";
import { measuresOf, type PanelParts, samplesOf } from "../../panel/panel_parts.ts";
import { eventResponse } from "../../panel/sse.ts";
import { notFound } from "../../problem.ts";
import { FigureTiles } from "../components/monitoring_table.tsx";
import { figuresOf } from "../figures.ts";
import { liveFragments } from "../live.ts";
import { type Curve, CURVES, seriesOf } from "../series.ts";
import { EVERY_MS, monitored } from "./monitoring.tsx";

const TITLES: Readonly<Record<Curve, string>> = {
  backlog: "Backlog",
  endings: "Jobs ended",
  time: "Average time of an attempt",
};

/** Adds the page, its stream and the data of its charts. */
export function monitoredModelPage(admin: Panel, { gateway, pages }: PanelParts): void {
  const render = async (model: string) => {
    const measures = await measuresOf(gateway, model);
    const { health } = await monitored(gateway, model);
    return (
      <>
        <p>
          Health: <ModelHealth health={health} />
        </p>
        <FigureTiles figures={measures && figuresOf(measures)} />
        <Failures failures={measures?.failures ?? {}} />
      </>
    );
  };

  admin.get("/monitoring/:model", async (c) => {
    const { name } = await c.get("api").get<WireModel>(`/v1/models/${c.req.param("model")}`);
    return await pages.show(
      c,
      { title: `Monitoring of ${name}`, live: true, charts: true },
      <>
        <h1>{name}</h1>
        <p class="row">
          <a href={`/panel/models/${name}`}>Model</a>
          <a href={`/panel/jobs?model=${name}`}>Jobs</a>
          <a href={`/admin/dead-letters?model=${name}`}>Dead letters</a>
        </p>
        <div hx-ext="sse" sse-connect={`/admin/monitoring/${name}/live`} sse-swap="figures">
          {await render(name)}
        </div>
        {(["hour", "day"] as const).map((span) => (
          <>
            <h2>The last {span}</h2>
            <div class="columns">
              {CURVES.map((curve) => (
                <section class="card">
                  <h3>{TITLES[curve]}</h3>
                  <div
                    class="chart"
                    role="img"
                    aria-label={`${TITLES[curve]} of ${name} over the last ${span}`}
                    data-chart={`/admin/monitoring/${name}/series?curve=${curve}&span=${span}`}
                  >
                  </div>
                </section>
              ))}
            </div>
          </>
        ))}
        <p class="hint">
          The curves are kept in the memory of this gateway, one point a minute for the hour and
          four an hour for the day. Prometheus (/metrics) keeps them for longer.
        </p>
      </>,
    );
  });

  admin.get("/monitoring/:model/live", (c) => {
    const model = c.req.param("model");
    const api = c.get("api");
    const fragment = async () => {
      await api.get(`/v1/models/${model}`); // as long as one may
      return String(await render(model));
    };
    return eventResponse(
      (signal) =>
        liveFragments(fragment, {
          event: "figures",
          everyMs: EVERY_MS,
          heartbeatMs: gateway.limits.heartbeatSeconds * 1000,
          signal,
        }),
      gateway.stopping,
      (error) => gateway.log.error("a model's stream failed", { model, error }),
    );
  });

  admin.get("/monitoring/:model/series", async (c) => {
    const { name } = await c.get("api").get<WireModel>(`/v1/models/${c.req.param("model")}`);
    const curve = CURVES.find((one) => one === c.req.query("curve"));
    if (!curve) throw notFound("curve", c.req.query("curve") ?? "", { parameter: "curve" });
    const span = c.req.query("span") === "day" ? "day" : "hour";
    return c.json(seriesOf(curve, samplesOf(gateway, name, span)));
  });
}

function Failures({ failures }: { readonly failures: Readonly<Record<string, number>> }) {
  const rows = Object.entries(failures).sort(([, a], [, b]) => b - a);
  return (
    <section class="card">
      <h2>Failures by reason</h2>
      {rows.length === 0 ? <p class="hint">None.</p> : (
        <table>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col" class="number">Jobs</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([code, count]) => (
              <tr>
                <th scope="row">
                  <code>{code}</code>
                </th>
                <td class="number">{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
