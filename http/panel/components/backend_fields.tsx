/**
 * The settings of each kind of backend, of which a form shows the chosen one's.
 *
 * @module
 */
import type { BackendChecks } from "../../gateway.ts";

/** A kind's own field in the form. */
interface BackendField {
  readonly setting: string;
  readonly label: string;
  readonly placeholder?: string;
  readonly lines?: boolean;
}

const FIELDS: Readonly<Record<string, readonly BackendField[]>> = {
  http: [
    { setting: "url", label: "URL", placeholder: "https://models.example/esol" },
    { setting: "response", label: "Where the output is in the response (JMESPath or pointer)" },
  ],
  registered: [
    { setting: "backend", label: "Name of the registered backend", placeholder: "triton" },
    { setting: "model", label: "The model's name on it", placeholder: "esol" },
    { setting: "path", label: "Path below its instances", placeholder: "/score/{model}" },
  ],
  open_inference: [
    { setting: "url", label: "URL", placeholder: "https://triton.example:8000" },
    { setting: "model", label: "The model's name there", placeholder: "esol" },
    { setting: "response", label: "Where the output is in {TENSOR: value} (JMESPath)" },
  ],
  mlflow: [
    { setting: "url", label: "URL", placeholder: "https://mlflow.example:5000" },
    { setting: "response", label: "Where the output is in the predictions (JMESPath)" },
  ],
  command: [
    { setting: "program", label: "Program", placeholder: "dock" },
    { setting: "args", label: "Arguments, one a line", lines: true },
  ],
  chemistry: [{ setting: "model", label: "Model of the chemistry backend", placeholder: "esol" }],
};

/** The choice of the kind and the fields of all kinds. */
export function BackendFields({ backends }: { readonly backends: BackendChecks }) {
  const kinds = backends.kinds();
  return (
    <>
      <label for="kind">Kind of backend</label>
      <select id="kind" name="kind" data-groups>
        {kinds.map((kind) => <option value={kind}>{kind}</option>)}
      </select>
      {kinds.map((kind) => <Kind kind={kind} expected={expectedOf(backends, kind)} />)}
    </>
  );
}

function Kind({ kind, expected }: { readonly kind: string; readonly expected: readonly string[] }) {
  return (
    <fieldset data-group={`kind:${kind}`} class="stack">
      <legend>Settings of {kind}</legend>
      {(FIELDS[kind] ?? []).map(({ setting, label, placeholder, lines }) => {
        const id = `${kind}.${setting}`;
        return (
          <>
            <label for={id}>{label}</label>
            {lines
              ? <textarea id={id} name={id} rows={3} class="code"></textarea>
              : <input id={id} name={id} placeholder={placeholder} />}
          </>
        );
      })}
      <label for={`${kind}.more`}>Further settings (a JSON object)</label>
      <textarea id={`${kind}.more`} name={`${kind}.more`} rows={2} class="code" placeholder="{}" />
      {expected.map((text) => <p class="hint">{text}</p>)}
    </fieldset>
  );
}

/** What the adapter says of settings that are not there. */
function expectedOf(backends: BackendChecks, kind: string): string[] {
  return backends.check({ kind }).map(({ pointer, expected }) =>
    `${pointer.slice(1) || "settings"}: ${expected}`
  );
}
