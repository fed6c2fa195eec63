/**
 * The jobs that one may see: filters, and the list to take along.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { subjectsOf } from "../../../registry/principal.ts";
import { JOB_STATES, type JobPageSchema } from "../../wire/job.ts";
import { type ApiCaller, pathWith } from "../api_caller.ts";
import { JobTable } from "../components/job_table.tsx";
import { Pager } from "../components/pager.tsx";
import { csvOf } from "../csv_text.ts";
import type { WireJob } from "../job_story.ts";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";

type JobPage = z.infer<typeof JobPageSchema>;

const PAGE = 50;
/** Jobs of one download at most. */
const MAX_DOWNLOAD = 2000;

interface Asked {
  readonly model?: string;
  readonly status?: string;
  readonly submitter?: string;
  readonly lane?: string;
  readonly shared?: string;
}

/** Adds the list and its downloads. */
export function jobsPage(panel: Panel, { pages }: PanelParts): void {
  panel.get("/jobs", async (c) => {
    const { model, status, submitter, lane, shared, cursor } = c.req.query();
    const asked = { model, status, submitter, lane, shared };
    const found = await c.get("api").get<JobPage>("/v1/jobs", { ...asked, cursor, limit: PAGE });
    const self = subjectsOf(c.get("principal"))[0]!;
    return await pages.show(
      c,
      { title: "Jobs" },
      <>
        <h1>Jobs</h1>
        <Filters asked={asked} self={self} />
        <section class="card">
          <JobTable jobs={found.items} />
          <Pager
            path="/panel/jobs"
            query={{ ...asked, cursor }}
            nextCursor={found.nextCursor}
          />
          <p class="row">
            <a class="button" href={pathWith("/panel/jobs.csv", asked)}>Download CSV</a>
            <a class="button" href={pathWith("/panel/jobs.json", asked)}>Download JSON</a>
            <span class="hint">the newest {MAX_DOWNLOAD} of these</span>
          </p>
        </section>
      </>,
    );
  });

  panel.get("/jobs.json", async (c) => {
    const jobs = await listed(c.get("api"), c.req.query());
    c.header("content-disposition", 'attachment; filename="jobs.json"');
    return c.json(jobs);
  });

  panel.get("/jobs.csv", async (c) => {
    const jobs = await listed(c.get("api"), c.req.query());
    const text = csvOf(COLUMNS, jobs.map((job) => ({ ...job, error: job.error?.code })));
    return c.body(text, 200, {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="jobs.csv"',
    });
  });
}

const COLUMNS = [
  "id",
  "model",
  "version",
  "status",
  "lane",
  "submitter",
  "submittedAt",
  "startedAt",
  "finishedAt",
  "attempt",
  "maxAttempts",
  "error",
  "deadLettered",
];

async function listed(api: ApiCaller, asked: Asked): Promise<WireJob[]> {
  const { model, status, submitter, lane, shared } = asked;
  const jobs: WireJob[] = [];
  let cursor: string | undefined;
  do {
    const query = { model, status, submitter, lane, shared, cursor, limit: 200 };
    const page = await api.get<JobPage>("/v1/jobs", query);
    jobs.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && jobs.length < MAX_DOWNLOAD);
  return jobs.slice(0, MAX_DOWNLOAD);
}

function Filters({ asked, self }: { readonly asked: Asked; readonly self: string }) {
  return (
    <form method="get" action="/panel/jobs" class="row card" role="search">
      <label for="model">Model</label>
      <input id="model" name="model" value={asked.model} size={16} />
      <label for="status">State</label>
      <select id="status" name="status">
        <option value="">any</option>
        {JOB_STATES.map((state) => (
          <option value={state} selected={state === asked.status}>{state}</option>
        ))}
      </select>
      <label for="submitter">Submitter</label>
      <input
        id="submitter"
        name="submitter"
        value={asked.submitter}
        placeholder={self}
        size={16}
      />
      <label for="lane">Lane</label>
      <select id="lane" name="lane">
        <option value="">any</option>
        {["interactive", "batch"].map((lane) => (
          <option value={lane} selected={lane === asked.lane}>{lane}</option>
        ))}
      </select>
      <label>
        <input type="checkbox" name="shared" value="true" checked={asked.shared === "true"} />{" "}
        shared with me
      </label>
      <button>Filter</button>
    </form>
  );
}
