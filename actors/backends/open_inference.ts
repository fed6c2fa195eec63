/**
 * A model server that speaks the Open Inference Protocol v2 over REST: KServe, Triton, MLServer, or
 * another gateway. Tensors go as JSON, which all of them take; the binary extension is not used.
 *
 * @module
 */
import { search } from "jmespath";
import type { BackendReference } from "../../registry/model.ts";
import type { Backend, BackendCall, BackendResult, SettingProblem } from "../backend.ts";
import { type Datatype, DATATYPES } from "../open_inference/element.ts";
import { readTensor } from "../open_inference/read_tensor.ts";
import { type Tensor, tensorOf, valueOf } from "../open_inference/tensor.ts";
import { checkResponse, outputOf } from "./http.ts";
import {
  failure,
  type HeaderSetting,
  ServiceCaller,
  type ServiceCallerOptions,
  unknownSettings,
} from "./http/service_caller.ts";
import { checkExpression } from "./http/template.ts";

/** How one tensor is made of the input. */
interface InputSetting {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 takes what comes; `[1]` where it is not set. */
  readonly shape?: readonly number[];
  /** JMESPath over the input; the field of the tensor's name where it is not set. */
  readonly value?: string;
}

interface OpenInferenceReference extends BackendReference {
  readonly url: string;
  readonly model: string;
  readonly modelVersion?: string;
  readonly headers?: Readonly<Record<string, HeaderSetting>>;
  readonly inputs: readonly InputSetting[];
  /** Names of the outputs that are asked for; all where it is not set. */
  readonly outputs?: readonly string[];
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Picks the output out of `{TENSOR: value}`. */
  readonly response?: string;
}

const SETTINGS = [
  "url",
  "model",
  "modelVersion",
  "headers",
  "inputs",
  "outputs",
  "parameters",
  "response",
];
const MAX_INPUTS = 100;

export class OpenInferenceBackend implements Backend {
  readonly kind = "open_inference";
  readonly #caller: ServiceCaller;

  constructor(options: ServiceCallerOptions = {}) {
    this.#caller = new ServiceCaller(options);
  }

  check(reference: BackendReference): SettingProblem[] {
    const { url, headers, model, modelVersion, inputs, outputs, parameters, response } = reference;
    const problems = [
      ...unknownSettings(reference, SETTINGS),
      ...this.#caller.checkUrl(url),
      ...this.#caller.checkHeaders(headers),
      ...checkInputs(inputs),
      ...checkResponse(response),
    ];
    const text = (value: unknown) => typeof value === "string" && value !== "";
    if (!text(model)) problems.push({ pointer: "/model", expected: "the model's name there" });
    if (modelVersion !== undefined && !text(modelVersion)) {
      problems.push({ pointer: "/modelVersion", expected: "the version's name there" });
    }
    if (outputs !== undefined && !(Array.isArray(outputs) && outputs.every(text))) {
      problems.push({ pointer: "/outputs", expected: "a list of names" });
    }
    const isObject = typeof parameters === "object" && parameters !== null;
    if (parameters !== undefined && (!isObject || Array.isArray(parameters))) {
      problems.push({ pointer: "/parameters", expected: "an object" });
    }
    return problems;
  }

  async run(call: BackendCall): Promise<BackendResult> {
    const reference = call.backend as OpenInferenceReference;
    const { headers, outputs, parameters, response } = reference;
    const inputs: Tensor[] = [];
    for (const setting of reference.inputs) {
      const { name, datatype, shape = [1], value } = setting;
      const found = value === undefined ? fieldOf(call.input, name) : search(call.input, value);
      const tensor = tensorOf(name, datatype, shape, found);
      if ("expected" in tensor) {
        const message = `the input does not fit the tensor ${name}: expected ${tensor.expected}`;
        return { ok: false, error: { code: "input_mismatch", message }, retry: false };
      }
      inputs.push(tensor);
    }
    const answer = await this.#caller.send(call, {
      url: inferUrl(reference),
      ...(headers && { headers }),
      body: {
        id: call.jobId,
        inputs,
        ...(outputs && { outputs: outputs.map((name) => ({ name })) }),
        ...(parameters && { parameters }),
      },
    });
    return answer.ok ? conclude(answer.body, response) : answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#caller[Symbol.asyncDispose]();
  }
}

function inferUrl({ url, model, modelVersion }: OpenInferenceReference): string {
  const version = modelVersion === undefined ? "" : `/versions/${encodeURIComponent(modelVersion)}`;
  return `${url.replace(/\/+$/, "")}/v2/models/${encodeURIComponent(model)}${version}/infer`;
}

function fieldOf(input: unknown, name: string): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  return Object.hasOwn(input, name) ? (input as Record<string, unknown>)[name] : undefined;
}

/** Answers the outputs by name, or what the version picks out of them. */
function conclude(body: unknown, response: string | undefined): BackendResult {
  const { outputs } = (body ?? {}) as { outputs?: unknown };
  if (!Array.isArray(outputs)) {
    return failure("backend_bad_response", "answered no list of outputs", false);
  }
  const values: Record<string, unknown> = {};
  for (const each of outputs) {
    const tensor = readTensor(each);
    if ("expected" in tensor) {
      return failure("backend_bad_response", `answered no tensor: ${tensor.expected}`, false);
    }
    values[tensor.name] = valueOf(tensor);
  }
  return outputOf(values, response);
}

function checkInputs(inputs: unknown): SettingProblem[] {
  if (!Array.isArray(inputs) || inputs.length === 0 || inputs.length > MAX_INPUTS) {
    const expected = `a list of 1 to ${MAX_INPUTS} tensors {name, datatype, shape, value}`;
    return [{ pointer: "/inputs", expected }];
  }
  return inputs.flatMap((input, i): SettingProblem[] => {
    const at = `/inputs/${i}`;
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      return [{ pointer: at, expected: "a tensor {name, datatype, shape, value}" }];
    }
    const { name, datatype, shape = [1], value } = input as Record<string, unknown>;
    const problems = unknownSettings(input, ["name", "datatype", "shape", "value"])
      .map(({ pointer, expected }) => ({ pointer: at + pointer, expected }));
    if (typeof name !== "string" || name === "") {
      problems.push({ pointer: `${at}/name`, expected: "the tensor's name" });
    }
    if (!DATATYPES.includes(datatype as Datatype)) {
      problems.push({ pointer: `${at}/datatype`, expected: `one of ${DATATYPES.join(", ")}` });
    }
    const isLength = (length: unknown) => Number.isSafeInteger(length) && (length as number) >= -1;
    if (!Array.isArray(shape) || shape.length > 8 || !shape.every(isLength)) {
      problems.push({ pointer: `${at}/shape`, expected: "lengths, -1 for any" });
    }
    if (value === undefined) return problems;
    return typeof value === "string"
      ? [...problems, ...checkExpression(value, `${at}/value`)]
      : [...problems, { pointer: `${at}/value`, expected: "a JMESPath expression" }];
  });
}
