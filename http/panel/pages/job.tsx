/**
 * One job: how it stands, live; what may be done with it; its result to take along.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { isFinal } from "../../../actors/job.ts";
import { mayManageJob } from "../../../registry/access.ts";
import { jobFor } from "../../lookup.ts";
import { Problem } from "../../problem.ts";
import type { AcceptedJobSchema, ResultSchema } from "../../wire/job.ts";
import type { ApiCaller } from "../api_caller.ts";
import { CsrfField } from "../components/csrf_field.tsx";
import { Drawing } from "../components/drawing.tsx";
import { JobCard } from "../components/job_card.tsx";
import { SharingForm } from "../components/sharing_form.tsx";
import { LiveJob } from "../components/live_job.tsx";
import { csvOf, flatten } from "../csv_text.ts";
import { type LogLine, logOf, readStory, type WireJob } from "../job_story.ts";
import { fieldsOf } from "../schema_form.ts";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import { eventResponse, readEvents, writeEvent } from "../sse.ts";
import type { WireVersion } from "./model.tsx";
import { goTo } from "./register.tsx";

/** Adds the page, its stream and its buttons. */
export function jobPage(panel: Panel, parts: PanelParts): void {
  const { gateway, pages } = parts;

  panel.get("/jobs/:id", async (c) => {
    const api = c.get("api");
    const story = await readStory(api, c.req.param("id"));
    const { job } = story;
    const { job: record, view } = await jobFor(gateway, c.get("principal"), job.id);
    const version = await versionOf(api, job);
    const input = view === "all" ? record.input : undefined;
    return await pages.show(
      c,
      { title: `Job of ${job.model}`, live: true },
      <>
        <h1>Job of {job.model}</h1>
        <p>
          <code>{job.id}</code>
        </p>
        <Actions
          job={job}
          csrf={c.get("session").csrf}
          superuser={c.get("principal").superuser}
          mayRepeat={input !== undefined && isFinal(job.status)}
        />
        <LiveJob story={story} units={version?.units} downloads />
        {mayManageJob(c.get("principal"), record) && (
          <SharingForm
            job={job.id}
            sharedWith={job.sharedWith ?? []}
            csrf={c.get("session").csrf}
          />
        )}
        {input !== undefined && (
          <section class="card">
            <h2>Input</h2>
            {version && await MoleculeOf({ input, version, parts })}
            <pre tabindex={0} aria-label="Input as JSON">{pretty(input)}</pre>
          </section>
        )}
      </>,
    );
  });

  panel.get("/jobs/:id/live", async (c) => {
    const api = c.get("api");
    const id = c.req.param("id");
    await api.get(`/v1/jobs/${encodeURIComponent(id)}`); // a stream cannot say that it is not there
    return eventResponse(
      (signal) => news(api, id, signal),
      gateway.stopping,
      (error) => gateway.log.error("a job's stream failed", { job: id, error }),
    );
  });

  panel.post("/jobs/:id/cancel", async (c) => {
    const id = c.req.param("id");
    await c.get("api").change("POST", `/v1/jobs/${encodeURIComponent(id)}/cancel`);
    return c.redirect(`/panel/jobs/${id}`, 303);
  });

  panel.post("/jobs/:id/sharing", async (c) => {
    const id = c.req.param("id");
    const { with: text } = await c.req.parseBody();
    const entries = String(text ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
    const path = `/v1/jobs/${encodeURIComponent(id)}/sharing`;
    await c.get("api").change("PUT", path, { with: entries });
    return goTo(c, `/panel/jobs/${id}`);
  });

  panel.post("/jobs/:id/requeue", async (c) => {
    const id = c.req.param("id");
    await c.get("api").change("POST", `/v1/jobs/${encodeURIComponent(id)}/requeue`);
    return c.redirect(`/panel/jobs/${id}`, 303);
  });

  panel.post("/jobs/:id/again", async (c) => {
    const { job, view } = await jobFor(gateway, c.get("principal"), c.req.param("id"));
    if (view !== "all") throw new Problem("forbidden", { detail: "its input is its submitter's" });
    type Accepted = z.infer<typeof AcceptedJobSchema>;
    const { id } = await c.get("api").change<Accepted>("POST", "/v1/jobs", {
      model: job.model,
      version: job.version,
      lane: job.lane,
      input: JSON.parse(job.input),
    });
    return c.redirect(`/panel/jobs/${id}`, 303);
  });

  panel.get("/jobs/:id/result.json", async (c) => {
    const result = await resultOf(c.get("api"), c.req.param("id"));
    c.header("content-disposition", `attachment; filename="${result.id}.json"`);
    return c.json(result);
  });

  panel.get("/jobs/:id/result.csv", async (c) => {
    const { id, result } = await resultOf(c.get("api"), c.req.param("id"));
    const row = flatten(result);
    return c.body(csvOf(Object.keys(row), [row]), 200, {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="${id}.csv"`,
    });
  });
}

function resultOf(api: ApiCaller, id: string): Promise<z.infer<typeof ResultSchema>> {
  return api.get(`/v1/jobs/${encodeURIComponent(id)}/result`);
}

/** The card of the job, anew at each of its events; `end` after the last. */
async function* news(api: ApiCaller, id: string, signal: AbortSignal): AsyncGenerator<string> {
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  const response = await api.request(`${path}/events`, { signal });
  if (!response.body || !response.ok) return;
  const logs: LogLine[] = [];
  const version = await versionOf(api, await api.get<WireJob>(path));
  for await (const event of readEvents(response.body, signal)) {
    logs.push(...logOf(event));
    const story = await readStory(api, id, logs);
    const card = <JobCard story={story} units={version?.units} downloads />;
    yield writeEvent("job", String(await card));
    if (isFinal(story.job.status)) break;
  }
  yield writeEvent("end", "");
}

/** The version that the job ran on, if one may still read it. */
async function versionOf(api: ApiCaller, job: WireJob): Promise<WireVersion | undefined> {
  const answer = await api.send<WireVersion>(`/v1/models/${job.model}/versions/${job.version}`);
  return answer.ok ? answer.value : undefined;
}

async function MoleculeOf({ input, version, parts }: {
  readonly input: string;
  readonly version: WireVersion;
  readonly parts: PanelParts;
}) {
  const fields = fieldsOf(version.inputSchema, JSON.parse(input));
  const molecule = fields.find(({ kind, initial }) => kind === "molecule" && initial !== "");
  const svg = molecule && await parts.gateway.draw?.(molecule.initial);
  return molecule && svg ? <Drawing svg={svg} smiles={molecule.initial} /> : null;
}

function Actions({ job, csrf, superuser, mayRepeat }: {
  readonly job: WireJob;
  readonly csrf: string;
  readonly superuser: boolean;
  readonly mayRepeat: boolean;
}) {
  return (
    <div class="row">
      {!isFinal(job.status) && (
        <form method="post" action={`/panel/jobs/${job.id}/cancel`}>
          <CsrfField token={csrf} />
          <button class="danger">{job.cancelRequested ? "Cancelling" : "Cancel"}</button>
        </form>
      )}
      {mayRepeat && (
        <form method="post" action={`/panel/jobs/${job.id}/again`}>
          <CsrfField token={csrf} />
          <button title={`The same input on version ${job.version}`}>Run again</button>
        </form>
      )}
      {superuser && <a class="button" href={`/admin/deliveries?job=${job.id}`}>Deliveries</a>}
      {superuser && <a class="button" href={`/admin/audit?job=${job.id}`}>Audit</a>}
      {job.deadLettered && (
        <form method="post" action={`/panel/jobs/${job.id}/requeue`}>
          <CsrfField token={csrf} />
          <button>Requeue</button>
        </form>
      )}
    </div>
  );
}

function pretty(json: string): string {
  return JSON.stringify(JSON.parse(json), null, 2);
}
