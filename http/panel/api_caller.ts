/**
 * The pages' way to the API: the same routes, with the credential of who is signed in, so that every
 * rule is obeyed by the same code.
 *
 * @module
 */
import type { Api } from "../api.ts";
import type { ProblemDocument } from "../wire/problem.ts";

/** What the API said instead of a success. */
export class ApiRefusal extends Error {
  override readonly name = "ApiRefusal";

  constructor(readonly status: number, readonly problem: ProblemDocument) {
    super(problem.detail ?? problem.title);
  }
}

/** What the API said. */
export type ApiAnswer<T> =
  | { readonly ok: true; readonly status: number; readonly value: T }
  | { readonly ok: false; readonly refusal: ApiRefusal };

export interface ApiCall {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, of this media type. */
  readonly text?: { readonly type: string; readonly text: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Values of a query string; those that are undefined or empty are left out. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Writes a path with its query string. */
export function pathWith(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const values = typeof value === "object" ? value : [value];
    for (const one of values) {
      if (one !== undefined && one !== "") parameters.append(name, String(one));
    }
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/** Calls the API as one bearer. */
export class ApiCaller {
  /** `more` are headers of every request. */
  constructor(
    private readonly app: Pick<Api, "request">,
    private readonly bearer: string,
    private readonly more: Readonly<Record<string, string>> = {},
  ) {}

  /** Answers the raw response, whatever its status. */
  async request(path: string, call: ApiCall = {}): Promise<Response> {
    const { method = "GET", body, text, headers, signal } = call;
    const type = text?.type ?? (body === undefined ? undefined : "application/json");
    return await this.app.request(path, {
      method,
      headers: {
        ...this.more,
        ...headers,
        authorization: `Bearer ${this.bearer}`,
        ...(type !== undefined && { "content-type": type }),
      },
      ...(type !== undefined && { body: text?.text ?? JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  /** Passes a request on as it is, but for who asks. */
  async pass(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.bearer}`);
    return await this.app.request(path, { ...init, headers });
  }

  /** Answers what became of a call. */
  async send<T>(path: string, call: ApiCall = {}): Promise<ApiAnswer<T>> {
    const response = await this.request(path, call);
    const text = await response.text();
    if (response.ok) {
      return { ok: true, status: response.status, value: (text ? JSON.parse(text) : null) as T };
    }
    const problem = JSON.parse(text) as ProblemDocument;
    return { ok: false, refusal: new ApiRefusal(response.status, problem) };
  }

  /** Answers the value. Throws ApiRefusal. */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    const answer = await this.send<T>(pathWith(path, query));
    if (answer.ok) return answer.value;
    throw answer.refusal;
  }

  /** Changes something and answers what it is now. Throws ApiRefusal. */
  async change<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.send<T>(path, { method, body });
    if (answer.ok) return answer.value;
    throw answer.refusal;
  }
}
