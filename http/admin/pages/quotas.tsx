/**
 * Quotas: who may use how much, how each stands, a new one; and the policy for everybody.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { QUOTA_LIMITS } from "../../../actors/quota_ledger.ts";
import type { PolicySchema } from "../../wire/policy.ts";
import type { QuotaPageSchema } from "../../wire/quota.ts";
import { CsrfField } from "../../panel/components/csrf_field.tsx";
import { Pager } from "../../panel/components/pager.tsx";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";
import { goTo } from "../../panel/pages/register.tsx";

type QuotaPage = z.infer<typeof QuotaPageSchema>;
type WirePolicy = z.infer<typeof PolicySchema>;

const BOUNDS = [
  "maxInputBytes",
  "maxRunTimeoutSeconds",
  "maxQueueTimeoutSeconds",
  "maxRetentionSeconds",
] as const;
const LISTS = ["allowedBackendHosts", "allowedCommands"] as const;

/** Adds the page and its forms. */
export function quotasPage(admin: Panel, { pages }: PanelParts): void {
  admin.get("/quotas", async (c) => {
    const api = c.get("api");
    const { cursor } = c.req.query();
    const page = await api.get<QuotaPage>("/v1/quotas", { cursor, limit: 50 });
    const policy = await api.get<WirePolicy>("/v1/policies");
    const { csrf } = c.get("session");
    return await pages.show(
      c,
      { title: "Quotas and policy" },
      <>
        <h1>Quotas and policy</h1>
        <section class="card">
          <h2>Quotas</h2>
          <QuotaTable quotas={page.items} csrf={csrf} />
          <Pager path="/admin/quotas" query={{ cursor }} nextCursor={page.nextCursor} />
        </section>
        <div class="columns">
          <NewQuota csrf={csrf} />
          <PolicyForm policy={policy} csrf={csrf} />
        </div>
      </>,
    );
  });

  admin.post("/quotas", async (c) => {
    const form = await c.req.parseBody();
    const subject = encodeURIComponent(textOf(form.subject));
    await c.get("api").change("PUT", `/v1/quotas/${subject}`, {
      ...numbersOf(form, QUOTA_LIMITS),
      ...reasonOf(form),
    });
    return goTo(c, "/admin/quotas");
  });

  admin.post("/quotas/delete", async (c) => {
    const { subject } = await c.req.parseBody();
    await c.get("api").change("DELETE", `/v1/quotas/${encodeURIComponent(textOf(subject))}`);
    return goTo(c, "/admin/quotas");
  });

  admin.post("/policy", async (c) => {
    const form = await c.req.parseBody();
    const lists = LISTS.flatMap((name): [string, string[]][] => {
      const entries = textOf(form[name]).split(/[\s,]+/).filter((entry) => entry !== "");
      return entries.length > 0 ? [[name, entries]] : [];
    });
    await c.get("api").change("PUT", "/v1/policies", {
      ...numbersOf(form, BOUNDS),
      ...Object.fromEntries(lists),
      ...reasonOf(form),
    });
    return goTo(c, "/admin/quotas");
  });
}

type Form = Readonly<Record<string, unknown>>;

function textOf(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

function numbersOf(form: Form, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name): [string, unknown][] => {
    const text = textOf(form[name]);
    return text === "" ? [] : [[name, Number.isNaN(Number(text)) ? text : Number(text)]];
  }));
}

function reasonOf(form: Form): { reason?: string } {
  const reason = textOf(form.reason);
  return reason === "" ? {} : { reason };
}

function QuotaTable({ quotas, csrf }: {
  readonly quotas: QuotaPage["items"];
  readonly csrf: string;
}) {
  if (quotas.length === 0) return <p class="hint">There are none: nothing is limited.</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Quotas">
      <table>
        <thead>
          <tr>
            <th scope="col">Subject</th>
            <th scope="col" class="number">Requests a second</th>
            <th scope="col" class="number">In flight</th>
            <th scope="col" class="number">Jobs today</th>
            <th scope="col" class="number">Compute s today</th>
            <th scope="col">Delete</th>
          </tr>
        </thead>
        <tbody>
          {quotas.map(({ subject, use, ...quota }) => (
            <tr>
              <th scope="row">{subject}</th>
              <td class="number">{quota.requestsPerSecond ?? "any"}</td>
              <td class="number">{use.jobsInFlight} of {quota.jobsInFlight ?? "any"}</td>
              <td class="number">{use.jobsToday} of {quota.jobsPerDay ?? "any"}</td>
              <td class="number">
                {use.computeSecondsToday.toFixed(1)} of {quota.computeSecondsPerDay ?? "any"}
              </td>
              <td>
                <form method="post" action="/admin/quotas/delete">
                  <CsrfField token={csrf} />
                  <input type="hidden" name="subject" value={subject} />
                  <button class="danger" aria-label={`Delete the quota of ${subject}`}>
                    Delete
                  </button>
                </form>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NewQuota({ csrf }: { readonly csrf: string }) {
  return (
    <form
      method="post"
      action="/admin/quotas"
      hx-post="/admin/quotas"
      hx-target="#quota-verdict"
      class="card stack"
    >
      <h2>Set a quota</h2>
      <CsrfField token={csrf} />
      <label for="subject">Subject</label>
      <input id="subject" name="subject" required placeholder="user:eve" />
      <p class="hint">user:NAME, team:NAME, key:ID or model:NAME</p>
      {QUOTA_LIMITS.map((limit) => <NumberField name={limit} value={undefined} />)}
      <label for="quota-reason">Why, for the audit</label>
      <input id="quota-reason" name="reason" maxlength={1000} />
      <button class="primary">Set the quota</button>
      <div id="quota-verdict" aria-live="polite"></div>
    </form>
  );
}

function PolicyForm({ policy, csrf }: { readonly policy: WirePolicy; readonly csrf: string }) {
  return (
    <form
      method="post"
      action="/admin/policy"
      hx-post="/admin/policy"
      hx-target="#policy-verdict"
      class="card stack"
    >
      <h2>Policy for everybody</h2>
      <CsrfField token={csrf} />
      {BOUNDS.map((bound) => <NumberField name={bound} value={policy[bound]} />)}
      {LISTS.map((list) => (
        <>
          <label for={list}>{wordsOf(list)}: one a line, any where empty</label>
          <textarea id={list} name={list} rows={3}>{policy[list]?.join("\n")}</textarea>
        </>
      ))}
      <label for="policy-reason">Why, for the audit</label>
      <input id="policy-reason" name="reason" maxlength={1000} />
      <button class="primary">Set the policy</button>
      <div id="policy-verdict" aria-live="polite"></div>
    </form>
  );
}

function NumberField({ name, value }: {
  readonly name: string;
  readonly value: number | undefined;
}) {
  return (
    <>
      <label for={name}>{wordsOf(name)}</label>
      <input id={name} name={name} inputmode="decimal" value={value} placeholder="not limited" />
    </>
  );
}

/** Writes a field's name in words: `maxInputBytes` as "Max input bytes". */
function wordsOf(name: string): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0]!.toUpperCase() + words.slice(1);
}
