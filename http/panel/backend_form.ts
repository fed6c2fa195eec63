/**
 * Between a registered backend and the fields of its form.
 *
 * @module
 */

/** Fields of a form by their names. */
export type Form = Readonly<Record<string, unknown>>;

/** A backend as the form shows it: what of it is not set is an empty text. */
export interface BackendFields {
  readonly instances: string;
  readonly secret: string;
  readonly header: string;
  readonly scheme: string;
  readonly healthPath: string;
  readonly healthSeconds: string;
  readonly failures: string;
  readonly openSeconds: string;
  readonly concurrentCalls: string;
  readonly callSeconds: string;
  readonly users: string;
  readonly description: string;
  readonly balance: string;
}

type Source = { env: string } | { file: string } | { secret: string; key: string };

/** What of a backend the form has fields for. */
export interface ShownBackend {
  readonly description?: string;
  readonly balance?: string;
  readonly instances?: readonly { readonly url: string; readonly weight?: number }[];
  readonly credentials?: {
    readonly from: Source;
    readonly header?: string;
    readonly scheme?: string;
  };
  readonly health?: { readonly path: string; readonly intervalSeconds?: number };
  readonly circuitBreaker?: { readonly failures?: number; readonly openSeconds?: number };
  readonly limits?: { readonly concurrentCalls?: number; readonly callSeconds?: number };
  readonly users?: readonly string[];
}

/** Answers the fields of a backend, or of one that is yet to be. */
export function backendFields(backend: ShownBackend = {}): BackendFields {
  const { instances = [], credentials, health, circuitBreaker, limits, users = [] } = backend;
  const text = (value: string | number | undefined) => value === undefined ? "" : `${value}`;
  return {
    instances: instances.map(({ url, weight }) => weight === undefined ? url : `${url} ${weight}`)
      .join("\n"),
    secret: credentials ? sourceText(credentials.from) : "",
    header: text(credentials?.header),
    scheme: text(credentials?.scheme),
    healthPath: text(health?.path),
    healthSeconds: text(health?.intervalSeconds),
    failures: text(circuitBreaker?.failures),
    openSeconds: text(circuitBreaker?.openSeconds),
    concurrentCalls: text(limits?.concurrentCalls),
    callSeconds: text(limits?.callSeconds),
    users: users.join("\n"),
    description: text(backend.description),
    balance: text(backend.balance),
  };
}

function sourceText(source: Source): string {
  if ("env" in source) return `env ${source.env}`;
  return "file" in source ? `file ${source.file}` : `secret ${source.secret} ${source.key}`;
}

/**
 * Answers what is to be sent of a filled form. `before` is the backend that it changes, of which what
 * the form has no field for stays; what was taken away is null.
 */
export function backendFrom(form: Form, before?: ShownBackend): Record<string, unknown> {
  const text = (name: keyof BackendFields) => {
    const value = form[name];
    return typeof value === "string" ? value.trim() : "";
  };
  const numbers = (fields: Readonly<Record<string, keyof BackendFields>>) =>
    Object.entries(fields).map(([name, field]): [string, unknown] => [name, numberOf(text(field))]);
  const lines = (name: keyof BackendFields) =>
    text(name).split(/\r?\n/).filter((line) => line.trim());
  const users = lines("users").map((line) => line.trim());
  const secret = text("secret");
  const health = text("healthPath");
  const sent: Record<string, unknown> = {
    description: text("description") || undefined,
    balance: text("balance") || undefined,
    instances: lines("instances").map(instanceOf),
    credentials: secret === "" ? undefined : withFields(before?.credentials, [
      ["from", sourceOf(secret)],
      ["header", text("header") || undefined],
      ["scheme", text("scheme") || undefined],
    ]),
    health: health === "" ? undefined : withFields(before?.health, [
      ["path", health],
      ["intervalSeconds", numberOf(text("healthSeconds"))],
    ]),
    circuitBreaker: withFields(
      before?.circuitBreaker,
      numbers({ failures: "failures", openSeconds: "openSeconds" }),
    ),
    limits: withFields(
      before?.limits,
      numbers({ concurrentCalls: "concurrentCalls", callSeconds: "callSeconds" }),
    ),
    users: users.length === 0 ? undefined : users,
  };
  return Object.fromEntries(
    Object.entries(sent).flatMap(([name, value]): [string, unknown][] => {
      if (value !== undefined) return [[name, value]];
      return before && name in before ? [[name, null]] : [];
    }),
  );
}

/** Undefined where nothing is set. */
function withFields(
  before: Readonly<Record<string, unknown>> | undefined,
  fields: readonly (readonly [string, unknown])[],
): Record<string, unknown> | undefined {
  const all = Object.entries({ ...before, ...Object.fromEntries(fields) })
    .filter(([, value]) => value !== undefined);
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

/** What is no number is left to the API's own check. */
function numberOf(text: string): unknown {
  if (text === "") return undefined;
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function instanceOf(line: string): Record<string, unknown> {
  const [url, weight] = line.trim().split(/\s+/);
  return { url, ...(weight !== undefined && { weight: numberOf(weight) }) };
}

function sourceOf(text: string): Record<string, unknown> {
  const [kind, first, second] = text.split(/\s+/);
  if (kind === "secret") return { secret: first, key: second };
  return kind === "file" ? { file: first } : { env: kind === "env" ? first : text };
}
