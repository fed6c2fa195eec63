/**
 * API keys: whose they are, what they may be used for, when they were used; a new one, a new secret,
 * the end of one. Under `/panel` one's own, under `/admin` everyone's.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "@hono/zod-openapi";
import { SCOPE_NAMES, SCOPES } from "../../../registry/scope.ts";
import type { KeyPageSchema, KeySchema, MadeKeySchema } from "../../wire/key.ts";
import { pathWith } from "../api_caller.ts";
import { CsrfField } from "../components/csrf_field.tsx";
import { Pager } from "../components/pager.tsx";
import { Time } from "../components/time.tsx";
import type { Panel, PanelEnv } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";

type Key = z.infer<typeof KeySchema>;
type MadeKey = z.infer<typeof MadeKeySchema>;

const SHOWN = 50;
const DAY_MS = 24 * 3600 * 1000;

/** Answers what adds the page and its forms to a surface. */
export function keysPage(base: "/panel" | "/admin"): (panel: Panel, parts: PanelParts) => void {
  const path = `${base}/keys`;
  const all = base === "/admin";
  return (panel, { gateway, pages }) => {
    const showSecret = (c: Context<PanelEnv>, { key, user, oldSecretUntil }: MadeKey) =>
      pages.show(
        c,
        { title: "A new key", status: 201 },
        <section class="narrow">
          <h1>The new key of {user}</h1>
          <p class="notice" role="status">It is shown this once, and kept nowhere.</p>
          <pre id="new-key" tabindex={0} aria-label="The new key">{key}</pre>
          {oldSecretUntil && (
            <p>
              The one before is taken until <Time at={oldSecretUntil} />.
            </p>
          )}
          <p class="row">
            <button type="button" data-copy="new-key">Copy</button>
            <a href={path}>To the keys</a>
          </p>
        </section>,
      );

    panel.get("/keys", async (c) => {
      const { user } = c.get("principal");
      const query = {
        query: c.req.query("query"),
        cursor: c.req.query("cursor"),
        ...(!all && { user }),
      };
      const found = await c.get("api").get<z.infer<typeof KeyPageSchema>>("/v1/keys", {
        ...query,
        limit: SHOWN,
      });
      const { csrf } = c.get("session");
      return await pages.show(
        c,
        { title: all ? "Keys" : "My keys" },
        <>
          <h1>{all ? "Keys" : "My keys"}</h1>
          <form method="get" class="row card" role="search">
            <label for="query">Find</label>
            <input id="query" name="query" type="search" value={query.query} placeholder="label" />
            <button>Search</button>
          </form>
          <section class="card">
            <h2>Keys, the newest first</h2>
            <KeyTable keys={found.items} csrf={csrf} path={path} />
            <Pager path={path} query={query} nextCursor={found.nextCursor} />
          </section>
          <NewKey csrf={csrf} path={path} forOthers={all} />
        </>,
      );
    });

    panel.post("/keys", async (c) => {
      const form = await c.req.parseBody({ all: true });
      const text = (field: unknown) => typeof field === "string" ? field.trim() : "";
      const teams = text(form.teams).split(/[\s,]+/).filter((team) => team !== "");
      const scopes = [form.scopes ?? []].flat();
      const days = Number(text(form.days));
      const made = await c.get("api").change<MadeKey>("POST", "/v1/keys", {
        ...(all && { user: text(form.user), superuser: form.superuser === "on" }),
        teams: all || teams.length > 0 ? teams : [...c.get("principal").teams],
        ...(scopes.length > 0 && { scopes }),
        ...(text(form.label) !== "" && { label: text(form.label) }),
        ...(days > 0 && { expiresAt: new Date(gateway.now() + days * DAY_MS).toISOString() }),
      });
      return await showSecret(c, made);
    });

    panel.post("/keys/rotate", async (c) => {
      const id = encodeURIComponent(String((await c.req.parseBody()).id));
      const rotated = await c.get("api").change<MadeKey>("POST", `/v1/keys/${id}/rotate`, {});
      return await showSecret(c, rotated);
    });

    panel.post("/keys/revoke", async (c) => {
      const id = encodeURIComponent(String((await c.req.parseBody()).id));
      await c.get("api").change("DELETE", pathWith(`/v1/keys/${id}`, {}));
      return c.redirect(path, 303);
    });
  };
}

interface TableProps {
  readonly keys: readonly Key[];
  readonly csrf: string;
  readonly path: string;
}

function KeyTable({ keys, csrf, path }: TableProps) {
  if (keys.length === 0) return <p>There are none.</p>;
  return (
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th scope="col">User</th>
          <th scope="col">Teams</th>
          <th scope="col">May be used to</th>
          <th scope="col">Label</th>
          <th scope="col">Made</th>
          <th scope="col">Last used</th>
          <th scope="col">Expires</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr>
            <th scope="row">{key.user} {key.superuser && <span class="tag">superuser</span>}</th>
            <td data-label="Teams">{key.teams.join(", ")}</td>
            <td data-label="May be used to">{key.scopes?.join(", ") ?? "everything"}</td>
            <td data-label="Label">{key.label}</td>
            <td data-label="Made">
              <Time at={key.createdAt} />
            </td>
            <td data-label="Last used">
              <Time at={key.lastUsedAt} />
            </td>
            <td data-label="Expires">
              <Time at={key.expiresAt} />
            </td>
            <td>
              <KeyButtons of={key} csrf={csrf} path={path} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function KeyButtons({ of: { id, user, label = id }, csrf, path }: {
  readonly of: Key;
  readonly csrf: string;
  readonly path: string;
}) {
  return (
    <div class="row">
      <form method="post" action={`${path}/rotate`}>
        <CsrfField token={csrf} />
        <input type="hidden" name="id" value={id} />
        <button
          data-confirm={`Give this key of ${user} a new secret? The old one is taken for an hour.`}
          aria-label={`Rotate the key ${label} of ${user}`}
        >
          Rotate
        </button>
      </form>
      <form method="post" action={`${path}/revoke`}>
        <CsrfField token={csrf} />
        <input type="hidden" name="id" value={id} />
        <button
          class="danger"
          data-confirm={`Revoke this key of ${user}?`}
          aria-label={`Revoke the key ${label} of ${user}`}
        >
          Revoke
        </button>
      </form>
    </div>
  );
}

function NewKey({ csrf, path, forOthers }: {
  readonly csrf: string;
  readonly path: string;
  readonly forOthers: boolean;
}) {
  return (
    <form method="post" action={path} class="card stack">
      <h2>Make a key</h2>
      <CsrfField token={csrf} />
      {forOthers && (
        <>
          <label for="user">User</label>
          <input id="user" name="user" required />
        </>
      )}
      <label for="teams">
        Teams, with commas between{!forOthers && "; all of yours where it is empty"}
      </label>
      <input id="teams" name="teams" />
      <label for="label">Label</label>
      <input id="label" name="label" />
      <label for="days">Valid for days; for good where it is empty</label>
      <input id="days" name="days" type="number" min={1} max={3650} />
      <fieldset>
        <legend>May be used to; everything but approve where none is chosen</legend>
        {SCOPE_NAMES.map((scope) => (
          <label>
            <input type="checkbox" name="scopes" value={scope} /> <b>{scope}</b>: {SCOPES[scope]}
          </label>
        ))}
      </fieldset>
      {forOthers && (
        <label>
          <input type="checkbox" name="superuser" /> Superuser: may do everything
        </label>
      )}
      <button class="primary">Make the key</button>
    </form>
  );
}
