/**
 * Reads inference requests: as JSON, or with binary tensor data behind the JSON.
 *
 * @module
 */
import { decodeElements } from "../../actors/open_inference/binary.ts";
import { type Datatype, DATATYPES } from "../../actors/open_inference/element.ts";
import { isShape, readTensor } from "../../actors/open_inference/read_tensor.ts";
import { sizeOf, type Tensor, type TensorFault } from "../../actors/open_inference/tensor.ts";
import { parseJson, readBytes, textOf } from "../body.ts";
import { countOf } from "../errors.ts";
import type { Limits } from "../gateway.ts";
import { Problem } from "../problem.ts";
import type { FieldError } from "../wire/problem.ts";

/** Length of the JSON, where binary data follows it. */
export const JSON_LENGTH = "inference-header-content-length";

/** An output that is asked for. */
export interface AskedOutput {
  readonly name: string;
  readonly binary: boolean;
}

export interface InferRequest {
  /** Given back in the answer. */
  readonly id?: string;
  readonly inputs: readonly Tensor[];
  /** All where it is not set. */
  readonly outputs?: readonly AskedOutput[];
  readonly parameters: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads and checks a request. Throws problems: 400, 413, 415, 422. */
export async function readInferRequest(
  request: Request,
  limits: Pick<Limits, "maxBodyBytes" | "maxNesting">,
): Promise<InferRequest> {
  if (request.headers.has("content-encoding")) {
    const error = { header: "Content-Encoding", expected: "a body that is not compressed" };
    throw new Problem("unsupported-media-type", { errors: [error] });
  }
  const bytes = await readBytes(request, limits.maxBodyBytes);
  const length = jsonLength(request.headers, bytes.length);
  const body = parseJson(textOf(bytes.subarray(0, length)), limits.maxNesting);
  return checked(body, bytes.subarray(length));
}

function jsonLength(headers: Headers, most: number): number {
  const announced = headers.get(JSON_LENGTH);
  if (announced === null) return most;
  if (/^\d{1,15}$/.test(announced) && Number(announced) <= most) return Number(announced);
  throw invalid([{
    header: "Inference-Header-Content-Length",
    expected: `the length of the JSON in bytes, at most ${most}`,
  }]);
}

function checked(body: unknown, binary: Uint8Array): InferRequest {
  if (!isFields(body)) throw invalid([{ pointer: "", expected: "an object with inputs" }]);
  const { id, inputs, outputs, parameters } = body;
  const errors: FieldError[] = [];
  if (id !== undefined && (typeof id !== "string" || id.length > 1000)) {
    errors.push({ pointer: "/id", expected: "a string of at most 1000 characters" });
  }
  if (parameters !== undefined && !isFields(parameters)) {
    errors.push({ pointer: "/parameters", expected: "an object" });
  }
  const { tensors, rest } = readTensors(inputs, binary, errors);
  if (errors.length === 0 && rest > 0) {
    errors.push({ pointer: "/inputs", expected: `${rest} bytes less of binary data` });
  }
  const asked = readOutputs(outputs, isFields(parameters) ? parameters : {}, errors);
  if (errors.length > 0) throw invalid(errors);
  return {
    ...(id !== undefined && { id: id as string }),
    inputs: tensors,
    ...(asked && { outputs: asked }),
    parameters: (parameters ?? {}) as Fields,
  };
}

function readTensors(
  inputs: unknown,
  binary: Uint8Array,
  errors: FieldError[],
): { readonly tensors: Tensor[]; readonly rest: number } {
  if (!Array.isArray(inputs)) {
    errors.push({ pointer: "/inputs", expected: "a list of tensors" });
    return { tensors: [], rest: 0 };
  }
  const tensors: Tensor[] = [];
  let at = 0;
  inputs.forEach((input: unknown, i) => {
    const size = binarySize(input);
    const tensor = size === undefined
      ? readTensor(input)
      : readBinary(input as Fields, binary.subarray(at, at + size), size);
    at += size ?? 0;
    if ("expected" in tensor) errors.push({ pointer: `/inputs/${i}`, expected: tensor.expected });
    else tensors.push(tensor);
  });
  return { tensors, rest: binary.length - at };
}

function binarySize(input: unknown): number | undefined {
  const parameters = isFields(input) && isFields(input.parameters) ? input.parameters : {};
  const size = parameters.binary_data_size;
  return Number.isSafeInteger(size) && (size as number) >= 0 ? size as number : undefined;
}

function readBinary(input: Fields, bytes: Uint8Array, size: number): Tensor | TensorFault {
  const { name, datatype, shape } = input;
  const { binary_data_size: _, ...parameters } = input.parameters as Fields;
  if (
    typeof name !== "string" || name === "" || !isShape(shape) ||
    !DATATYPES.includes(datatype as Datatype)
  ) {
    // Says which of them it is.
    return readTensor({ ...input, data: [] });
  }
  const data = decodeElements(datatype as Datatype, bytes, sizeOf(shape));
  if (!data) {
    return { expected: `${name}: ${sizeOf(shape)} elements of ${datatype} in ${size} bytes` };
  }
  return { name, datatype: datatype as Datatype, shape, data, parameters };
}

function readOutputs(
  outputs: unknown,
  { binary_data_output: all }: Fields,
  errors: FieldError[],
): AskedOutput[] | undefined {
  if (outputs === undefined) return undefined;
  if (!Array.isArray(outputs)) {
    errors.push({ pointer: "/outputs", expected: "a list of outputs" });
    return undefined;
  }
  return outputs.flatMap((output: unknown, i): AskedOutput[] => {
    if (isFields(output) && typeof output.name === "string") {
      const { binary_data: own } = isFields(output.parameters) ? output.parameters : {};
      return [{ name: output.name, binary: (own ?? all) === true }];
    }
    errors.push({ pointer: `/outputs/${i}`, expected: "an output {name}" });
    return [];
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(errors: FieldError[]): Problem {
  return new Problem("invalid-request", { detail: countOf(errors), errors });
}
