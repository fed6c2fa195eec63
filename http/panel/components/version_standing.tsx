/**
 * The forms of what names a version and of when it goes out of use.
 *
 * @module
 */
import type { WireModel, WireVersion } from "../pages/model.tsx";
import { CsrfField } from "./csrf_field.tsx";

interface Standing {
  readonly model: WireModel;
  readonly versions: readonly WireVersion[];
  readonly csrf: string;
}

/** Makes, moves and deletes aliases. */
export function AliasForms({ model, versions, csrf }: Standing) {
  const action = `/panel/models/${model.name}/aliases`;
  const aliases = Object.entries(model.aliases ?? {});
  return (
    <section class="card stack">
      <h2>Aliases</h2>
      {aliases.length === 0 && <p class="hint">Names such as "champion" that move with you.</p>}
      {aliases.map(([alias, version]) => (
        <form method="post" action={`${action}/delete`} class="row">
          <CsrfField token={csrf} />
          <input type="hidden" name="alias" value={alias} />
          <span>
            <strong>{alias}</strong> → {version}
          </span>
          <button aria-label={`Delete the alias ${alias}`}>Delete</button>
        </form>
      ))}
      <form method="post" action={action} class="row">
        <CsrfField token={csrf} />
        <label for="alias">Alias</label>
        <input id="alias" name="alias" required maxlength={63} size={16} />
        <label for="alias-version">leads to</label>
        <VersionChoice id="alias-version" name="version" versions={versions} />
        <button>Set</button>
      </form>
    </section>
  );
}

/** Says when a version goes out of use, and takes it back. */
export function LifecycleForms({ model, versions, csrf }: Standing) {
  const action = `/panel/models/${model.name}/lifecycle`;
  const ageing = versions.filter(({ lifecycle }) => lifecycle !== undefined);
  return (
    <section class="card stack">
      <h2>Out of use</h2>
      <p class="hint">
        A deprecated version answers, and says so; a retired one is refused. Times are UTC.
      </p>
      <form method="post" action={action} class="stack">
        <CsrfField token={csrf} />
        <div class="row">
          <label for="ageing-version">Version</label>
          <VersionChoice id="ageing-version" name="version" versions={versions} />
          <label for="deprecatedAt">deprecated from</label>
          <input id="deprecatedAt" name="deprecatedAt" type="datetime-local" />
          <label for="retiresAt">refused from</label>
          <input id="retiresAt" name="retiresAt" type="datetime-local" />
        </div>
        <div class="row">
          <label for="successor">use instead</label>
          <select id="successor" name="successor">
            <option value="">nothing</option>
            {versions.map(({ version }) => <option value={version}>{version}</option>)}
          </select>
          <label for="reason">because</label>
          <input id="reason" name="reason" maxlength={500} size={30} />
          <button>Deprecate</button>
        </div>
      </form>
      {ageing.map(({ version }) => (
        <form method="post" action={`${action}/delete`} class="row">
          <CsrfField token={csrf} />
          <input type="hidden" name="version" value={version} />
          <button>Take {version} back into use</button>
        </form>
      ))}
    </section>
  );
}

function VersionChoice({ id, name, versions }: {
  readonly id: string;
  readonly name: string;
  readonly versions: readonly WireVersion[];
}) {
  return (
    <select id={id} name={name}>
      {versions.map(({ version }) => <option value={version}>{version}</option>)}
    </select>
  );
}
