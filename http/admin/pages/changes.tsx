/**
 * Every change of the registry: who did what, when and why, with what was before and after.
 *
 * @module
 */
import type { Change } from "../../../registry/registry.ts";
import { pathWith } from "../../panel/api_caller.ts";
import { Time } from "../../panel/components/time.tsx";
import { lineDiff } from "../../line_diff.ts";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";

const PAGE = 50;
/** Changes that are looked through for one page at most. */
const MAX_LOOKED_AT = 5000;
const CHUNK = 500;

interface Asked {
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
}

/** Adds the page. */
export function changesPage(admin: Panel, { gateway, pages }: PanelParts): void {
  const { catalog, registry } = gateway;

  /** The newest that fit, before a number; and where to look on. */
  const find = async (asked: Asked, before: number) => {
    const found: Change[] = [];
    let end = before;
    for (let looked = 0; looked < MAX_LOOKED_AT && end > 1 && found.length < PAGE;) {
      const from = Math.max(0, end - 1 - CHUNK);
      const chunk = await registry.changes(from, end - 1 - from);
      for (const change of chunk.reverse()) {
        if (found.length === PAGE) break;
        end = change.seq;
        if (fits(change, asked)) found.push(change);
      }
      if (found.length < PAGE) end = from + 1;
      looked += CHUNK;
    }
    return { found, next: end > 1 ? end : undefined };
  };

  admin.get("/changes", async (c) => {
    const { actor = "", action = "", subject = "", before } = c.req.query();
    const asked = { actor: actor.trim(), action: action.trim(), subject: subject.trim() };
    const last = Number(before) || catalog.revision + 1;
    const { found, next } = await find(asked, last);
    return await pages.show(
      c,
      { title: "Changes" },
      <>
        <h1>Changes of the registry</h1>
        <form method="get" class="row card" role="search">
          <label for="actor">Actor</label>
          <input id="actor" name="actor" value={asked.actor} size={14} placeholder="user:ada" />
          <label for="action">Action</label>
          <input id="action" name="action" value={asked.action} size={14} />
          <label for="subject">Subject</label>
          <input id="subject" name="subject" value={asked.subject} size={14} />
          <button>Search</button>
        </form>
        {found.length === 0 && <p>Nothing is found.</p>}
        {found.map((change) => <ChangeCard change={change} />)}
        {next !== undefined && (
          <a href={pathWith("/admin/changes", { ...asked, before: next })}>Older changes</a>
        )}
      </>,
    );
  });
}

function fits(change: Change, { actor, action, subject }: Asked): boolean {
  const has = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());
  return has(change.actor, actor) && has(change.action, action) && has(change.subject, subject);
}

function ChangeCard({ change }: { readonly change: Change }) {
  const text = (value: unknown) => value === undefined ? "" : JSON.stringify(value, null, 2);
  const signs = { same: " ", added: "+", removed: "-" } as const;
  const tags = { same: "span", added: "ins", removed: "del" } as const;
  return (
    <section class="card">
      <h2>{change.seq}. {change.action} {change.subject}</h2>
      <p>
        <Time at={new Date(change.at).toISOString()} /> by {change.actor}
        {change.reason && `: ${change.reason}`}
      </p>
      <details>
        <summary>Before and after</summary>
        <pre class="diff" tabindex={0} aria-label={`Change ${change.seq}`}>
          {lineDiff(text(change.before), text(change.after)).map(({ kind, text: line }) => {
            const Line = tags[kind];
            return <Line>{`${signs[kind]} ${line}`}</Line>;
          })}
        </pre>
      </details>
    </section>
  );
}
