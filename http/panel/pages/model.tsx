/**
 * One model: what it is, how to call it, how it does, and a form to try it.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { ModelSchema } from "../../wire/model.ts";
import type { JobPageSchema } from "../../wire/job.ts";
import type { AcceptedJobSchema } from "../../wire/job.ts";
import type { VersionSchema } from "../../wire/version.ts";
import { CsrfField } from "../components/csrf_field.tsx";
import { Faults } from "../components/faults.tsx";
import { JobTable } from "../components/job_table.tsx";
import { LiveJob } from "../components/live_job.tsx";
import { ModelTabs } from "../components/model_tabs.tsx";
import { INPUT_PREFIX, SchemaFields } from "../components/schema_fields.tsx";
import { Snippets } from "../components/snippets.tsx";
import { Sparkline } from "../components/sparkline.tsx";
import { ModelHealth } from "../components/states.tsx";
import { Time } from "../components/time.tsx";
import { readStory } from "../job_story.ts";
import { backlogOf, healthOf } from "../model_health.ts";
import { isFragment } from "../page.tsx";
import type { Panel } from "../panel.ts";
import { measuresOf, type PanelParts, samplesOf } from "../panel_parts.ts";
import { originOf } from "../session_cookie.ts";
import { fieldsOf, inputOf } from "../schema_form.ts";

export type WireModel = z.infer<typeof ModelSchema>;
export type WireVersion = z.infer<typeof VersionSchema>;
type Jobs = z.infer<typeof JobPageSchema>;

/** Adds the page and its form. */
export function modelPage(panel: Panel, { gateway, pages }: PanelParts): void {
  panel.get("/models/:model", async (c) => {
    const api = c.get("api");
    const model = await api.get<WireModel>(`/v1/models/${c.req.param("model")}`);
    const version = model.version === undefined
      ? undefined
      : await api.get<WireVersion>(`/v1/models/${model.name}/versions/default`);
    const jobs = await api.get<Jobs>("/v1/jobs", { model: model.name, limit: 5 });
    const measures = await measuresOf(gateway, model.name);
    const hour = samplesOf(gateway, model.name, "hour");
    return await pages.show(
      c,
      { title: model.name, live: true },
      <>
        <ModelTabs model={model.name} current="Overview" />
        <div class="columns">
          <section class="card">
            <h2>What it is</h2>
            <p>{model.description}</p>
            <dl class="facts">
              <Facts model={model} version={version} />
              <dt>Health</dt>
              <dd>
                <ModelHealth health={healthOf(measures, hour)} />
              </dd>
              <dt>Backlog</dt>
              <dd>
                {measures ? backlogOf(measures) : "?"}
                <Sparkline values={hour.map(({ waiting }) => waiting)} what="Backlog" />
              </dd>
            </dl>
            {version?.documentation && (
              <details>
                <summary>Documentation</summary>
                <pre tabindex={0} aria-label="Documentation">{version.documentation}</pre>
              </details>
            )}
          </section>
          {version
            ? <TryForm model={model} version={version} csrf={c.get("session").csrf} />
            : <NoVersion model={model.name} />}
        </div>
        <div id="outcome" aria-live="polite"></div>
        {version && (
          <Snippets
            origin={originOf(c)}
            model={model.name}
            input={version.example}
          />
        )}
        <section class="card">
          <h2>Recent jobs</h2>
          <JobTable jobs={jobs.items} />
          <a href={`/panel/jobs?model=${model.name}`}>All jobs of {model.name}</a>
        </section>
      </>,
    );
  });

  panel.post("/models/:model/try", async (c) => {
    const api = c.get("api");
    const name = c.req.param("model");
    const form = await c.req.parseBody();
    const chosen = typeof form.version === "string" ? form.version : "default";
    const version = await api.get<WireVersion>(
      `/v1/models/${name}/versions/${encodeURIComponent(chosen)}`,
    );
    const input = inputOf(fieldsOf(version.inputSchema, version.example), (field) => {
      const value = form[INPUT_PREFIX + field];
      return typeof value === "string" ? value : undefined;
    });
    const answer = await api.send<z.infer<typeof AcceptedJobSchema>>("/v1/jobs", {
      method: "POST",
      body: { model: name, input, ...(chosen !== "default" && { version: chosen }) },
    });
    if (!answer.ok) {
      if (!isFragment(c)) throw answer.refusal;
      return await c.html(<Faults problem={answer.refusal.problem} />);
    }
    const { id } = answer.value;
    if (!isFragment(c)) return c.redirect(`/panel/jobs/${id}`, 303);
    return await c.html(<LiveJob story={await readStory(api, id)} units={version.units} />);
  });
}

function Facts({ model, version }: {
  readonly model: WireModel;
  readonly version: WireVersion | undefined;
}) {
  const rows: [string, unknown][] = [
    ["Default version", model.version ?? "none yet"],
    ["Access", model.visibility],
    ["Owners", model.owners.join(", ")],
    ["Tags", model.tags.join(", ")],
    ["Backend", version?.backend.kind],
    ["Units", version?.units],
    ["Source", version?.source],
    ["Registered", <Time at={model.createdAt} />],
    ["Changed", <Time at={model.updatedAt} />],
  ];
  return (
    <>
      {rows.filter(([, value]) => value !== undefined && value !== "").map(([term, value]) => (
        <>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </>
  );
}

function TryForm({ model, version, csrf }: {
  readonly model: WireModel;
  readonly version: WireVersion;
  readonly csrf: string;
}) {
  const action = `/panel/models/${model.name}/try`;
  return (
    <section class="card">
      <h2>Try it</h2>
      <form
        method="post"
        action={action}
        class="stack"
        hx-post={action}
        hx-target="#outcome"
        hx-disabled-elt="find .primary"
        hx-disinherit="hx-disabled-elt"
      >
        <CsrfField token={csrf} />
        <SchemaFields fields={fieldsOf(version.inputSchema, version.example)} />
        <button class="primary">Run {model.name}</button>
      </form>
    </section>
  );
}

function NoVersion({ model }: { readonly model: string }) {
  return (
    <section class="card">
      <h2>Try it</h2>
      <p>
        The model has no version yet. <a href={`/panel/models/${model}/versions`}>Add one</a>.
      </p>
    </section>
  );
}
