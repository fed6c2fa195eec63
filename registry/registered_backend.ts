/**
 * A backend that is registered once by name and shared by the versions that name it: what it is, what
 * is checked of it, and who uses it.
 *
 * @module
 */
import type { Document } from "./document.ts";
import type { BackendReference, Model, Version } from "./model.ts";
import { type Principal, subjectsOf } from "./principal.ts";

/** The kind of reference by which a version names a registered backend. */
export const REGISTERED_KIND = "registered";

/** Kinds of services that have instances; each is a kind of backend of its own too. */
export const SERVICE_KINDS = ["http", "open_inference", "mlflow"] as const;

export type ServiceKind = typeof SERVICE_KINDS[number];

/** One of the servers that answer for the backend. */
export interface Instance {
  /** Where its paths begin. */
  readonly url: string;
  /** Its share of the calls beside the others'; 1 where it is not set. */
  readonly weight?: number;
}

/** Where a secret is found; never the secret itself. */
export type SecretSource =
  | { readonly env: string }
  /** Path within the operator's folder of secrets. */
  | { readonly file: string }
  /** A Kubernetes secret that is mounted in that folder: its name and the key in it. */
  | { readonly secret: string; readonly key: string };

/** What is sent to prove who calls. */
export interface Credentials {
  readonly from: SecretSource;
  /** `Authorization` where it is not set. */
  readonly header?: string;
  /** Stands before the secret; `Bearer` for `Authorization` where it is not set, else nothing. */
  readonly scheme?: string;
}

/** How instances are looked after between calls. Times are in seconds. */
export interface HealthCheck {
  /** Asked with GET on each instance; any 2xx is well. */
  readonly path: string;
  readonly intervalSeconds?: number;
  readonly timeoutSeconds?: number;
  /** Checks in a row that make an instance sick, or well again. */
  readonly unhealthyAfter?: number;
  readonly healthyAfter?: number;
}

/** When an instance that fails is left alone. */
export interface CircuitBreaker {
  /** Calls in a row that fail before it opens. */
  readonly failures?: number;
  /** How long it stays open before one call may try again. */
  readonly openSeconds?: number;
}

export type Balance = "round_robin" | "least_in_flight";

/** What a worker holds to; each worker process counts for itself. */
export interface ServiceLimits {
  /** Calls at once; more wait for their turn. */
  readonly concurrentCalls?: number;
  /** The longest that one call may take, on one instance. */
  readonly callSeconds?: number;
}

export interface RegisteredBackend {
  readonly kind: ServiceKind;
  readonly description?: string;
  readonly instances: readonly Instance[];
  readonly balance?: Balance;
  readonly credentials?: Credentials;
  readonly health?: HealthCheck;
  readonly circuitBreaker?: CircuitBreaker;
  readonly limits?: ServiceLimits;
  /**
   * Entries `user:NAME` and `team:NAME` of who may put versions on it, beside superusers; all who
   * register models where it is not set.
   */
  readonly users?: readonly string[];
}

interface Catalog {
  document(kind: "backend", name: string): Document | undefined;
}

/** Answers the registered backend that a version's reference names. */
export function registeredBackendOf(
  catalog: Catalog,
  reference: BackendReference,
): { readonly document: Document; readonly backend: RegisteredBackend } | undefined {
  const { kind, backend: name } = reference;
  if (kind !== REGISTERED_KIND || typeof name !== "string") return undefined;
  const document = catalog.document("backend", name);
  return document && { document, backend: document.value as RegisteredBackend };
}

/** Decides whether the principal may put versions on a registered backend, and so may see it. */
export function mayUseBackend(
  principal: Principal,
  { users }: Pick<RegisteredBackend, "users">,
): boolean {
  return principal.superuser || users === undefined ||
    subjectsOf(principal).some((subject) => users.includes(subject));
}

/** Names of the models that have a version on each registered backend, by its name in lower case. */
export function modelsByBackend(
  catalog: { models(): Iterable<Model>; versions(name: string): readonly Version[] },
): ReadonlyMap<string, readonly string[]> {
  const models = new Map<string, string[]>();
  for (const { name } of catalog.models()) {
    const backends = catalog.versions(name)
      .filter(({ backend }) => backend.kind === REGISTERED_KIND)
      .map(({ backend }) => String(backend.backend).toLowerCase());
    for (const backend of new Set(backends)) {
      const known = models.get(backend);
      if (known) known.push(name);
      else models.set(backend, [name]);
    }
  }
  return models;
}

/** Answers the path below an instance's URL; both may have a slash where they meet. */
export function urlWithin(instance: string, path: string): string {
  const base = instance.replace(/\/+$/, "");
  return path === "" ? instance : `${base}/${path.replace(/^\/+/, "")}`;
}
