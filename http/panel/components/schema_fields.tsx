/**
 * The fields of a form that was made of a schema.
 *
 * @module
 */
import type { SchemaField } from "../schema_form.ts";

/** The prefix keeps the fields apart from the form's own. */
export const INPUT_PREFIX = "input.";

/** All fields, each with its label and its description. */
export function SchemaFields({ fields }: { readonly fields: readonly SchemaField[] }) {
  return <>{fields.map((field) => <Field field={field} />)}</>;
}

function Field({ field }: { readonly field: SchemaField }) {
  const { name, label, description, required } = field;
  const id = `input-${name || "json"}`;
  const hint = description ? `${id}-hint` : undefined;
  return (
    <div>
      <label for={id}>
        {label}
        {required && <span class="hint">&nbsp;(required)</span>}
      </label>
      <div>
        <Control field={field} id={id} hint={hint} />
      </div>
      {description && <p id={hint} class="hint">{description}</p>}
    </div>
  );
}

function Control({ field, id, hint }: {
  readonly field: SchemaField;
  readonly id: string;
  readonly hint: string | undefined;
}) {
  const { kind, initial, required, choices, minimum, maximum } = field;
  const shared = { id, name: INPUT_PREFIX + field.name, "aria-describedby": hint };
  switch (kind) {
    case "text":
      return <input {...shared} value={initial} required={required} />;
    case "molecule":
      return (
        <>
          <input
            {...shared}
            class="code"
            value={initial}
            required={required}
            size={40}
            spellcheck={false}
            autocapitalize="off"
            hx-post="/panel/draw"
            hx-trigger="input changed delay:300ms, load"
            hx-target={`#${id}-drawing`}
          />
          <div id={`${id}-drawing`} class="drawing-place" aria-live="polite"></div>
        </>
      );
    case "number":
    case "integer":
      return (
        <input
          {...shared}
          type="number"
          step={kind === "integer" ? 1 : "any"}
          min={minimum}
          max={maximum}
          value={initial}
          required={required}
        />
      );
    case "boolean":
      return <input {...shared} type="checkbox" checked={initial === "true"} />;
    case "choice":
      return (
        <select {...shared} required={required}>
          {!required && <option value=""></option>}
          {choices!.map((one) => (
            <option value={one} selected={one === initial}>{one.replace(/^"(.*)"$/, "$1")}</option>
          ))}
        </select>
      );
    case "json":
      return (
        <textarea {...shared} class="code" rows={5} spellcheck={false} required={required}>
          {initial}
        </textarea>
      );
  }
}
