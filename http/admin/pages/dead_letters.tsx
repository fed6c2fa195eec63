/**
 * Dead letters: what failed on every attempt, and its way back.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { JobPageSchema } from "../../wire/job.ts";
import { CsrfField } from "../../panel/components/csrf_field.tsx";
import { JobTable } from "../../panel/components/job_table.tsx";
import { Pager } from "../../panel/components/pager.tsx";
import type { WireJob } from "../../panel/job_story.ts";
import { pathWith } from "../../panel/api_caller.ts";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";

/** Models named on the page at most. */
const MAX_MODELS = 50;

/** Adds the page and its button. */
export function deadLettersPage(admin: Panel, { gateway, pages }: PanelParts): void {
  admin.get("/dead-letters", async (c) => {
    const { model, cursor } = c.req.query();
    type Page = z.infer<typeof JobPageSchema>;
    const found = model
      ? await c.get("api").get<Page>("/v1/dead-letters", { model, cursor, limit: 50 })
      : undefined;
    return await pages.show(
      c,
      { title: "Dead letters" },
      <>
        <h1>Dead letters</h1>
        <form method="get" class="row card" role="search">
          <label for="model">Model</label>
          <input id="model" name="model" value={model} required />
          <button>Show</button>
        </form>
        <ModelsWithDeadLetters models={withDeadLetters(gateway)} />
        {found && (
          <form method="post" action="/admin/dead-letters/requeue" class="card">
            <h2>Dead letters of {model}</h2>
            <CsrfField token={c.get("session").csrf} />
            <input type="hidden" name="model" value={model} />
            <JobTable jobs={found.items} requeue={(job) => <Chosen job={job} />} />
            {found.items.length > 0 && <button class="primary">Requeue the chosen</button>}
            <Pager
              path="/admin/dead-letters"
              query={{ model, cursor }}
              nextCursor={found.nextCursor}
            />
          </form>
        )}
      </>,
    );
  });

  admin.post("/dead-letters/requeue", async (c) => {
    const { model, job } = await c.req.parseBody({ all: true });
    const ids = (Array.isArray(job) ? job : [job]).filter((id) => typeof id === "string");
    for (const id of ids) {
      await c.get("api").change("POST", `/v1/jobs/${encodeURIComponent(id)}/requeue`);
    }
    return c.redirect(pathWith("/admin/dead-letters", { model: String(model ?? "") }), 303);
  });
}

function Chosen({ job }: { readonly job: WireJob }) {
  return (
    <label>
      <input type="checkbox" name="job" value={job.id} aria-label={`Requeue ${job.id}`} />
    </label>
  );
}

/** By the samples, so at most a minute or so ago. */
function withDeadLetters({ catalog, samples }: PanelParts["gateway"]): [string, number][] {
  return [...samples?.latest() ?? []]
    .flatMap(([tag, { deadLetters }]): [string, number][] => {
      const model = deadLetters > 0 ? catalog.modelByTag(tag) : undefined;
      return model ? [[model.name, deadLetters]] : [];
    })
    .sort(([, a], [, b]) => b - a).slice(0, MAX_MODELS);
}

function ModelsWithDeadLetters({ models }: { readonly models: readonly [string, number][] }) {
  if (models.length === 0) return <p class="hint">No model is known to have any.</p>;
  return (
    <ul class="row" aria-label="Models with dead letters">
      {models.map(([model, count]) => (
        <li class="tag">
          <a href={pathWith("/admin/dead-letters", { model })}>{model}: {count}</a>
        </li>
      ))}
    </ul>
  );
}
