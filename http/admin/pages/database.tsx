/**
 * The registry's database: its cache, questions to it, all definitions in and out, and their end.
 *
 * @module
 */
import { subjectsOf } from "../../../registry/principal.ts";
import { OPEN_TABLES, type Selected, SelectRefused } from "../../../registry/select.ts";
import { countOf } from "../../errors.ts";
import { fieldErrors } from "../../field_errors.ts";
import type { Gateway } from "../../gateway.ts";
import { Problem } from "../../problem.ts";
import { CsrfField } from "../../panel/components/csrf_field.tsx";
import { isFragment } from "../../panel/page.tsx";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";
import { goTo } from "../../panel/pages/register.tsx";
import {
  DefinitionsSchema,
  exportDefinitions,
  importDefinitions,
  type Imported,
  resetDefinitions,
} from "../definitions.ts";
import { saveQuery } from "../saved_query.ts";

const LIMITS = { timeoutMs: 5000, maxRows: 200 };
const MAX_CELL = 300;
/** What has to be typed before everything is deleted. */
const CONFIRMATION = "delete everything";

/** Adds the page and its forms. */
export function databasePage(admin: Panel, { gateway, pages }: PanelParts): void {
  const { catalog, registry } = gateway;

  admin.get("/database", async (c) => {
    const { csrf } = c.get("session");
    const saved = catalog.document("query", c.req.query("query") ?? "");
    const sql = (saved?.value as { sql?: string } | undefined)?.sql;
    return await pages.show(
      c,
      { title: "Database" },
      <>
        <h1>Database</h1>
        <CacheCard gateway={gateway} csrf={csrf} />
        {gateway.selects && (
          <QuestionCard gateway={gateway} csrf={csrf} sql={sql} name={saved?.name} />
        )}
        <div class="columns">
          <DefinitionsCard csrf={csrf} />
          <ResetCard csrf={csrf} />
        </div>
      </>,
    );
  });

  admin.post("/database/refresh", async (c) => {
    await catalog.refresh();
    return c.redirect("/admin/database", 303);
  });

  admin.post("/database/select", async (c) => {
    const { sql } = await c.req.parseBody();
    if (!gateway.selects) throw new Problem("not-found");
    const answer = await gateway.selects.select(String(sql ?? ""), LIMITS).catch(refusalOf);
    if (isFragment(c)) return await c.html(<Answer selected={answer} />);
    return await pages.show(c, { title: "Answer" }, <Answer selected={answer} />);
  });

  admin.post("/database/queries", async (c) => {
    const form = await c.req.parseBody();
    const name = String(form.name ?? "").trim();
    const actor = subjectsOf(c.get("principal"))[0]!;
    try {
      await saveQuery(registry, actor, name, String(form.sql ?? "").trim());
    } catch (error) {
      throw new Problem("invalid-request", { detail: refusalOf(error).message });
    }
    await catalog.refresh();
    return goTo(c, `/admin/database?query=${encodeURIComponent(name)}`);
  });

  admin.get("/database/definitions.json", (c) => {
    c.header("content-disposition", 'attachment; filename="definitions.json"');
    return c.json(exportDefinitions(gateway));
  });

  admin.post("/database/import", async (c) => {
    const { file } = await c.req.parseBody();
    const definitions = definitionsOf(file instanceof File ? await file.text() : "");
    const imported = await importDefinitions(
      gateway,
      c.get("principal"),
      definitions,
      c.get("api"),
    );
    return await pages.show(c, { title: "Import" }, <ImportReport imported={imported} />);
  });

  admin.post("/database/reset", async (c) => {
    const { confirmation, force } = await c.req.parseBody();
    if (confirmation !== CONFIRMATION) {
      throw new Problem("invalid-request", {
        errors: [{ parameter: "confirmation", expected: JSON.stringify(CONFIRMATION) }],
      });
    }
    const gone = await resetDefinitions(gateway, c.get("principal"), force === "on");
    const text = `${gone.models} models and ${gone.documents} settings are deleted.`;
    if (isFragment(c)) return await c.html(<p class="notice" role="status">{text}</p>);
    return c.redirect("/admin/database", 303);
  });
}

function refusalOf(error: unknown): SelectRefused {
  if (error instanceof SelectRefused) return error;
  throw error;
}

function definitionsOf(text: string) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Problem("invalid-json", { detail: "the file is no JSON text" });
  }
  const result = DefinitionsSchema.safeParse(parsed);
  if (result.success) return result.data;
  const errors = fieldErrors(result.error.issues, "json").slice(0, 50);
  throw new Problem("invalid-request", { detail: countOf(errors), errors });
}

