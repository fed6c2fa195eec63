/**
 * The form of a consensus.
 *
 * @module
 */
import { SCHEMES } from "../../../consensus/spec.ts";
import type { ConsensusForm, FormChild } from "../consensus_form.ts";

const NO_CHILD: FormChild = { key: "", model: "", weight: "", offset: "", required: false };

/** Its fields; `swap` where it replaces the one on the page. */
export function ConsensusFields({ form, swap }: {
  readonly form: ConsensusForm | undefined;
  readonly swap?: boolean;
}) {
  return (
    <div id="spec-form" hx-swap-oob={swap ? "true" : undefined}>
      {form
        ? <Fields form={form} />
        : <p class="hint">The text has to be mended before the form can show it.</p>}
    </div>
  );
}

function Fields({ form }: { readonly form: ConsensusForm }) {
  return (
    <div class="stack">
      <Text name="name" label="Name" value={form.name} />
      <Text name="version" label="Version (the next number where empty)" value={form.version} />
      <Text name="description" label="Description" value={form.description} />
      <Text name="units" label="Units" value={form.units} />
      <label for="scheme">How the children's values become one</label>
      <select id="scheme" name="scheme">
        <option value="">by a formula</option>
        {SCHEMES.map((scheme) => (
          <option value={scheme} selected={scheme === form.scheme}>{scheme}</option>
        ))}
      </select>
      <Text name="formula" label="Formula (over the children's keys)" value={form.formula} code />
      <Text name="quorum" label="Children that must have answered" value={form.quorum} />
      <fieldset class="stack">
        <legend>Children</legend>
        {form.children.map((child) => <Child child={child} />)}
        <template id="child-row">
          <Child child={NO_CHILD} />
        </template>
        <button type="button" data-add="child-row">Add a child</button>
      </fieldset>
    </div>
  );
}

function Text({ name, label, value, code }: {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly code?: boolean;
}) {
  return (
    <>
      <label for={name}>{label}</label>
      <input id={name} name={name} value={value} class={code ? "code" : undefined} />
    </>
  );
}

function Child({ child }: { readonly child: FormChild }) {
  const { key, model, weight, offset, required } = child;
  const of = key || "the new child";
  return (
    <div class="row" data-row>
      <input name="childKey" value={key} size={10} aria-label={`Key of ${of}`} placeholder="key" />
      <input
        name="childModel"
        value={model}
        size={14}
        aria-label={`Model of ${of}`}
        placeholder="model"
      />
      <input
        name="childWeight"
        value={weight}
        size={4}
        inputmode="decimal"
        aria-label={`Weight of ${of}`}
        placeholder="weight"
      />
      <input
        name="childOffset"
        value={offset}
        size={4}
        inputmode="decimal"
        aria-label={`Offset of ${of}`}
        placeholder="offset"
      />
      <select name="childRequired" aria-label={`Is ${of} required`}>
        <option value="no">optional</option>
        <option value="yes" selected={required}>required</option>
      </select>
      <button type="button" class="quiet" data-remove aria-label={`Remove ${of}`}>✕</button>
    </div>
  );
}
