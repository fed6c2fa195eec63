/**
 * Calls to services behind HTTP, for every kind of backend that makes some: which URLs and headers
 * are taken, what is sent along, and what an answer means.
 *
 * @module
 */
import type { BackendCall, BackendFailure, SettingProblem } from "../../backend.ts";
import { viaAfter } from "../../hops.ts";
import { readBounded } from "./read_bounded.ts";

export interface ServiceCallerOptions {
  /** Hosts that may be called, with the port where it is not the protocol's own; any if undefined. */
  readonly allowedHosts?: readonly string[];
  readonly maxResponseBytes?: number;
  /** Looks up what a header's `{env}` refers to. */
  readonly environment?: (name: string) => string | undefined;
}

/** A header's value, or where it is found: secrets stay out of the registry. */
export type HeaderSetting = string | { readonly env: string };

export interface ServiceRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, HeaderSetting>>;
  /** Sent as JSON. */
  readonly body: unknown;
}

/** The JSON that a service answered. */
export type ServiceAnswer = { readonly ok: true; readonly body: unknown } | BackendFailure;

const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;
const EXCERPT_LENGTH = 400;
/** The receiver is busy, or in trouble that may pass. */
const PASSING_STATUS = new Set([408, 425, 429]);
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

export class ServiceCaller implements AsyncDisposable {
  readonly #options: ServiceCallerOptions;
  readonly #client: Deno.HttpClient;
  #closed = false;

  constructor(options: ServiceCallerOptions = {}) {
    this.#options = options;
    this.#client = Deno.createHttpClient({ poolMaxIdlePerHost: 64, poolIdleTimeout: 30_000 });
  }

  /** Answers what is wrong with a URL. */
  checkUrl(url: unknown, pointer = "/url"): SettingProblem[] {
    const parsed = typeof url === "string" ? URL.parse(url) : null;
    if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) {
      return [{ pointer, expected: "an http or https URL without user and password" }];
    }
    const { allowedHosts } = this.#options;
    if (!allowedHosts || allowedHosts.includes(parsed.host)) return [];
    return [{ pointer, expected: `a host that the operator allows` }];
  }

  /** Answers what is wrong with a version's headers. */
  checkHeaders(headers: unknown): SettingProblem[] {
    if (headers === undefined) return [];
    if (headers === null || typeof headers !== "object" || Array.isArray(headers)) {
      return [{ pointer: "/headers", expected: "an object" }];
    }
    return Object.entries(headers).flatMap(([name, value]) => this.#checkHeader(name, value));
  }

  #checkHeader(name: string, value: unknown): SettingProblem[] {
    const pointer = `/headers/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!HEADER_NAME.test(name)) return [{ pointer, expected: "a header's name" }];
    if (typeof value === "string") {
      return /^[\x20-\x7e]*$/.test(value) ? [] : [{ pointer, expected: "visible characters" }];
    }
    const env = (value as { env?: unknown } | null)?.env;
    if (typeof env === "string" && Object.keys(value as object).length === 1) {
      return this.#options.environment?.(env) === undefined
        ? [{ pointer, expected: `the name of an environment variable that is set` }]
        : [];
    }
    return [{ pointer, expected: 'text, or {"env": "NAME"}' }];
  }

  /** Sends a request for a call and answers the JSON that comes back. */
  async send(call: BackendCall, request: ServiceRequest): Promise<ServiceAnswer> {
    let response: Response;
    try {
      response = await fetch(request.url, {
        method: request.method ?? "POST",
        headers: this.#headers(call, request),
        body: JSON.stringify(request.body),
        redirect: "manual",
        signal: call.signal,
        client: this.#client,
      });
    } catch (error) {
      const unsent = neverConnected(error) && !call.signal.aborted;
      const end = failure("backend_unreachable", `could not be reached: ${reason(error)}`, true);
      return unsent ? { ...end, unsent } : end;
    }
    return await this.#conclude(response);
  }

  #headers(call: BackendCall, { headers = {} }: ServiceRequest): Headers {
    const all = new Headers({ "content-type": "application/json", accept: "application/json" });
    for (const [name, value] of Object.entries(headers)) {
      all.set(
        name,
        typeof value === "string" ? value : this.#options.environment?.(value.env) ?? "",
      );
    }
    all.set("idempotency-key", call.deliveryId);
    all.set("via", viaAfter(call.hops));
    if (call.traceparent !== undefined) all.set("traceparent", call.traceparent);
    return all;
  }

  async #conclude(response: Response): Promise<ServiceAnswer> {
    const { status } = response;
    let text: string | undefined;
    try {
      text = await readBounded(response, this.#options.maxResponseBytes ?? MAX_RESPONSE_BYTES);
    } catch (error) {
      return failure("backend_bad_response", `broke off its answer: ${reason(error)}`, true);
    }
    if (text === undefined) {
      return failure("backend_response_too_large", "answered more than is taken", false);
    }
    if (status >= 300 && status < 400) {
      return failure("backend_redirected", `answered ${status}; redirects are not followed`, false);
    }
    if (status >= 500 || PASSING_STATUS.has(status)) {
      return failure("backend_failed", `answered ${status}: ${excerpt(text)}`, true);
    }
    if (status >= 400) {
      return failure("backend_rejected", `answered ${status}: ${excerpt(text)}`, false);
    }
    try {
      return { ok: true, body: JSON.parse(text) };
    } catch {
      return failure("backend_bad_response", `answered no JSON: ${excerpt(text)}`, true);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) this.#client.close();
    this.#closed = true;
    return Promise.resolve();
  }
}

/** The failure of a backend that did `what`. */
export function failure(code: string, what: string, retry: boolean): BackendFailure {
  return { ok: false, error: { code, message: `the backend ${what}` }, retry };
}

/** Pointers of settings that a kind does not have. */
export function unknownSettings(
  reference: Readonly<Record<string, unknown>>,
  settings: readonly string[],
): SettingProblem[] {
  return Object.keys(reference)
    .filter((name) => name !== "kind" && !settings.includes(name))
    .map((name) => ({ pointer: `/${name}`, expected: `one of ${settings.join(", ")}` }));
}

/** True if no byte of the request can have reached a service: refused, no such host, no route. */
function neverConnected(error: unknown): boolean {
  return messagesOf(error).some((message) => message.includes("client error (Connect)"));
}

/** Why a fetch failed, without the URL, which may hold a secret. */
function reason(error: unknown): string {
  const message = messagesOf(error).at(-1)!.replaceAll(/https?:\/\/[^\s)]+/g, "its URL");
  return message.replace(/^.*?client error \((?:Connect|SendRequest)\): /, "");
}

function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...(error.cause === undefined ? [] : messagesOf(error.cause))];
}

function excerpt(text: string): string {
  const line = (errorIn(text) ?? text).replaceAll(/\s+/g, " ").trim();
  return line.length > EXCERPT_LENGTH ? `${line.slice(0, EXCERPT_LENGTH)}...` : line;
}

/** The words of `{"error": "..."}`, as model servers have it. */
function errorIn(text: string): string | undefined {
  if (!/^\s*\{\s*"error"/.test(text)) return undefined;
  try {
    const { error } = JSON.parse(text) as { error: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    // It only looked like one.
    return undefined;
  }
}
