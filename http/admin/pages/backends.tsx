/**
 * Registered backends: how their instances stand, who runs on them, a new one, a changed one.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { SERVICE_KINDS } from "../../../registry/registered_backend.ts";
import { backendFields, backendFrom } from "../../panel/backend_form.ts";
import { CsrfField } from "../../panel/components/csrf_field.tsx";
import { Pager } from "../../panel/components/pager.tsx";
import type { Panel } from "../../panel/panel.ts";
import type { PanelParts } from "../../panel/panel_parts.ts";
import { goTo } from "../../panel/pages/register.tsx";
import type { BackendPageSchema, BackendSchema } from "../../wire/backend.ts";

type Backend = z.infer<typeof BackendSchema>;
type BackendPage = z.infer<typeof BackendPageSchema>;

const PATH = "/admin/backends";
const API = "/v1/backends";

/** Adds the pages and their forms. */
export function backendsPage(admin: Panel, { pages }: PanelParts): void {
  admin.get("/backends", async (c) => {
    const { cursor } = c.req.query();
    const page = await c.get("api").get<BackendPage>(API, { cursor, limit: 50 });
    return await pages.show(
      c,
      { title: "Backends" },
      <>
        <h1>Backends</h1>
        <section class="card">
          <BackendTable backends={page.items} />
          <Pager path={PATH} query={{ cursor }} nextCursor={page.nextCursor} />
        </section>
        <BackendForm csrf={c.get("session").csrf} />
      </>,
    );
  });

  admin.get("/backends/:name", async (c) => {
    const name = encodeURIComponent(c.req.param("name"));
    const backend = await c.get("api").get<Backend>(`${API}/${name}`);
    const { csrf } = c.get("session");
    return await pages.show(
      c,
      { title: backend.name },
      <>
        <h1>{backend.name}</h1>
        <section class="card">
          <h2>Instances, as this process sees them</h2>
          <Standing backend={backend} />
          <UsedBy models={backend.usedBy} />
        </section>
        <BackendForm csrf={csrf} backend={backend} />
        <form method="post" action={`${PATH}/${name}/delete`} class="card row">
          <CsrfField token={csrf} />
          <button class="danger">Delete {backend.name}</button>
          <span class="hint">It is refused while versions of models name it.</span>
        </form>
      </>,
    );
  });

  admin.post("/backends", async (c) => {
    const form = await c.req.parseBody();
    const { name, kind } = form;
    await c.get("api").change("POST", API, { name, kind, ...backendFrom(form), ...reasonOf(form) });
    return goTo(c, PATH);
  });

  admin.post("/backends/:name", async (c) => {
    const form = await c.req.parseBody();
    const name = encodeURIComponent(c.req.param("name"));
    const before = await c.get("api").get<Backend>(`${API}/${name}`);
    const changed = { ...backendFrom(form, before), ...reasonOf(form) };
    await c.get("api").change("PATCH", `${API}/${name}`, changed);
    return goTo(c, `${PATH}/${name}`);
  });

  admin.post("/backends/:name/delete", async (c) => {
    await c.get("api").change("DELETE", `${API}/${encodeURIComponent(c.req.param("name"))}`);
    return goTo(c, PATH);
  });
}

function reasonOf({ reason }: Readonly<Record<string, unknown>>): { reason?: string } {
  return typeof reason === "string" && reason.trim() !== "" ? { reason: reason.trim() } : {};
}

