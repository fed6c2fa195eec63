/**
 * The versions of a model: what differs between two, which one answers by default, a new one.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { can, type Right } from "../../../registry/access.ts";
import type { ComparisonSchema } from "../../wire/comparison.ts";
import type { VersionPageSchema } from "../../wire/version.ts";
import { BackendFields } from "../components/backend_fields.tsx";
import { CsrfField } from "../components/csrf_field.tsx";
import { ModelTabs } from "../components/model_tabs.tsx";
import { Time } from "../components/time.tsx";
import { AliasForms, LifecycleForms } from "../components/version_standing.tsx";
import { VersionFields } from "../components/version_fields.tsx";
import { lineDiff } from "../../line_diff.ts";
import { moveDefault } from "../../owner_actions.ts";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import { versionOf } from "../registration.ts";
import type { WireModel, WireVersion } from "./model.tsx";
import { goTo } from "./register.tsx";
import { versionStandingForms } from "./version_standing.ts";

type Comparison = z.infer<typeof ComparisonSchema>;

/** Adds the page and its forms. */
export function modelVersionsPage(panel: Panel, { gateway, pages }: PanelParts): void {
  panel.get("/models/:model/versions", async (c) => {
    const api = c.get("api");
    const model = await api.get<WireModel>(`/v1/models/${c.req.param("model")}`);
    const path = `/v1/models/${model.name}/versions`;
    const { items } = await api.get<z.infer<typeof VersionPageSchema>>(path, { limit: 200 });
    const { from, to } = c.req.query();
    const [older, newer] = await Promise.all(
      [from, to].map((name) =>
        name ? api.get<WireVersion>(`${path}/${encodeURIComponent(name)}`) : undefined
      ),
    );
    const compared = older && newer
      ? await api.get<Comparison>(`/v1/models/${model.name}/compare`, {
        from: older.version,
        to: newer.version,
      })
      : undefined;
    const stored = gateway.catalog.model(model.name);
    const may = (right: Right) => stored !== undefined && can(c.get("principal"), right, stored);
    const [mayEdit, mayMove] = [may("edit"), may("move_default")];
    const { csrf } = c.get("session");
    const standing = { model, versions: items, csrf };
    return await pages.show(
      c,
      { title: `Versions of ${model.name}` },
      <>
        <ModelTabs model={model.name} current="Versions" />
        <section class="card">
          <h2>Versions</h2>
          <VersionTable
            model={model}
            versions={items}
            csrf={mayMove ? csrf : undefined}
          />
        </section>
        {items.length > 1 && (
          <section class="card">
            <h2>Compare</h2>
            <CompareForm versions={items} from={from} to={to} />
            {compared && <Breaks compared={compared} />}
            {older && newer && <Diff older={older} newer={newer} />}
          </section>
        )}
        {mayMove && items.length > 0 && <AliasForms {...standing} />}
        {mayEdit && items.length > 0 && <LifecycleForms {...standing} />}
        {mayEdit && <AddVersion model={model.name} parts={{ gateway, pages }} csrf={csrf} />}
      </>,
    );
  });

  versionStandingForms(panel);

  panel.post("/models/:model/versions", async (c) => {
    const model = c.req.param("model");
    const version = versionOf(await c.req.parseBody());
    await c.get("api").change("POST", `/v1/models/${model}/versions`, version);
    return goTo(c, `/panel/models/${model}/versions`);
  });

  panel.post("/models/:model/default", async (c) => {
    const model = c.req.param("model");
    const { version } = await c.req.parseBody();
    await moveDefault(gateway, c.get("principal"), model, String(version ?? ""));
    return goTo(c, `/panel/models/${model}/versions`);
  });
}

