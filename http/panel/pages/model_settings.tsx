/**
 * What may be changed of a model itself: its words, how its jobs are run; and its end.
 *
 * @module
 */
import { can } from "../../../registry/access.ts";
import { SETTING_RANGES } from "../../../registry/definition_check.ts";
import { DEFAULT_SETTINGS, type JobSettings } from "../../../registry/model.ts";
import { CsrfField } from "../components/csrf_field.tsx";
import { ModelTabs } from "../components/model_tabs.tsx";
import type { Panel } from "../panel.ts";
import type { PanelParts } from "../panel_parts.ts";
import type { WireModel } from "./model.tsx";
import { goTo } from "./register.tsx";

const SETTINGS = Object.keys(SETTING_RANGES) as (keyof JobSettings)[];

/** Adds the page and its forms. */
export function modelSettingsPage(panel: Panel, { gateway, pages }: PanelParts): void {
  panel.get("/models/:model/settings", async (c) => {
    const model = await c.get("api").get<WireModel>(`/v1/models/${c.req.param("model")}`);
    const stored = gateway.catalog.model(model.name);
    const mayEdit = stored !== undefined && can(c.get("principal"), "edit", stored);
    const { csrf } = c.get("session");
    return await pages.show(
      c,
      { title: `Settings of ${model.name}` },
      <>
        <ModelTabs model={model.name} current="Settings" />
        {mayEdit ? <SettingsForm model={model} csrf={csrf} /> : <SettingsList model={model} />}
        {mayEdit && <DeleteForm model={model.name} csrf={csrf} />}
      </>,
    );
  });

  panel.post("/models/:model/settings", async (c) => {
    const name = c.req.param("model");
    const form = await c.req.parseBody();
    const given = SETTINGS.flatMap((setting): [string, unknown][] => {
      const text = String(form[setting] ?? "").trim();
      return text === "" ? [] : [[setting, Number.isNaN(Number(text)) ? text : Number(text)]];
    });
    const tags = String(form.tags ?? "").split(",").map((tag) => tag.trim());
    const reason = String(form.reason ?? "").trim();
    await c.get("api").change("PATCH", `/v1/models/${name}`, {
      description: String(form.description ?? ""),
      tags: tags.filter((tag) => tag !== ""),
      settings: Object.fromEntries(given),
      ...(reason !== "" && { reason }),
    });
    return goTo(c, `/panel/models/${name}/settings`);
  });

  panel.post("/models/:model/delete", async (c) => {
    const name = c.req.param("model");
    const { force } = await c.req.parseBody();
    const query = force === "on" ? "?force=true" : "";
    await c.get("api").change("DELETE", `/v1/models/${name}${query}`);
    return goTo(c, "/panel/models");
  });
}

function SettingsForm({ model, csrf }: { readonly model: WireModel; readonly csrf: string }) {
  const action = `/panel/models/${model.name}/settings`;
  return (
    <form method="post" action={action} hx-post={action} hx-target="#verdict" class="card stack">
      <h2>Words and limits</h2>
      <CsrfField token={csrf} />
      <label for="description">Description</label>
      <textarea id="description" name="description" rows={4} required maxlength={4000}>
        {model.description}
      </textarea>
      <label for="tags">Tags, with commas between</label>
      <input id="tags" name="tags" value={model.tags.join(", ")} />
      <fieldset>
        <legend>How its jobs are run</legend>
        <div class="figures">
          {SETTINGS.map((setting) => (
            <p>
              <label for={setting}>{setting}</label>
              <input
                id={setting}
                name={setting}
                type="number"
                step="any"
                min={SETTING_RANGES[setting].least}
                max={SETTING_RANGES[setting].most}
                value={model.settings[setting] as number | undefined}
                placeholder={String(DEFAULT_SETTINGS[setting])}
              />
            </p>
          ))}
        </div>
        <p class="hint">An empty field has the gateway's default, which it shows.</p>
      </fieldset>
      <label for="reason">Why, for the audit</label>
      <input id="reason" name="reason" maxlength={1000} />
      <button class="primary">Save settings</button>
      <div id="verdict" aria-live="polite"></div>
    </form>
  );
}

function SettingsList({ model }: { readonly model: WireModel }) {
  return (
    <section class="card">
      <h2>How its jobs are run</h2>
      <dl class="facts">
        {SETTINGS.map((setting) => (
          <>
            <dt>{setting}</dt>
            <dd>{String(model.settings[setting] ?? DEFAULT_SETTINGS[setting])}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function DeleteForm({ model, csrf }: { readonly model: string; readonly csrf: string }) {
  const action = `/panel/models/${model}/delete`;
  return (
    <form method="post" action={action} hx-post={action} hx-target="#deletion" class="card stack">
      <h2>Delete the model</h2>
      <CsrfField token={csrf} />
      <p>Its versions, its jobs and their results go with it.</p>
      <label>
        <input type="checkbox" name="force" /> also while it has unfinished jobs
      </label>
      <button class="danger" data-confirm={`Delete ${model} with all its jobs?`}>
        Delete {model}
      </button>
      <div id="deletion" aria-live="polite"></div>
    </form>
  );
}
