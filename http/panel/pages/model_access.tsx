/**
 * Who may see and use a model.
 *
 * @module
 */
import { can } from "../../../registry/access.ts";
import { DELEGATED_RIGHTS, type DelegatedRight, type Delegation } from "../../../registry/model.ts";
import { CsrfField } from "../components/csrf_field.tsx";
import { ModelTabs } from "../components/model_tabs.tsx";
import { shareModel } from "../../owner_actions.ts";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import type { WireModel } from "./model.tsx";
import { goTo } from "./register.tsx";

/** Adds the page and its form. */
export function modelAccessPage(panel: Panel, { gateway, pages }: PanelParts): void {
  panel.get("/models/:model/access", async (c) => {
    const model = await c.get("api").get<WireModel>(`/v1/models/${c.req.param("model")}`);
    const stored = gateway.catalog.model(model.name);
    const mayManage = stored !== undefined && can(c.get("principal"), "manage_access", stored);
    return await pages.show(
      c,
      { title: `Access to ${model.name}` },
      <>
        <ModelTabs model={model.name} current="Access" />
        <section class="card">
          <h2>Who may use it</h2>
          {mayManage
            ? <AccessForm model={model} csrf={c.get("session").csrf} />
            : <p>It is {model.visibility}, and owned by {model.owners.join(", ")}.</p>}
        </section>
      </>,
    );
  });

  panel.post("/models/:model/access", async (c) => {
    const name = c.req.param("model");
    const form = await c.req.parseBody();
    const lines = (field: unknown) =>
      String(field ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
    await shareModel(gateway, c.get("principal"), name, {
      visibility: form.public === "on" ? "public" : "private",
      owners: lines(form.owners),
      readers: lines(form.readers),
      delegates: delegatesOf(String(form.delegates ?? "")),
    });
    return goTo(c, `/panel/models/${name}/access`);
  });
}

/** Reads lines of a user or a team with rights after it. */
function delegatesOf(text: string): Delegation[] {
  return text.split("\n").flatMap((line) => {
    const [to, ...rights] = line.split(/[\s,]+/).filter((word) => word !== "");
    // What is not a right is refused by the registry, with its place.
    return to === undefined ? [] : [{ to, rights: rights as DelegatedRight[] }];
  });
}

function AccessForm({ model, csrf }: { readonly model: WireModel; readonly csrf: string }) {
  const action = `/panel/models/${model.name}/access`;
  const rows = (entries: readonly string[]) => Math.min(12, entries.length + 2);
  const { readers = [], delegates = [] } = model;
  return (
    <form method="post" action={action} hx-post={action} hx-target="#verdict" class="stack">
      <CsrfField token={csrf} />
      <label for="owners">Owners</label>
      <textarea id="owners" name="owners" required rows={rows(model.owners)}>
        {model.owners.join("\n")}
      </textarea>
      <p class="hint">One a line: user:NAME or team:NAME. Owners may do everything with it.</p>
      <label for="readers">Readers</label>
      <textarea id="readers" name="readers" rows={rows(readers)}>{readers.join("\n")}</textarea>
      <p class="hint">Readers may find it, read it and run it. To everyone else it is not there.</p>
      <label for="delegates">Delegates</label>
      <textarea id="delegates" name="delegates" rows={Math.min(12, delegates.length + 2)}>
        {delegates.map(({ to, rights }) => `${to} ${rights.join(", ")}`).join("\n")}
      </textarea>
      <p class="hint">
        One a line: user:NAME or team:NAME, then single rights: {DELEGATED_RIGHTS.join(", ")}.
      </p>
      <label>
        <input type="checkbox" name="public" checked={model.visibility === "public"} />{" "}
        Public: everyone with a key
      </label>
      <p class="warning">
        A public model is shown to every user of this gateway, with its documentation and its
        examples.
      </p>
      <button class="primary">Save access</button>
      <div id="verdict" aria-live="polite"></div>
    </form>
  );
}
