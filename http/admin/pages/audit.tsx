/**
 * The audit trail: search, export, and whether its chain is whole.
 *
 * @module
 */
import { type ApiAnswer, pathWith } from "../../panel/api_caller.ts";
import { Faults } from "../../panel/components/faults.tsx";
import { Pager } from "../../panel/components/pager.tsx";
import { Time } from "../../panel/components/time.tsx";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";

/** What the page shows of an event of `/v1/audit`. */
interface WireEvent {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: string;
  readonly subject: string;
  readonly [field: string]: unknown;
}

interface EventPage {
  readonly items: readonly WireEvent[];
  readonly nextCursor?: string;
}

/** What a check of the trail has found. */
interface WireVerification {
  readonly intact: boolean;
  readonly batches: number;
  readonly events: number;
  readonly removed: number;
  readonly signed: boolean;
  readonly head?: { readonly batch: number; readonly sha256: string; readonly sealedAt: string };
  readonly broken?: { readonly batch: number; readonly key: string; readonly what: string };
}

const FILTERS = ["job", "model", "actor", "action"] as const;
const TIMES = ["from", "to"] as const;
type Asked = Readonly<Partial<Record<typeof FILTERS[number] | typeof TIMES[number], string>>>;

/** Adds the page, the download and the check. */
export function auditPage(admin: Panel, { pages }: PanelParts): void {
  admin.get("/audit", async (c) => {
    const asked = c.req.query();
    const { cursor } = asked;
    const path = pathWith("/v1/audit", { ...filtersOf(asked), cursor, limit: 50 });
    const answer = await c.get("api").send<EventPage>(path);
    return await pages.show(
      c,
      { title: "Audit" },
      <>
        <h1>Audit trail</h1>
        <Filters asked={asked} />
        {answer.ok
          ? (
            <>
              <Check />
              <Events page={answer.value} asked={asked} cursor={cursor} />
            </>
          )
          : <Faults problem={answer.refusal.problem} />}
      </>,
    );
  });

  admin.get("/audit/verify", async (c) => {
    const { from, to } = filtersOf(c.req.query());
    const path = pathWith("/v1/audit/verify", { from, to });
    return await c.html(<Verdict answer={await c.get("api").send<WireVerification>(path)} />);
  });

  admin.get("/audit/export", async (c) => {
    const path = pathWith("/v1/audit/export", filtersOf(c.req.query()));
    const signal = c.req.raw.signal;
    const response = await c.get("api").request(path, { signal });
    return new Response(response.body, response);
  });
}

/** The filters as the API takes them: times of a form are of UTC, to the minute. */
function filtersOf(query: Asked): Asked {
  const times = TIMES.flatMap((name): [string, string][] => {
    const text = query[name]?.trim();
    return text ? [[name, /^[\d-]+T\d\d:\d\d$/.test(text) ? `${text}:00Z` : text]] : [];
  });
  const texts = FILTERS.flatMap((name): [string, string][] => {
    const text = query[name]?.trim();
    return text ? [[name, text]] : [];
  });
  return Object.fromEntries([...texts, ...times]);
}

function Filters({ asked }: { readonly asked: Asked }) {
  return (
    <form method="get" action="/admin/audit" class="row card" role="search" id="audit-filters">
      {FILTERS.map((name) => (
        <>
          <label for={name}>{name}</label>
          <input id={name} name={name} value={asked[name]} size={14} />
        </>
      ))}
      {TIMES.map((name) => (
        <>
          <label for={name}>{name} (UTC)</label>
          <input id={name} name={name} type="datetime-local" value={asked[name]} />
        </>
      ))}
      <button>Search</button>
      <a class="button" href={pathWith("/admin/audit/export", filtersOf(asked))}>Export</a>
    </form>
  );
}

function Check() {
  return (
    <section class="card">
      <button
        type="button"
        hx-get="/admin/audit/verify"
        hx-include="#audit-filters"
        hx-target="#chain"
      >
        Verify the chain
      </button>
      <div id="chain" aria-live="polite"></div>
    </section>
  );
}

function Verdict({ answer }: { readonly answer: ApiAnswer<WireVerification> }) {
  if (!answer.ok) return <Faults problem={answer.refusal.problem} />;
  const { intact, batches, events, removed, signed, head, broken } = answer.value;
  if (broken) {
    return (
      <p class="faults" role="alert">
        The chain is broken at batch {broken.batch}, <code>{broken.key}</code>: {broken.what}
      </p>
    );
  }
  return (
    <p class={intact ? "notice" : "faults"} role="status">
      The chain is whole: {batches} batches, {events} events
      {removed > 0 && `, ${removed} batches removed by retention`}.{" "}
      {signed ? "Signatures were checked." : "There is no key to check signatures by."}
      {head && (
        <>
          Last seal <code>{head.sha256}</code>, batch {head.batch}.
        </>
      )}
    </p>
  );
}

function Events({ page, asked, cursor }: {
  readonly page: EventPage;
  readonly asked: Asked;
  readonly cursor: string | undefined;
}) {
  return (
    <section class="card">
      {page.items.length === 0 && <p>Nothing is found here.</p>}
      {page.items.map((event) => <EventRow event={event} />)}
      <Pager
        path="/admin/audit"
        query={{ ...filtersOf(asked), cursor }}
        nextCursor={page.nextCursor}
      />
    </section>
  );
}

function EventRow({ event }: { readonly event: WireEvent }) {
  const { id: _, at, action, actor, subject, ...rest } = event;
  return (
    <details>
      <summary>
        <Time at={at} /> <strong>{action}</strong> {subject} by {actor}
      </summary>
      <dl class="facts">
        {Object.entries(rest).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>
              <code>{String(value)}</code>
            </dd>
          </>
        ))}
      </dl>
    </details>
  );
}
