/**
 * API keys: whose they are, when they were used, a new one, the end of one.
 *
 * @module
 */
import { subjectsOf } from "../../../registry/principal.ts";
import type { ApiKey } from "../../../registry/registry.ts";
import { CsrfField } from "../../panel/components/csrf_field.tsx";
import { Time } from "../../panel/components/time.tsx";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";

/** Keys on the page at most, the newest; a search finds the others. */
const MAX_SHOWN = 100;
const DAY_MS = 24 * 3600 * 1000;

/** Adds the page and its forms. */
export function keysPage(admin: Panel, { gateway, pages }: PanelParts): void {
  const { registry, catalog, now } = gateway;

  admin.get("/keys", async (c) => {
    const query = c.req.query("query")?.trim().toLowerCase() ?? "";
    const found = (await registry.keys()).filter((key) => matches(key, query));
    const { csrf } = c.get("session");
    return await pages.show(
      c,
      { title: "Keys" },
      <>
        <h1>Keys</h1>
        <form method="get" class="row card" role="search">
          <label for="query">Find</label>
          <input id="query" name="query" type="search" value={query} placeholder="user or team" />
          <button>Search</button>
        </form>
        <section class="card">
          <h2>{found.length} keys</h2>
          <KeyTable keys={found.slice(0, MAX_SHOWN)} csrf={csrf} />
        </section>
        <NewKey csrf={csrf} />
      </>,
    );
  });

  admin.post("/keys", async (c) => {
    const form = await c.req.parseBody();
    const text = (field: unknown) => typeof field === "string" ? field.trim() : "";
    const teams = text(form.teams).split(/[\s,]+/).filter((team) => team !== "");
    const days = text(form.days);
    const label = text(form.label);
    const actor = subjectsOf(c.get("principal"))[0]!;
    const { key } = await registry.createKey(actor, {
      user: text(form.user),
      teams,
      superuser: form.superuser === "on",
      ...(label !== "" && { label }),
      ...(days !== "" && { expiresAt: now() + Number(days) * DAY_MS }),
    });
    await catalog.refresh();
    return await pages.show(
      c,
      { title: "A new key", status: 201 },
      <section class="narrow">
        <h1>The new key of {text(form.user)}</h1>
        <p class="notice" role="status">It is shown this once, and kept nowhere.</p>
        <pre id="new-key" tabindex={0} aria-label="The new key">{key}</pre>
        <p class="row">
          <button type="button" data-copy="new-key">Copy</button>
          <a href="/admin/keys">To the keys</a>
        </p>
      </section>,
    );
  });

  admin.post("/keys/revoke", async (c) => {
    const { id } = await c.req.parseBody();
    await registry.revokeKey(subjectsOf(c.get("principal"))[0]!, String(id));
    await catalog.refresh();
    return c.redirect("/admin/keys", 303);
  });
}

function matches({ user, teams, label, id }: ApiKey, query: string): boolean {
  return [user, ...teams, label ?? "", id].some((text) => text.toLowerCase().includes(query));
}

function KeyTable({ keys, csrf }: { readonly keys: readonly ApiKey[]; readonly csrf: string }) {
  const iso = (time: number | undefined) =>
    time === undefined ? undefined : new Date(time).toISOString();
  return (
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th scope="col">User</th>
          <th scope="col">Teams</th>
          <th scope="col">Label</th>
          <th scope="col">Made</th>
          <th scope="col">Last used</th>
          <th scope="col">Expires</th>
          <th scope="col">Revoke</th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr>
            <th scope="row">{key.user} {key.superuser && <span class="tag">superuser</span>}</th>
            <td data-label="Teams">{key.teams.join(", ")}</td>
            <td data-label="Label">{key.label}</td>
            <td data-label="Made">
              <Time at={iso(key.createdAt)} />
            </td>
            <td data-label="Last used">
              <Time at={iso(key.lastUsedAt)} />
            </td>
            <td data-label="Expires">
              <Time at={iso(key.expiresAt)} />
            </td>
            <td>
              <form method="post" action="/admin/keys/revoke">
                <CsrfField token={csrf} />
                <input type="hidden" name="id" value={key.id} />
                <button
                  class="danger"
                  data-confirm={`Revoke this key of ${key.user}?`}
                  aria-label={`Revoke the key ${key.label ?? key.id} of ${key.user}`}
                >
                  Revoke
                </button>
              </form>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NewKey({ csrf }: { readonly csrf: string }) {
  return (
    <form method="post" action="/admin/keys" class="card stack">
      <h2>Make a key</h2>
      <CsrfField token={csrf} />
      <label for="user">User</label>
      <input id="user" name="user" required />
      <label for="teams">Teams, with commas between</label>
      <input id="teams" name="teams" />
      <label for="label">Label</label>
      <input id="label" name="label" />
      <label for="days">Valid for days; for good where it is empty</label>
      <input id="days" name="days" type="number" min={1} max={3650} />
      <label>
        <input type="checkbox" name="superuser" /> Superuser: may do everything
      </label>
      <button class="primary">Make the key</button>
    </form>
  );
}
