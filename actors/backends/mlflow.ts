/**
 * A scoring server of MLflow: `POST /invocations` in one of its four forms (MLflow documentation,
 * "Deploy MLflow Model as a Local Inference Server").
 *
 * @module
 */
import { search } from "jmespath";
import type { BackendReference } from "../../registry/model.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";
import { checkResponse, outputOf } from "./http.ts";
import {
  failure,
  type HeaderSetting,
  ServiceCaller,
  type ServiceCallerOptions,
  unknownSettings,
} from "./http/service_caller.ts";
import { checkExpression } from "./http/template.ts";

const FORMATS = ["dataframe_split", "dataframe_records", "instances", "inputs"] as const;

interface MlflowReference extends BackendReference {
  /** Where the server is; `/invocations` is added. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, HeaderSetting>>;
  /** `dataframe_split` where it is not set. */
  readonly format?: typeof FORMATS[number];
  /** The order of columns in `dataframe_split`; the fields of the first row where it is not set. */
  readonly columns?: readonly string[];
  /** JMESPath over the input: what is sent of it. */
  readonly value?: string;
  /** Inference parameters, sent as they are. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Picks the output out of `predictions`; of an input that is one row, its one prediction. */
  readonly response?: string;
}

const SETTINGS = ["url", "headers", "format", "columns", "value", "params", "response"];

export class MlflowBackend implements Backend {
  readonly kind = "mlflow";
  readonly #caller: ServiceCaller;

  constructor(options: ServiceCallerOptions = {}) {
    this.#caller = new ServiceCaller(options);
  }

  check(reference: BackendReference): SettingProblem[] {
    const { url, headers, format, columns, value, params, response } = reference;
    const problems = [
      ...unknownSettings(reference, SETTINGS),
      ...this.#caller.checkUrl(url),
      ...this.#caller.checkHeaders(headers),
      ...checkResponse(response),
    ];
    if (format !== undefined && !FORMATS.includes(format as typeof FORMATS[number])) {
      problems.push({ pointer: "/format", expected: `one of ${FORMATS.join(", ")}` });
    }
    const named = Array.isArray(columns) && columns.length > 0 &&
      columns.every((column) => typeof column === "string");
    if (columns !== undefined && !named) {
      problems.push({ pointer: "/columns", expected: "a list of names" });
    }
    const isObject = typeof params === "object" && params !== null && !Array.isArray(params);
    if (params !== undefined && !isObject) {
      problems.push({ pointer: "/params", expected: "an object" });
    }
    if (value === undefined) return problems;
    return typeof value === "string"
      ? [...problems, ...checkExpression(value, "/value")]
      : [...problems, { pointer: "/value", expected: "a JMESPath expression" }];
  }

  async run(call: BackendCall): Promise<BackendResult> {
    const { url, headers, params, value, response, ...more } = call.backend as MlflowReference;
    const input = value === undefined ? call.input : search(call.input, value);
    const sent = payloadOf(input, more);
    if ("expected" in sent) {
      const message = `the input does not fit ${sent.format}: expected ${sent.expected}`;
      return { ok: false, error: { code: "input_mismatch", message }, retry: false };
    }
    const answer = await this.#caller.send(call, {
      url: `${url.replace(/\/+$/, "")}/invocations`,
      ...(headers && { headers }),
      body: { ...sent.payload, ...(params && { params }) },
    });
    return answer.ok ? conclude(answer.body, sent.single, response) : answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#caller[Symbol.asyncDispose]();
  }
}

type Payload =
  | {
    readonly payload: Readonly<Record<string, unknown>>;
    /** True where the input is one row, so that the output is one prediction. */
    readonly single: boolean;
  }
  | { readonly format: string; readonly expected: string };

function payloadOf(
  input: unknown,
  { format = "dataframe_split", columns }: Pick<MlflowReference, "format" | "columns">,
): Payload {
  // `inputs` takes tensors by name as one object: nothing is wrapped.
  if (format === "inputs") return { payload: { inputs: input }, single: false };
  const single = !Array.isArray(input);
  const rows: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (format === "instances") return { payload: { instances: rows }, single };
  if (!rows.every(isRecord)) return { format, expected: "an object, or a list of objects" };
  if (format === "dataframe_records") return { payload: { dataframe_records: rows }, single };
  const names = columns ?? Object.keys(rows[0] ?? {});
  const data = rows.map((row) => names.map((name) => Object.hasOwn(row, name) ? row[name] : null));
  return { payload: { dataframe_split: { columns: names, data } }, single };
}

function isRecord(row: unknown): row is Record<string, unknown> {
  return typeof row === "object" && row !== null && !Array.isArray(row);
}

function conclude(body: unknown, single: boolean, response: string | undefined): BackendResult {
  const { predictions } = (body ?? {}) as { predictions?: unknown };
  if (predictions === undefined) {
    return failure("backend_bad_response", "answered no predictions", false);
  }
  const isOne = single && Array.isArray(predictions) && predictions.length === 1;
  return outputOf(isOne ? predictions[0] : predictions, response);
}
