/**
 * A Kubernetes API for tests: objects with versions, generations, finalizers and owned fields, watches
 * that begin anywhere in the past, and the faults that a real one has.
 *
 * @module
 */
import { parse } from "yaml";
import {
  applyFields,
  FieldConflict,
  leavesOf,
  managedFields,
  type Ownership,
  updateFields,
} from "./applied_fields.ts";

// deno-lint-ignore no-explicit-any -- objects of any kind are kept
type Fields = any;

interface Stored {
  object: Fields;
  readonly owners: Ownership;
}

interface Change {
  readonly version: number;
  readonly plural: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: Fields;
}

export interface SeenRequest {
  readonly method: string;
  readonly plural: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly status: number;
}

/** KEDA's mark on its objects. */
const FINALIZER = "finalizer.keda.sh";

export class ApiServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stored = new Map<string, Stored>();
  readonly #changes: Change[] = [];
  readonly #watches = new Set<{ tell(): void; cut(error?: Fields): void }>();
  readonly #faults: (() => Response | "cut")[] = [];
  #version = 100;
  #compacted = 0;
  /** What was asked, watches excepted. */
  readonly requests: SeenRequest[] = [];
  /** The bearer token that is taken. */
  token = "first";
  lists = 0;
  /** True keeps deleted scalers until {@link finalize}. */
  holdsScalers = false;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  // What happens in a cluster

  /** Answers an object, or undefined. */
  object(plural: string, name: string): Fields | undefined {
    return this.#stored.get(`${plural}/${name}`)?.object;
  }

  names(plural: string): string[] {
    return [...this.#stored].flatMap(([key, { object }]) =>
      key.startsWith(`${plural}/`) ? [object.metadata.name] : []
    ).sort();
  }

  /** Who owns a field, given by its path. */
  ownersOf(plural: string, name: string, ...path: string[]): string[] {
    const { owners } = this.#stored.get(`${plural}/${name}`)!;
    const [key] = leavesOf({}, path).keys();
    return [...owners].flatMap(([manager, paths]) => paths.has(key!) ? [manager] : []).sort();
  }

  /** Makes or changes an object as somebody else does. */
  update(plural: string, name: string, manager: string, given: Fields): void {
    const key = `${plural}/${name}`;
    const stored = this.#stored.get(key) ?? { object: {}, owners: new Map() };
    this.#keep(plural, name, stored, updateFields(stored.object, stored.owners, manager, given));
  }

  /** KEDA or an HPA scales. */
  scale(name: string, replicas: number): void {
    this.update("deployments", name, "keda", { spec: { replicas } });
  }

  remove(plural: string, name: string): void {
    const stored = this.#stored.get(`${plural}/${name}`)!;
    this.#stored.delete(`${plural}/${name}`);
    this.#version++;
    this.#tell(plural, "DELETED", stored.object);
  }

  /** KEDA lets a deleted scaler go. */
  finalize(name: string): void {
    this.remove("scaledobjects", name);
  }

  /** The next request that is no watch gets this answer, or none. */
  fail(fault: () => Response | "cut"): void {
    this.#faults.push(fault);
  }

  /** Cuts every watch, with an error event if one is given. */
  cutWatches(error?: Fields): void {
    for (const watch of [...this.#watches]) watch.cut(error);
  }

  /** Forgets the past: a watch that wants to go on from there gets 410. */
  compact(): void {
    this.#compacted = this.#version;
  }

  // The API

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${this.token}`) {
      return status(401, "Unauthorized", "no such token");
    }
    const match = /^\/apis\/[^/]+\/[^/]+\/namespaces\/[^/]+\/([a-z]+)(?:\/(.+))?$/.exec(
      url.pathname,
    );
    if (!match) return status(404, "NotFound", url.pathname);
    const [, plural, name = ""] = match;
    if (url.searchParams.get("watch")) return this.#watch(plural!, url.searchParams);
    const body = await request.text();
    const fault = this.#faults.shift()?.();
    if (fault === "cut") return cut();
    const response = fault ?? this.#serve(request.method, plural!, name, url.searchParams, body);
    this.requests.push({
      method: request.method,
      plural: plural!,
      name,
      query: url.searchParams,
      body,
      status: response.status,
    });
    return response;
  }

  #serve(
    method: string,
    plural: string,
    name: string,
    query: URLSearchParams,
    body: string,
  ): Response {
    if (method === "GET" && name === "") return this.#list(plural, query);
    if (method === "GET") {
      const object = this.object(plural, name);
      return object ? Response.json(object) : status(404, "NotFound", name);
    }
    if (method === "PATCH") return this.#apply(plural, name, query, parse(body));
    if (method === "DELETE") return this.#delete(plural, name, JSON.parse(body));
    return status(405, "MethodNotAllowed", method);
  }

  #list(plural: string, query: URLSearchParams): Response {
    this.lists++;
    const matching = [...this.#stored].filter(([key, { object }]) =>
      key.startsWith(`${plural}/`) && selects(query, object)
    ).map(([, { object: { kind: _, apiVersion: __, ...item } }]) => item);
    // Small pages, so that they are put together.
    const from = Number(query.get("continue") ?? 0);
    const more = from + 2 < matching.length ? { continue: String(from + 2) } : {};
    return Response.json({
      items: matching.slice(from, from + 2),
      metadata: { resourceVersion: String(this.#version), ...more },
    });
  }

  #apply(plural: string, name: string, query: URLSearchParams, given: Fields): Response {
    const stored = this.#stored.get(`${plural}/${name}`) ?? { object: {}, owners: new Map() };
    try {
      const manager = query.get("fieldManager")!;
      const force = query.get("force") === "true";
      const merged = applyFields(stored.object, stored.owners, manager, given, force);
      return Response.json(this.#keep(plural, name, stored, { ...merged, kind: given.kind }));
    } catch (error) {
      if (error instanceof FieldConflict) return status(409, "Conflict", error.message);
      throw error;
    }
  }

  #keep(plural: string, name: string, stored: Stored, next: Fields): Fields {
    const before = stored.object;
    const isNew = before.metadata === undefined;
    // A Deployment always has a number of replicas.
    if (plural === "deployments") next.spec = { replicas: 1, ...next.spec };
    const isChanged = JSON.stringify(sorted(next.spec)) !== JSON.stringify(sorted(before.spec));
    const object = {
      ...next,
      apiVersion: next.apiVersion ?? before.apiVersion,
      kind: next.kind ?? before.kind,
      metadata: {
        ...next.metadata,
        name,
        uid: before.metadata?.uid ?? crypto.randomUUID(),
        generation: (before.metadata?.generation ?? 0) + (isChanged ? 1 : 0),
        resourceVersion: before.metadata?.resourceVersion,
        managedFields: managedFields(stored.owners),
        ...(plural === "scaledobjects" && { finalizers: [FINALIZER] }),
      },
    };
    stored.object = object;
    this.#stored.set(`${plural}/${name}`, stored);
    if (isNew || JSON.stringify(sorted(object)) !== JSON.stringify(sorted(before))) {
      object.metadata.resourceVersion = String(++this.#version);
      this.#tell(plural, isNew ? "ADDED" : "MODIFIED", object);
    }
    return object;
  }

  #delete(plural: string, name: string, { preconditions }: Fields): Response {
    const stored = this.#stored.get(`${plural}/${name}`);
    if (!stored) return status(404, "NotFound", name);
    if (stored.object.metadata.uid !== preconditions.uid) return status(409, "Conflict", "uid");
    if (plural === "scaledobjects" && this.holdsScalers) {
      const metadata = {
        ...stored.object.metadata,
        deletionTimestamp: new Date().toISOString(),
        resourceVersion: String(++this.#version),
      };
      stored.object = { ...stored.object, metadata };
      this.#tell(plural, "MODIFIED", stored.object);
    } else {
      this.remove(plural, name);
    }
    return Response.json({ kind: "Status", status: "Success" });
  }

  #tell(plural: string, type: Change["type"], object: Fields): void {
    this.#changes.push({ version: this.#version, plural, type, object: structuredClone(object) });
    for (const watch of this.#watches) watch.tell();
  }

  #watch(plural: string, query: URLSearchParams): Response {
    let seen = Number(query.get("resourceVersion"));
    if (seen < this.#compacted) return status(410, "Expired", "too old");
    const encoder = new TextEncoder();
    const send = (to: ReadableStreamDefaultController, event: Fields) =>
      to.enqueue(encoder.encode(JSON.stringify(event) + "\n"));
    let watch: { tell(): void; cut(error?: Fields): void };
    const body = new ReadableStream({
      start: (to) => {
        watch = {
          tell: () => {
            for (const change of this.#changes) {
              if (change.version <= seen) continue;
              seen = change.version;
              if (change.plural === plural && selects(query, change.object)) {
                send(to, { type: change.type, object: change.object });
              }
            }
          },
          cut: (error) => {
            this.#watches.delete(watch);
            if (error) send(to, { type: "ERROR", object: error });
            to.close();
          },
        };
        send(to, { type: "BOOKMARK", object: { metadata: { resourceVersion: String(seen) } } });
        watch.tell();
        this.#watches.add(watch);
      },
      cancel: () => void this.#watches.delete(watch),
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutWatches();
    await this.#server.shutdown();
  }
}

/** An answer that ends before it has said anything. */
function cut(): Response {
  return new Response(
    new ReadableStream({
      start: (to) => to.enqueue(new TextEncoder().encode('{"half":')),
      pull: (to) => to.close(),
    }),
  );
}

export function status(code: number, reason: string, message: string, headers = {}): Response {
  return Response.json({ kind: "Status", code, reason, message }, { status: code, headers });
}

function selects(query: URLSearchParams, { metadata }: Fields): boolean {
  const pairs = (query.get("labelSelector") ?? "").split(",").map((pair) => pair.split("="));
  return pairs.every(([key, value]) => metadata.labels?.[key!] === value);
}

function sorted(value: Fields): Fields {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value).filter((key) => key !== "managedFields").sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
