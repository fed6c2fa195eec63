/**
 * Versions as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { MAX_CACHE_TTL_SECONDS } from "../../registry/cache_check.ts";
import type { Model, Version } from "../../registry/model.ts";
import { LifecycleSchema, lifecycleToWire } from "./lifecycle.ts";
import { name, prose, TagsSchema } from "./names.ts";
import { pageOf } from "./page.ts";

export const JsonSchemaSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())], {
  error: "a JSON Schema: an object or a boolean",
}).openapi("JsonSchema", {
  description: "A JSON Schema (draft 2020-12).",
  example: {
    type: "object",
    properties: { smiles: { type: "string" } },
    required: ["smiles"],
    additionalProperties: false,
  },
});

const BackendSchema = z.looseObject({
  kind: z.string().min(1).max(63).openapi({ description: "Which adapter.", example: "http" }),
}).openapi("BackendReference", {
  description: "Which backend computes the version, and that backend's own settings. " +
    "Readers who may not edit the model see its kind alone.",
  example: { kind: "http", url: "https://models.example/esol" },
});

const ResourcesSchema = z.strictObject({
  cpu: z.number().positive("more than 0").max(10_000).optional().openapi({
    description: "Processors, also parts of one; 1 where it is not set.",
    example: 2,
  }),
  memory: z.string().max(20).optional().openapi({
    description: "As Kubernetes writes it.",
    example: "512Mi",
  }),
  gpu: z.number().min(0).max(10_000).optional().openapi({
    description: "Graphics processors; none where it is not set.",
    example: 1,
  }),
}).openapi("Resources", {
  description: "What one attempt takes of a machine while it runs.",
  example: { cpu: 2, memory: "512Mi" },
});

const price = (description: string, example: number) =>
  z.number().min(0).max(1_000_000).optional().openapi({ description, example });

const PricesSchema = z.strictObject({
  perCpuSecond: price("For each second of each processor.", 0.00001),
  perGpuSecond: price("For each second of each graphics processor.", 0.0005),
  perCall: price("For each job that completes.", 0.001),
}).openapi("Prices", {
  description: "What a version costs, in the operator's currency; nothing where it is not set.",
  example: { perCpuSecond: 0.00001 },
});

const CacheSchema = z.strictObject({
  ttlSeconds: z.number().min(1).max(MAX_CACHE_TTL_SECONDS).openapi({
    description: "How long a result is given again after it was computed.",
    example: 86_400,
  }),
}).openapi("CacheSettings", {
  description: "That results are kept for equal inputs; for a deterministic version only.",
  example: { ttlSeconds: 86_400 },
});

const repeats = {
  deterministic: z.boolean().optional().openapi({
    description: "True if equal inputs always give equal results.",
  }),
  cache: CacheSchema.optional(),
};

export const NewVersionSchema = z.strictObject({
  version: name("Its name; unique within the model, without regard to case.", "1.0"),
  backend: BackendSchema,
  inputSchema: JsonSchemaSchema,
  outputSchema: JsonSchemaSchema.optional(),
  documentation: prose(200_000).optional().openapi({ description: "Markdown." }),
  source: prose(4_000).optional().openapi({
    description: "Where the model comes from: a paper, a repository.",
  }),
  units: prose(100).optional().openapi({ description: "The unit of the output's `value`." }),
  resources: ResourcesSchema.optional(),
  prices: PricesSchema.optional(),
  ...repeats,
  tags: TagsSchema.optional(),
  example: z.unknown().optional().openapi({ description: "A sample input." }),
}).openapi("NewVersion", {
  description: "What is handed in to add a version.",
  example: {
    version: "1.1",
    backend: { kind: "echo" },
    inputSchema: { type: "object" },
    example: { smiles: "CCO" },
  },
});

export const VersionSchema = z.object({
  model: z.string().openapi({ example: "esol" }),
  version: z.string().openapi({ example: "1.0" }),
  ordinal: z.int().openapi({
    description: "1 for a model's first version; the latest has the highest.",
  }),
  isDefault: z.boolean().openapi({ description: "True if it answers when none is named." }),
  backend: BackendSchema,
  inputSchema: JsonSchemaSchema,
  outputSchema: JsonSchemaSchema.optional(),
  documentation: z.string().optional(),
  source: z.string().optional(),
  units: z.string().optional(),
  resources: ResourcesSchema.optional(),
  prices: PricesSchema.optional(),
  ...repeats,
  tags: z.array(z.string()),
  example: z.unknown().optional(),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  lifecycle: LifecycleSchema.optional(),
}).openapi("Version", {
  description: "One version of a model: immutable but for its lifecycle.",
  example: {
    model: "esol",
    version: "1.0",
    ordinal: 1,
    isDefault: true,
    backend: { kind: "chemistry", model: "esol" },
    inputSchema: { type: "object", properties: { smiles: { type: "string" } } },
    tags: [],
    createdAt: "2026-11-20T10:00:00.000Z",
    createdBy: "user:ada",
  },
});

export const VersionPageSchema = pageOf("VersionPage", VersionSchema);

/** Writes a version. A backend's settings may hold addresses and secrets: they are for editors. */
export function versionToWire(
  model: Model,
  version: Version,
  isDefault: boolean,
  forEditor: boolean,
  now: number,
): z.infer<typeof VersionSchema> {
  const { createdAt, inputSchema, outputSchema, tags, backend, lifecycle, ...rest } = version;
  return {
    ...rest,
    model: model.name,
    isDefault,
    backend: forEditor ? backend : { kind: backend.kind },
    inputSchema: inputSchema as boolean,
    ...(outputSchema !== undefined && { outputSchema: outputSchema as boolean }),
    tags: [...tags],
    createdAt: new Date(createdAt).toISOString(),
    ...(lifecycle && { lifecycle: lifecycleToWire(lifecycle, now) }),
  };
}
