/**
 * The Open Inference Protocol v2 over REST, as far as the OpenAPI document is concerned.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { DATATYPES } from "../../actors/open_inference/element.ts";
import type { Layout } from "../../actors/open_inference/layout.ts";

const datatype = z.enum(DATATYPES);
const parameters = z.record(z.string(), z.unknown());
const EXAMPLE_INPUT = { name: "smiles", datatype: "BYTES", shape: [1], data: ["CCO"] } as const;

export const OpenInferenceErrorSchema = z.object({
  error: z.string().openapi({ description: "What went wrong, in words." }),
}).openapi("OpenInferenceError", {
  description: "What went wrong, as the Open Inference Protocol has it.",
  example: { error: 'Not found: there is no model "esol"; model: an existing model' },
});

export const ServerMetadataSchema = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
}).openapi("ServerMetadata", {
  description: "What serves the protocol.",
  example: { name: "model-gateway", version: "0.1.0", extensions: ["binary_tensor_data"] },
});

export const ServerLiveSchema = z.object({ live: z.boolean() }).openapi("ServerLive", {
  example: { live: true },
});

export const ServerReadySchema = z.object({ ready: z.boolean() }).openapi("ServerReady", {
  example: { ready: true },
});

export const ModelReadySchema = z.object({ name: z.string(), ready: z.boolean() }).openapi(
  "ModelReady",
  { example: { name: "esol", ready: true } },
);

const MetadataTensorSchema = z.object({
  name: z.string(),
  datatype,
  shape: z.array(z.int()).openapi({ description: "The batch first; -1 for any length." }),
  parameters: parameters.optional().openapi({
    description: "`content_type: json` where each element is the text of a JSON value; " +
      "`optional: true` for an input that may be left out.",
  }),
}).openapi("MetadataTensor", {
  description: "A tensor of a model.",
  example: { name: "smiles", datatype: "BYTES", shape: [-1] },
});

export const ModelMetadataSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(MetadataTensorSchema),
  outputs: z.array(MetadataTensorSchema),
}).openapi("ModelMetadata", {
  description: "What a model takes and what it answers, as tensors.",
  example: {
    name: "esol",
    versions: ["1.0"],
    platform: "model-gateway",
    inputs: [{ name: "smiles", datatype: "BYTES", shape: [-1] }],
    outputs: [{ name: "value", datatype: "FP64", shape: [-1] }],
  },
});

const TensorSchema = z.object({
  name: z.string(),
  datatype,
  shape: z.array(z.int().min(0)).max(8),
  data: z.array(z.unknown()).optional().openapi({
    description: "Flat or nested; not there where binary data is.",
  }),
  parameters: parameters.optional(),
}).openapi("Tensor", {
  description: "A tensor with its data.",
  example: { ...EXAMPLE_INPUT, shape: [1], data: ["CCO"] },
});

export const InferRequestSchema = z.object({
  id: z.string().max(1000).optional(),
  inputs: z.array(TensorSchema),
  outputs: z.array(z.object({ name: z.string(), parameters: parameters.optional() })).optional()
    .openapi({ description: "Which outputs to answer; all where it is not set." }),
  parameters: parameters.optional().openapi({
    description: "`lane`, `maxAttempts`, `runTimeoutSeconds`, `queueTimeoutSeconds` and " +
      "`retentionSeconds` are settings of the jobs; others are not looked at.",
  }),
}).openapi("InferRequest", {
  description: "A batch of inputs.",
  example: { inputs: [{ ...EXAMPLE_INPUT, shape: [1], data: ["CCO"] }] },
});

export const InferResponseSchema = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  parameters: parameters.openapi({ description: "`jobs`: ids of the jobs, comma-separated." }),
  outputs: z.array(TensorSchema),
}).openapi("InferResponse", {
  description: "The outputs of a batch.",
  example: {
    model_name: "esol",
    model_version: "1.0",
    parameters: { jobs: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0" },
    outputs: [{ name: "value", datatype: "FP64", shape: [1], data: [-0.77] }],
  },
});

/** Writes the tensors of a layout. */
export function layoutToWire({ tensors }: Layout): z.infer<typeof MetadataTensorSchema>[] {
  return tensors.map(({ name, datatype, dimensions, json, required }) => {
    const parameters = {
      ...(json && { content_type: "json" }),
      ...(!required && { optional: true }),
    };
    return {
      name,
      datatype,
      shape: [-1, ...dimensions],
      ...(Object.keys(parameters).length > 0 && { parameters }),
    };
  });
}
