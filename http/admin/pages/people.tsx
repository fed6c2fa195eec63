/**
 * Users and teams: their keys, models and quotas, with links to what they use and did.
 *
 * @module
 */
import { Pager } from "../../panel/components/pager.tsx";
import { pathWith } from "../../panel/api_caller.ts";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";
import { peopleOf, type Person } from "../people.ts";

const PATH = "/admin/people";
const PAGE = 50;
/** Names that are shown; the others are counted. */
const SHOWN = 3;

/** Adds the page. */
export function peoplePage(admin: Panel, { gateway, pages }: PanelParts): void {
  admin.get("/people", async (c) => {
    const { q = "", cursor } = c.req.query();
    const sought = q.trim().toLowerCase();
    const found = peopleOf(gateway.catalog).filter(({ subject }) =>
      subject.toLowerCase().includes(sought)
    );
    const rest = cursor === undefined ? found : found.filter(({ subject }) => subject > cursor);
    const page = rest.slice(0, PAGE);
    const nextCursor = rest.length > PAGE ? page.at(-1)!.subject : undefined;
    return await pages.show(
      c,
      { title: "People" },
      <>
        <h1>People</h1>
        <form method="get" class="row card" role="search">
          <label for="q">User or team</label>
          <input id="q" name="q" type="search" value={q} />
          <button>Search</button>
          <span class="hint">
            Who has a key, a model, a right or a quota. People of an identity provider are here once
            they have one of these.
          </span>
        </form>
        <section class="card">
          {page.length === 0 ? <p>Nobody is found here.</p> : <PeopleTable people={page} />}
          <Pager path={PATH} query={{ q: q || undefined, cursor }} nextCursor={nextCursor} />
        </section>
      </>,
    );
  });
}

function PeopleTable({ people }: { readonly people: readonly Person[] }) {
  return (
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th scope="col">Who</th>
          <th scope="col">Keys</th>
          <th scope="col">Teams or members</th>
          <th scope="col">Owns</th>
          <th scope="col">May use</th>
          <th scope="col">Quota</th>
          <th scope="col">What they did</th>
        </tr>
      </thead>
      <tbody>
        {people.map((person) => <PersonRow person={person} />)}
      </tbody>
    </table>
  );
}

function PersonRow({ person }: { readonly person: Person }) {
  const { subject, keys, superuser, relations, owns, granted, hasQuota } = person;
  const isUser = subject.startsWith("user:");
  return (
    <tr>
      <th scope="row">
        {subject} {superuser && <span class="state">superuser</span>}
      </th>
      <td data-label="Keys" class="number">{isUser ? keys : ""}</td>
      <td data-label="Teams or members">{shortened([...relations].sort())}</td>
      <td data-label="Owns">{shortened(owns)}</td>
      <td data-label="May use">{shortened([...granted].sort())}</td>
      <td data-label="Quota">
        {hasQuota
          ? <a href="/admin/quotas" aria-label={`Quota of ${subject} is set`}>set</a>
          : "none"}
      </td>
      <td data-label="What they did">
        <a
          href={pathWith("/admin/audit", { actor: subject })}
          aria-label={`Audit of ${subject}`}
        >
          audit
        </a>
      </td>
    </tr>
  );
}

function shortened(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(", ");
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}