function CacheCard({ gateway, csrf }: { readonly gateway: Gateway; readonly csrf: string }) {
  const { catalog } = gateway;
  return (
    <section class="card">
      <h2>Model cache</h2>
      <dl class="facts">
        <dt>Models</dt>
        <dd>{[...catalog.models()].length}</dd>
        <dt>Last change</dt>
        <dd>{catalog.revision}</dd>
        <dt>State</dt>
        <dd>
          <span class={`state ${catalog.stale ? "bad" : "good"}`}>
            {catalog.stale ? "✕ the database does not answer" : "✓ in step"}
          </span>
        </dd>
      </dl>
      <form method="post" action="/admin/database/refresh">
        <CsrfField token={csrf} />
        <button>Refresh now</button>
      </form>
    </section>
  );
}

function QuestionCard({ gateway, csrf, sql, name }: {
  readonly gateway: Gateway;
  readonly csrf: string;
  readonly sql: string | undefined;
  readonly name: string | undefined;
}) {
  const saved = [...gateway.catalog.documents("query").values()];
  return (
    <section class="card">
      <h2>Ask the database</h2>
      {saved.length > 0 && (
        <ul class="row" aria-label="Saved questions">
          {saved.map((query) => (
            <li class="tag">
              <a href={`/admin/database?query=${encodeURIComponent(query.name)}`}>{query.name}</a>
            </li>
          ))}
        </ul>
      )}
      <form
        method="post"
        action="/admin/database/select"
        hx-post="/admin/database/select"
        hx-target="#answer"
        class="stack"
      >
        <CsrfField token={csrf} />
        <label for="sql">One SELECT</label>
        <textarea id="sql" name="sql" class="code" rows={5} spellcheck={false} required>
          {sql ?? "SELECT actor, action, count(*) AS changes FROM changes GROUP BY actor, action"}
        </textarea>
        <p class="hint">
          Of {[...OPEN_TABLES, "keys"].join(", ")}. It reads alone, for at most{" "}
          {LIMITS.timeoutMs / 1000} seconds and {LIMITS.maxRows} rows.
        </p>
        <div class="row end">
          <button class="primary">Ask</button>
          <label for="query-name">Name</label>
          <input id="query-name" name="name" value={name} />
          <button
            formaction="/admin/database/queries"
            hx-post="/admin/database/queries"
            hx-target="#answer"
          >
            Save the question
          </button>
        </div>
      </form>
      <div id="answer" aria-live="polite"></div>
    </section>
  );
}

function Answer({ selected }: { readonly selected: Selected | SelectRefused }) {
  if (selected instanceof SelectRefused) {
    return <p class="faults" role="alert">{selected.message}</p>;
  }
  const { columns, rows, cut } = selected;
  const shown = (value: unknown) => {
    const text = value === null ? "" : String(value);
    return text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
  };
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Answer">
      <p class="hint" role="status">
        {cut ? `The first ${rows.length} rows.` : `${rows.length} rows.`}
      </p>
      <table>
        <thead>
          <tr>{columns.map((column) => <th scope="col">{column}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row) => <tr>{row.map((value) => <td>{shown(value)}</td>)}</tr>)}
        </tbody>
      </table>
    </div>
  );
}

function DefinitionsCard({ csrf }: { readonly csrf: string }) {
  return (
    <section class="card stack">
      <h2>All definitions</h2>
      <p class="hint">
        Models with their versions and their access, and the settings beside them. No keys, no jobs.
      </p>
      <a class="button" href="/admin/database/definitions.json">Export</a>
      <form
        method="post"
        action="/admin/database/import"
        enctype="multipart/form-data"
        class="stack"
      >
        <CsrfField token={csrf} />
        <label for="file">File to import</label>
        <input id="file" name="file" type="file" accept="application/json" required />
        <p class="hint">What is there already stays as it is.</p>
        <button>Import</button>
      </form>
    </section>
  );
}

function ImportReport({ imported }: { readonly imported: Imported }) {
  const { models, versions, documents, kept, refused } = imported;
  return (
    <section class="card">
      <h1>Import</h1>
      <p class="notice" role="status">
        {models} models, {versions} versions and {documents} settings were added; {kept}{" "}
        were there already.
      </p>
      {refused.length > 0 && (
        <div class="faults" role="alert">
          <strong>{refused.length} were refused</strong>
          <ul>{refused.map(({ what, why }) => <li>{what}: {why}</li>)}</ul>
        </div>
      )}
      <a href="/admin/database">Back</a>
    </section>
  );
}

function ResetCard({ csrf }: { readonly csrf: string }) {
  return (
    <form
      method="post"
      action="/admin/database/reset"
      hx-post="/admin/database/reset"
      hx-target="#gone"
      class="card stack"
    >
      <h2>Reset</h2>
      <CsrfField token={csrf} />
      <p class="warning">
        Deletes every model with its versions, jobs and results, and all settings. Keys and the
        audit stay. Export first.
      </p>
      <label for="confirmation">Type: {CONFIRMATION}</label>
      <input id="confirmation" name="confirmation" required autocomplete="off" />
      <label>
        <input type="checkbox" name="force" /> also while jobs are unfinished
      </label>
      <button class="danger">Delete everything</button>
      <div id="gone" aria-live="polite"></div>
    </form>
  );
}