function VersionTable({ model, versions, csrf }: {
  readonly model: WireModel;
  readonly versions: readonly WireVersion[];
  /** Set for those who may change the default. */
  readonly csrf: string | undefined;
}) {
  return (
    <table class="cards-on-phone">
      <thead>
        <tr>
          <th scope="col">Version</th>
          <th scope="col">Backend</th>
          <th scope="col">Units</th>
          <th scope="col">Added</th>
          <th scope="col">By</th>
          <th scope="col">Default</th>
        </tr>
      </thead>
      <tbody>
        {versions.map((version) => (
          <tr>
            <th scope="row">
              {version.version} <Standing model={model} version={version} />
            </th>
            <td data-label="Backend">{version.backend.kind}</td>
            <td data-label="Units">{version.units}</td>
            <td data-label="Added">
              <Time at={version.createdAt} />
            </td>
            <td data-label="By">{version.createdBy}</td>
            <td data-label="Default">
              {version.isDefault
                ? <span class="state good">✓ default</span>
                : csrf && version.lifecycle?.retiresAt === undefined && (
                  <form method="post" action={`/panel/models/${model.name}/default`}>
                    <CsrfField token={csrf} />
                    <input type="hidden" name="version" value={version.version} />
                    <button aria-label={`Make default: ${version.version}`}>Make default</button>
                  </form>
                )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The names that stand for a version, and when it goes out of use. */
function Standing({ model, version }: {
  readonly model: WireModel;
  readonly version: WireVersion;
}) {
  const aliases = Object.entries(model.aliases ?? {}).filter(([, to]) => to === version.version);
  const { lifecycle } = version;
  const { retiresAt, successor } = lifecycle ?? {};
  return (
    <>
      {aliases.map(([alias]) => <span class="state">{alias}</span>)}
      {lifecycle && (
        <span class="state warn">
          {lifecycle.state}
          {lifecycle.state !== "retired" && retiresAt !== undefined && (
            <>
              , retires <Time at={retiresAt} />
            </>
          )}
          {successor !== undefined && `, use ${successor}`}
        </span>
      )}
    </>
  );
}

function Breaks({ compared }: { readonly compared: Comparison }) {
  const { breaks, exampleAccepted, from, to } = compared;
  if (breaks.length === 0 && exampleAccepted !== false) {
    return <p>By their schemas, callers of {from} can go on with {to}.</p>;
  }
  return (
    <>
      <p>Callers of {from} would have to see to:</p>
      <ul>
        {breaks.map((text) => <li>{text}</li>)}
        {exampleAccepted === false && <li>{to} does not take the sample input of {from}</li>}
      </ul>
    </>
  );
}

function CompareForm({ versions, from, to }: {
  readonly versions: readonly WireVersion[];
  readonly from: string | undefined;
  readonly to: string | undefined;
}) {
  const chosen = { from: from ?? versions[1]!.version, to: to ?? versions[0]!.version };
  return (
    <form method="get" class="row">
      {(["from", "to"] as const).map((side) => (
        <>
          <label for={side}>{side}</label>
          <select id={side} name={side}>
            {versions.map(({ version }) => (
              <option value={version} selected={version === chosen[side]}>{version}</option>
            ))}
          </select>
        </>
      ))}
      <button>Compare</button>
    </form>
  );
}

function Diff({ older, newer }: { readonly older: WireVersion; readonly newer: WireVersion }) {
  const tags = { same: "span", added: "ins", removed: "del" } as const;
  const signs = { same: " ", added: "+", removed: "-" } as const;
  return (
    <pre class="diff" tabindex={0} aria-label="Differences">
      {lineDiff(textOf(older), textOf(newer)).map(({ kind, text }) => {
        const Line = tags[kind];
        return <Line>{`${signs[kind]} ${text}`}</Line>;
      })}
    </pre>
  );
}

/** What was handed in, not what the gateway noted beside it. */
function textOf(version: WireVersion): string {
  const {
    ordinal: _o,
    isDefault: _d,
    createdAt: _a,
    createdBy: _b,
    model: _m,
    lifecycle: _l,
    ...rest
  } = version;
  return JSON.stringify(rest, null, 2);
}

function AddVersion({ model, parts, csrf }: {
  readonly model: string;
  readonly parts: Pick<PanelParts, "gateway" | "pages">;
  readonly csrf: string;
}) {
  const action = `/panel/models/${model}/versions`;
  return (
    <section class="card">
      <h2>Add a version</h2>
      <form method="post" action={action} hx-post={action} hx-target="#verdict" class="stack">
        <CsrfField token={csrf} />
        <div class="columns">
          <fieldset class="stack">
            <legend>What computes it</legend>
            <BackendFields backends={parts.gateway.backends} />
          </fieldset>
          <fieldset class="stack">
            <legend>What it takes</legend>
            <VersionFields version="" />
          </fieldset>
        </div>
        <button class="primary">Add</button>
        <div id="verdict" aria-live="polite"></div>
      </form>
    </section>
  );
}
