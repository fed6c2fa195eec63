/**
 * Writes what came of an inference request: as JSON, with the outputs that are asked for so as
 * binary tensor data behind it.
 *
 * @module
 */
import { encodeElements } from "../../actors/open_inference/binary.ts";
import type { AnswerTensor } from "../../actors/open_inference/to_tensors.ts";
import type { Inferred } from "./infer.ts";
import { type InferRequest, JSON_LENGTH } from "./request.ts";

const encoder = new TextEncoder();

/** Answers the response. */
export function inferResponse(inferred: Inferred, asked: InferRequest): Response {
  const { model, version, jobs, outputs, headers } = inferred;
  const binary: Uint8Array<ArrayBuffer>[] = [];
  const written = outputs.map((tensor) => {
    const { data, ...rest } = tensor;
    if (!isBinary(tensor, asked)) return { ...rest, data };
    const bytes = encodeElements(tensor.datatype, data);
    binary.push(bytes);
    return { ...rest, parameters: { ...rest.parameters, binary_data_size: bytes.length } };
  });
  const text = JSON.stringify({
    model_name: model,
    model_version: version,
    ...(asked.id !== undefined && { id: asked.id }),
    // Parameters are scalars; the ids find the records of the jobs.
    parameters: { jobs: jobs.join(",") },
    outputs: written,
  });
  if (binary.length === 0) {
    return new Response(text, { headers: { ...headers, "content-type": "application/json" } });
  }
  const json = encoder.encode(text);
  return new Response(new Blob([json, ...binary]), {
    headers: {
      ...headers,
      "content-type": "application/octet-stream",
      [JSON_LENGTH]: String(json.length),
    },
  });
}

function isBinary({ name }: AnswerTensor, { outputs, parameters }: InferRequest): boolean {
  const asked = outputs?.find((output) => output.name === name);
  return asked ? asked.binary : parameters.binary_data_output === true;
}
