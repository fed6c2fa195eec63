/**
 * A backend behind HTTP: sends the input as JSON, or what a template makes of it, and takes the
 * output out of the response.
 *
 * @module
 */
import type { BackendReference } from "../../registry/model.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";
import {
  failure,
  type HeaderSetting,
  ServiceCaller,
  type ServiceCallerOptions,
  unknownSettings,
} from "./http/service_caller.ts";
import { checkExpression, checkTemplate, fill, pick } from "./http/template.ts";

interface HttpReference extends BackendReference {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, HeaderSetting>>;
  readonly request?: unknown;
  readonly response?: string;
}

const SETTINGS = ["url", "method", "headers", "request", "response"];
const METHODS = ["POST", "PUT", "PATCH"];

export class HttpBackend implements Backend {
  readonly kind = "http";
  readonly #caller: ServiceCaller;

  constructor(options: ServiceCallerOptions = {}) {
    this.#caller = new ServiceCaller(options);
  }

  check(reference: BackendReference): SettingProblem[] {
    const { url, method = "POST", headers, request, response } = reference;
    const problems = [
      ...unknownSettings(reference, SETTINGS),
      ...this.#caller.checkUrl(url),
      ...this.#caller.checkHeaders(headers),
      ...checkTemplate(request, "/request"),
    ];
    if (!METHODS.includes(method as string)) {
      problems.push({ pointer: "/method", expected: METHODS.join(", ") });
    }
    return [...problems, ...checkResponse(response)];
  }

  async run(call: BackendCall): Promise<BackendResult> {
    const { url, method, headers, request, response } = call.backend as HttpReference;
    const answer = await this.#caller.send(call, {
      url,
      ...(method !== undefined && { method }),
      ...(headers && { headers }),
      body: request === undefined ? call.input : fill(request, {
        input: call.input,
        job: { id: call.jobId, model: call.model, version: call.version },
      }),
    });
    return answer.ok ? outputOf(answer.body, response) : answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#caller[Symbol.asyncDispose]();
  }
}

/** Answers what is wrong with the setting that picks the output. */
export function checkResponse(response: unknown): SettingProblem[] {
  if (response === undefined) return [];
  return typeof response === "string"
    ? checkExpression(response, "/response")
    : [{ pointer: "/response", expected: "a JMESPath expression or a JSON Pointer" }];
}

/** Picks the output out of what was answered. */
export function outputOf(body: unknown, response: string | undefined): BackendResult {
  if (response === undefined) return { ok: true, output: body };
  const output = pick(response, body);
  return output === null || output === undefined
    ? failure("backend_bad_response", `has nothing at ${response}`, false)
    : { ok: true, output };
}
