/**
 * A backend behind HTTP: sends the input as JSON, or what a template makes of it, and takes the
 * output out of the response.
 *
 * @module
 */
import type { BackendReference } from "../../registry/model.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";
import { readBounded } from "./http/read_bounded.ts";
import { checkExpression, checkTemplate, fill, pick } from "./http/template.ts";

export interface HttpBackendOptions {
  /** Hosts that may be called, with the port where it is not the protocol's own; any if undefined. */
  readonly allowedHosts?: readonly string[];
  readonly maxResponseBytes?: number;
  /** Looks up what a header's `{env}` refers to. */
  readonly environment?: (name: string) => string | undefined;
}

/** A header's value, or where it is found: secrets stay out of the registry. */
type HeaderSetting = string | { readonly env: string };

interface HttpReference extends BackendReference {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, HeaderSetting>>;
  readonly request?: unknown;
  readonly response?: string;
}

const SETTINGS = ["url", "method", "headers", "request", "response"];
const METHODS = ["POST", "PUT", "PATCH"];
const MAX_RESPONSE_BYTES = 10 * 1024 * 1024;
const EXCERPT_LENGTH = 200;
/** The receiver is busy, or in trouble that may pass. */
const PASSING_STATUS = new Set([408, 425, 429]);

export class HttpBackend implements Backend {
  readonly kind = "http";
  readonly #options: HttpBackendOptions;
  readonly #client: Deno.HttpClient;
  #closed = false;

  constructor(options: HttpBackendOptions = {}) {
    this.#options = options;
    this.#client = Deno.createHttpClient({ poolMaxIdlePerHost: 64, poolIdleTimeout: 30_000 });
  }

  check(reference: BackendReference): SettingProblem[] {
    const problems: SettingProblem[] = [];
    for (const name of Object.keys(reference)) {
      if (name !== "kind" && !SETTINGS.includes(name)) {
        problems.push({ pointer: `/${name}`, expected: `one of ${SETTINGS.join(", ")}` });
      }
    }
    const { url, method = "POST", headers = {}, request, response } = reference;
    problems.push(...this.#checkUrl(url));
    if (!METHODS.includes(method as string)) {
      problems.push({ pointer: "/method", expected: METHODS.join(", ") });
    }
    problems.push(...this.#checkHeaders(headers), ...checkTemplate(request, "/request"));
    if (response !== undefined) {
      problems.push(
        ...typeof response === "string"
          ? checkExpression(response, "/response")
          : [{ pointer: "/response", expected: "a JMESPath expression or a JSON Pointer" }],
      );
    }
    return problems;
  }

  #checkUrl(url: unknown): SettingProblem[] {
    const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) {
      return [{ pointer: "/url", expected: "an http or https URL without user and password" }];
    }
    const { allowedHosts } = this.#options;
    if (!allowedHosts || allowedHosts.includes(parsed.host)) return [];
    return [{ pointer: "/url", expected: `a host that the operator allows` }];
  }

  #checkHeaders(headers: unknown): SettingProblem[] {
    if (headers === null || typeof headers !== "object" || Array.isArray(headers)) {
      return [{ pointer: "/headers", expected: "an object" }];
    }
    return Object.entries(headers).flatMap(([name, value]): SettingProblem[] => {
      const pointer = `/headers/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
        return [{ pointer, expected: "a header's name" }];
      }
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
    });
  }

  async run(call: BackendCall): Promise<BackendResult> {
    const reference = call.backend as HttpReference;
    let response: Response;
    try {
      response = await fetch(reference.url, {
        method: reference.method ?? "POST",
        headers: this.#headers(call, reference),
        body: JSON.stringify(
          reference.request === undefined ? call.input : fill(reference.request, {
            input: call.input,
            job: { id: call.jobId, model: call.model, version: call.version },
          }),
        ),
        redirect: "manual",
        signal: call.signal,
        client: this.#client,
      });
    } catch (error) {
      return failure("backend_unreachable", `could not be reached: ${reason(error)}`, true);
    }
    return await this.#conclude(reference, response);
  }

  #headers(call: BackendCall, { headers = {} }: HttpReference): Headers {
    const all = new Headers({ "content-type": "application/json", accept: "application/json" });
    for (const [name, value] of Object.entries(headers)) {
      all.set(
        name,
        typeof value === "string" ? value : this.#options.environment?.(value.env) ?? "",
      );
    }
    all.set("idempotency-key", call.deliveryId);
    if (call.traceparent !== undefined) all.set("traceparent", call.traceparent);
    return all;
  }

  async #conclude(reference: HttpReference, response: Response): Promise<BackendResult> {
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
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return failure("backend_bad_response", `answered no JSON: ${excerpt(text)}`, true);
    }
    if (reference.response === undefined) return { ok: true, output: body };
    const output = pick(reference.response, body);
    return output === null || output === undefined
      ? failure("backend_bad_response", `has nothing at ${reference.response}`, false)
      : { ok: true, output };
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) this.#client.close();
    this.#closed = true;
    return Promise.resolve();
  }
}

function failure(code: string, what: string, retry: boolean): BackendResult {
  return { ok: false, error: { code, message: `the backend ${what}` }, retry };
}

/** Why a fetch failed, without the URL, which may hold a secret. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/https?:\/\/[^\s)]+/g, "its URL");
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > EXCERPT_LENGTH ? `${line.slice(0, EXCERPT_LENGTH)}...` : line;
}