function BackendTable({ backends }: { readonly backends: readonly Backend[] }) {
  if (backends.length === 0) return <p class="hint">None is registered.</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Backends">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Kind</th>
            <th scope="col" class="number">Instances that take calls</th>
            <th scope="col" class="number">Models on it</th>
          </tr>
        </thead>
        <tbody>
          {backends.map(({ name, kind, instances = [], standing = [], usedBy }) => (
            <tr>
              <th scope="row">
                <a href={`${PATH}/${encodeURIComponent(name)}`}>{name}</a>
              </th>
              <td>{kind}</td>
              <td class="number">
                {standing.filter(({ well, circuit }) => well && circuit !== "open").length} of{" "}
                {instances.length}
              </td>
              <td class="number">{usedBy.length}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Standing({ backend }: { readonly backend: Backend }) {
  return (
    <div class="scroll" tabindex={0} role="region" aria-label="Instances">
      <table>
        <thead>
          <tr>
            <th scope="col">Instance</th>
            <th scope="col">Health checks</th>
            <th scope="col">Circuit</th>
            <th scope="col" class="number">Calls under way</th>
          </tr>
        </thead>
        <tbody>
          {backend.standing?.map(({ url, well, circuit, inFlight }) => (
            <tr>
              <th scope="row">{url}</th>
              <td>{backend.health === undefined ? "none" : well ? "well" : "failing"}</td>
              <td>{circuit.replace("_", " ")}</td>
              <td class="number">{inFlight}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function UsedBy({ models }: { readonly models: readonly string[] }) {
  if (models.length === 0) return <p class="hint">No version of a model names it.</p>;
  return (
    <p>
      Models on it: {models.map((model, i) => (
        <>
          {i > 0 && ", "}
          <a href={`/panel/models/${encodeURIComponent(model)}`}>{model}</a>
        </>
      ))}
    </p>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
}

function Field({ name, label, value, placeholder }: FieldProps) {
  return (
    <>
      <label for={name}>{label}</label>
      <input id={name} name={name} value={value} placeholder={placeholder} />
    </>
  );
}

/** The form of a new backend, or of one that is there. */
function BackendForm({ csrf, backend }: { readonly csrf: string; readonly backend?: Backend }) {
  const action = backend ? `${PATH}/${encodeURIComponent(backend.name)}` : PATH;
  const now = backendFields(backend);
  return (
    <form method="post" action={action} hx-post={action} hx-target="#verdict" class="card stack">
      <h2>{backend ? `Change ${backend.name}` : "Register a backend"}</h2>
      <CsrfField token={csrf} />
      {!backend && <Identity />}
      <Field name="description" label="Description" value={now.description} />
      <label for="instances">Instances: a URL on each line, and its weight behind a blank</label>
      <textarea
        id="instances"
        name="instances"
        rows={3}
        class="code"
        required
        placeholder="https://triton-0.models.example:8000 2"
      >
        {now.instances}
      </textarea>
      <label for="balance">Balance</label>
      <select id="balance" name="balance">
        {[["", "round robin by weight"], ["least_in_flight", "least calls in flight"]].map((
          [value, text],
        ) => <option value={value} selected={value === now.balance}>{text}</option>)}
      </select>
      <Field
        name="secret"
        label="Credentials: env NAME, file PATH, or secret NAME KEY"
        value={now.secret}
        placeholder="env BACKEND_TRITON_TOKEN"
      />
      <Field name="header" label="Header" value={now.header} placeholder="Authorization" />
      <Field name="scheme" label="Scheme before the secret" value={now.scheme} />
      <Field
        name="healthPath"
        label="Path of the health check"
        value={now.healthPath}
        placeholder="/v2/health/ready"
      />
      <Field name="healthSeconds" label="Seconds between checks" value={now.healthSeconds} />
      <Field name="failures" label="Failures that open the circuit" value={now.failures} />
      <Field name="openSeconds" label="Seconds that it stays open" value={now.openSeconds} />
      <Field
        name="concurrentCalls"
        label="Calls at once of each worker process"
        value={now.concurrentCalls}
      />
      <Field name="callSeconds" label="Seconds that one call may take" value={now.callSeconds} />
      <label for="users">
        Who may put versions on it: user:NAME or team:NAME on each line, all where empty
      </label>
      <textarea id="users" name="users" rows={2}>{now.users}</textarea>
      <label for="reason">Why, for the audit</label>
      <input id="reason" name="reason" maxlength={1000} />
      <button class="primary">{backend ? "Change it" : "Register it"}</button>
      <div id="verdict" aria-live="polite"></div>
    </form>
  );
}

function Identity() {
  return (
    <>
      <label for="name">Name</label>
      <input id="name" name="name" required placeholder="triton" />
      <label for="kind">Kind</label>
      <select id="kind" name="kind">
        {SERVICE_KINDS.map((kind) => <option value={kind}>{kind}</option>)}
      </select>
    </>
  );
}
