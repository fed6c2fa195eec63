/**
 * The few calls of the Kubernetes API that a reconciler needs: get, list, watch, server-side apply,
 * delete. Its own code, for these are six calls over the platform's own `fetch`, which takes the
 * authority of a pod, while the vendor's client brings an HTTP stack of its own.
 *
 * @module
 */
import type { KubeAccess } from "./kube_access.ts";
import type { KubeObject, Resource } from "./kube_object.ts";

/** The API refused. */
export class KubeRefusal extends Error {
  override readonly name = "KubeRefusal";

  constructor(readonly status: number, readonly reason: string, message: string) {
    super(`${status} ${reason}: ${message}`);
  }
}

/** One change that a watch tells of. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubeObject;
}

export interface Listing {
  readonly items: readonly KubeObject[];
  /** Where a watch goes on. */
  readonly resourceVersion: string;
}

export interface ApplyOptions {
  readonly manager: string;
  /** Takes fields over that another manager has set. */
  readonly force: boolean;
}

const REQUEST_MS = 30_000;
const TRIES = 5;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
const PAGE = 500;
/** The server ends a watch after so long; it is begun again from where it was. */
const WATCH_SECONDS = 240;

export class KubeClient implements Disposable {
  readonly #access: KubeAccess;
  readonly #http: Deno.HttpClient | undefined;
  #token: string | undefined;

  constructor(access: KubeAccess) {
    this.#access = access;
    const { ca, certificate, key } = access;
    this.#http = access.server.startsWith("https:")
      ? Deno.createHttpClient({
        ...(ca !== undefined && { caCerts: [ca] }),
        ...(certificate !== undefined && key !== undefined && { cert: certificate, key }),
      })
      : undefined;
  }

  [Symbol.dispose](): void {
    this.#http?.close();
  }

  /** Answers an object; undefined if it is not there. */
  async get(
    resource: Resource,
    namespace: string,
    name: string,
  ): Promise<KubeObject | undefined> {
    try {
      return await this.#json("GET", pathOf(resource, namespace, name));
    } catch (error) {
      if (error instanceof KubeRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  async list(resource: Resource, namespace: string, labelSelector: string): Promise<Listing> {
    const items: KubeObject[] = [];
    for (let next = "";;) {
      const query = new URLSearchParams({ labelSelector, limit: String(PAGE) });
      if (next) query.set("continue", next);
      const page = await this.#json<{
        items: Omit<KubeObject, "kind" | "apiVersion">[];
        metadata: { resourceVersion: string; continue?: string };
      }>("GET", `${pathOf(resource, namespace)}?${query}`);
      // Items of a list say neither their kind nor their version.
      const { kind, apiVersion } = resource;
      items.push(...page.items.map((item) => ({ ...item, kind, apiVersion })));
      next = page.metadata.continue ?? "";
      if (!next) return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  /**
   * Tells of changes from a version on, until the server ends it. Throws a {@link KubeRefusal} with
   * 410 if the version is too old: list again.
   */
  async *watch(
    resource: Resource,
    namespace: string,
    labelSelector: string,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const query = new URLSearchParams({
      watch: "1",
      allowWatchBookmarks: "true",
      timeoutSeconds: String(WATCH_SECONDS),
      labelSelector,
      resourceVersion,
    });
    const late = AbortSignal.timeout((WATCH_SECONDS + 60) * 1000);
    const response = await this.#send("GET", `${pathOf(resource, namespace)}?${query}`, {
      signal: AbortSignal.any([signal, late]),
    });
    if (!response.ok) throw await refusalOf(response);
    for await (const line of linesOf(response.body!)) {
      const event = JSON.parse(line) as { type: string; object: unknown };
      if (event.type === "ERROR") {
        const { code, reason, message } = event.object as Status;
        throw new KubeRefusal(code ?? 500, reason ?? "", message ?? "");
      }
      yield event as WatchEvent;
    }
  }

  /** Server-side apply of YAML or JSON; what is unknown to the schema is refused. */
  apply(
    resource: Resource,
    namespace: string,
    name: string,
    text: string,
    { manager, force }: ApplyOptions,
  ): Promise<KubeObject> {
    const query = new URLSearchParams({
      fieldManager: manager,
      force: String(force),
      fieldValidation: "Strict",
    });
    return this.#json("PATCH", `${pathOf(resource, namespace, name)}?${query}`, {
      headers: { "content-type": "application/apply-patch+yaml" },
      body: text,
    });
  }

  /** Deletes an object, if it is still that one. */
  async delete(
    resource: Resource,
    namespace: string,
    { name, uid }: { readonly name: string; readonly uid: string },
    propagationPolicy: "Background" | "Orphan",
  ): Promise<void> {
    try {
      await this.#json("DELETE", pathOf(resource, namespace, name), {
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ propagationPolicy, preconditions: { uid } }),
      });
    } catch (error) {
      // Gone, or another object under that name by now.
      const isGone = error instanceof KubeRefusal && (error.status === 404 || error.status === 409);
      if (!isGone) throw error;
    }
  }

  /** Every call here may be sent twice: what got no answer, or "later", is sent again. */
  async #json<T>(method: string, path: string, init: RequestInit = {}): Promise<T> {
    for (let attempt = 1;; attempt++) {
      let pause = Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS) * (0.5 + Math.random());
      try {
        const signal = AbortSignal.timeout(REQUEST_MS);
        const response = await this.#send(method, path, { ...init, signal });
        if (response.ok) return await response.json() as T;
        const mayPass = response.status === 429 || response.status >= 500;
        const asked = Number(response.headers.get("retry-after"));
        const refusal = await refusalOf(response);
        if (!mayPass || attempt >= TRIES) throw refusal;
        if (asked > 0) pause = Math.min(asked * 1000, MAX_PAUSE_MS);
      } catch (error) {
        if (error instanceof KubeRefusal || attempt >= TRIES) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #send(method: string, path: string, init: RequestInit): Promise<Response> {
    const send = async () => {
      const headers = new Headers(init.headers);
      headers.set("accept", "application/json");
      if (this.#access.token) {
        this.#token ??= await this.#access.token();
        headers.set("authorization", `Bearer ${this.#token}`);
      }
      return await fetch(`${this.#access.server}${path}`, {
        ...init,
        method,
        headers,
        ...(this.#http && { client: this.#http }),
      });
    };
    const response = await send();
    if (response.status !== 401 || !this.#access.token) return response;
    // The kubelet has written another one meanwhile.
    await response.body?.cancel();
    this.#token = undefined;
    return await send();
  }
}

interface Status {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

async function refusalOf(response: Response): Promise<KubeRefusal> {
  const text = await response.text();
  let status: Status = {};
  try {
    status = JSON.parse(text) as Status;
  } catch {
    // A proxy in between answers in its own words.
  }
  const { reason = "", message = text.slice(0, 300) } = status;
  return new KubeRefusal(response.status, reason, message);
}

function pathOf({ apiVersion, plural }: Resource, namespace: string, name?: string): string {
  const group = apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`;
  return `/${group}/namespaces/${namespace}/${plural}${name === undefined ? "" : `/${name}`}`;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines.filter((line) => line.trim() !== "");
  }
}
