/**
 * A gateway as the commands see it: requests by its API, and what went wrong in words.
 *
 * @module
 */
import type { ProblemDocument } from "../http/wire/problem.ts";
import { EXIT, Failure } from "./exit.ts";

/** A parameter that is not set is not sent; a list is sent once for each item. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface Sending {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Nothing that is a gateway answers there. */
export class GatewayUnreachable extends Failure {
  override readonly name = "GatewayUnreachable";

  constructor(url: string, reason: string) {
    super(
      `No gateway answers at ${url}: ${reason}\n` +
        "--url or MODEL_GATEWAY_URL says where it is; `deno task start` runs one here.",
      EXIT.unreachable,
    );
  }
}

/** The gateway has refused a request, and said why. */
export class GatewayRefusal extends Failure {
  override readonly name = "GatewayRefusal";

  constructor(readonly problem: ProblemDocument, readonly retryAfterSeconds?: number) {
    super(textOf(problem), [401, 403].includes(problem.status) ? EXIT.refused : EXIT.wrong);
  }

  /** The end of the problem's type, such as `not-found`. */
  get kind(): string {
    return this.problem.type.slice(this.problem.type.lastIndexOf(":") + 1);
  }

  /** True where the same request may be taken later. */
  get passes(): boolean {
    return [429, 503].includes(this.problem.status);
  }
}

const WITHOUT_KEY = "Give an API key by MODEL_GATEWAY_KEY or --key; `model-gateway keys create` " +
  "makes one, and the first is printed at the gateway's first start.";
const MAX_PAGE = 200;

/** Sends requests to one gateway. Throws {@link GatewayUnreachable}, {@link GatewayRefusal}. */
export class GatewayClient {
  readonly #url: string;
  readonly #key: string | undefined;

  constructor(url: string, key: string | undefined) {
    this.#url = url.replace(/\/+$/, "");
    this.#key = key;
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#json("GET", path, { query });
  }

  post<T>(path: string, body?: unknown, headers: Sending["headers"] = {}): Promise<T> {
    return this.#json("POST", path, { body, headers });
  }

  put<T>(path: string, body: unknown, headers: Sending["headers"] = {}): Promise<T> {
    return this.#json("PUT", path, { body, headers });
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#json("PATCH", path, { body });
  }

  async delete(path: string, query: Query = {}): Promise<void> {
    const response = await this.send("DELETE", path, { query });
    await response.body?.cancel();
  }

  /** The items of a list, page by page, up to `limit` of them. */
  async *items<T>(path: string, query: Query, limit: number): AsyncGenerator<T> {
    let cursor: string | undefined;
    for (let left = limit; left > 0;) {
      const page = await this.get<{ items: T[]; nextCursor?: string }>(path, {
        ...query,
        limit: Math.min(left, MAX_PAGE),
        cursor,
      });
      yield* page.items;
      left -= page.items.length;
      cursor = page.nextCursor;
      if (cursor === undefined) return;
    }
  }

  /** Answers a good response as it is. */
  async send(method: string, path: string, sending: Sending = {}): Promise<Response> {
    const { body, signal } = sending;
    const request = {
      method,
      headers: {
        accept: "application/json",
        "user-agent": "model-gateway-cli",
        ...(this.#key !== undefined && { authorization: `Bearer ${this.#key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...sending.headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    };
    let response: Response;
    try {
      response = await fetch(this.#address(path, sending.query), request);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new GatewayUnreachable(this.#url, reasonOf(error));
    }
    if (response.ok) return response;
    throw await this.#refusal(response);
  }

  async #json<T>(method: string, path: string, sending: Sending): Promise<T> {
    const response = await this.send(method, path, sending);
    const text = await response.text();
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new GatewayUnreachable(this.#url, "what answers there is no Model Gateway");
    }
  }

  #address(path: string, query: Query = {}): URL {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined) url.searchParams.append(name, String(one));
      }
    }
    return url;
  }

  async #refusal(response: Response): Promise<Failure> {
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    if (!type.startsWith("application/problem+json")) {
      return new GatewayUnreachable(
        this.#url,
        `what answers there is no Model Gateway, or stands before it (${response.status} ${type})`,
      );
    }
    const after = Number(response.headers.get("retry-after") ?? NaN);
    return new GatewayRefusal(JSON.parse(text), Number.isFinite(after) ? after : undefined);
  }
}

/** The problem as lines for people: what, why, where, what to do. */
function textOf(problem: ProblemDocument): string {
  const faults = (problem.errors ?? []).map((fault) => {
    const where = fault.pointer ?? fault.parameter ?? fault.header ?? "";
    const place = fault.line === undefined ? "" : ` (line ${fault.line}, column ${fault.column})`;
    return `  ${where || "/"}${place}: expected ${fault.expected}${
      fault.detail === undefined ? "" : `; ${fault.detail}`
    }`;
  });
  return [
    problem.detail === undefined ? problem.title : `${problem.title}: ${problem.detail}`,
    ...faults,
    ...(problem.status === 401 ? [WITHOUT_KEY] : []),
    ...(problem.instance === undefined ? [] : [`  in the gateway's log: ${problem.instance}`]),
  ].join("\n");
}

/** The innermost reason, of those within each other and those strung together. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return reasonOf(error.cause);
  const message = error instanceof Error ? error.message : String(error);
  return message.split(": ").at(-1)!.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
