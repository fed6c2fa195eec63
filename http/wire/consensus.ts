/**
 * Consensus models as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { consensusOf } from "../../actors/consensus/consensus_model.ts";
import { SCHEMES } from "../../consensus/spec.ts";
import { redactSpec, specToDocument, specToYaml } from "../../consensus/spec_text.ts";
import type { Catalog } from "../../registry/catalog.ts";
import type { Model, Version } from "../../registry/model.ts";
import { JsonSchemaSchema } from "./version.ts";
import { name } from "./names.ts";
import { JobErrorSchema } from "./problem.ts";

/** The media types that a spec comes in; a JSON text is YAML too. */
export const SPEC_TYPES: readonly string[] = [
  "application/json",
  "application/yaml",
  "application/x-yaml",
  "text/yaml",
  "text/x-yaml",
];

const ValueSchema = z.union([z.number(), z.string(), z.boolean()]);

const ChildSpecSchema = z.union([
  z.string(),
  z.object({
    model: z.string().optional().openapi({
      description: "A registered model; not shown to those who may not read it.",
      example: "esol",
    }),
    backend: z.string().optional().openapi({ description: "The backend that it must run on." }),
    version: z.string().optional(),
    alias: z.string().optional(),
    weight: z.number().optional(),
    offset: z.number().optional(),
    required: z.boolean().optional(),
    timeoutSeconds: z.number().positive().optional(),
    input: z.record(z.string(), z.unknown()).optional().openapi({
      description: "The child's input by field: a field of the consensus input, or `{value}`.",
    }),
    output: z.string().optional().openapi({
      description: "The field of the child's output that is its value; `value` by default.",
    }),
  }),
]);

const EXAMPLE_SPEC = {
  name: "agreed-logs",
  units: "log10 (mol/l)",
  children: { delaney: "esol", ocl: { model: "ocl-logs", weight: 2 } },
  scheme: "weighted_mean",
  disagreement: { measure: "range", threshold: 1 },
};

export const ConsensusSpecSchema = z.object({
  name: name("Name of the consensus model.", "agreed-logs"),
  version: z.string().optional().openapi({ description: "The next number by default." }),
  description: z.string().optional(),
  units: z.string().optional(),
  source: z.string().optional(),
  documentation: z.string().optional(),
  visibility: z.enum(["private", "public"]).optional(),
  tags: z.array(z.string()).optional(),
  inputSchema: JsonSchemaSchema.optional(),
  example: z.unknown().optional(),
  children: z.record(z.string(), ChildSpecSchema).openapi({
    description: "By key, which is the child's variable in formulas: a model's name, or more.",
    example: EXAMPLE_SPEC.children,
  }),
  formula: z.string().optional(),
  scheme: z.enum(SCHEMES).optional().openapi({ description: "Either this or a formula." }),
  trim: z.number().optional().openapi({ description: "Cut from each end by trimmed_mean." }),
  fallback: ValueSchema.optional(),
  outputs: z.record(z.string(), z.unknown()).optional().openapi({
    description: "Further outputs by name, each a formula or `{formula | scheme, fallback}`.",
  }),
  quorum: z.int().min(1).optional().openapi({ description: "Children that must have answered." }),
  reweight: z.boolean().optional(),
  deadlineSeconds: z.number().positive().optional(),
  disagreement: z.unknown().optional().openapi({
    description: "When the children are said to disagree: a range, or `{measure, threshold}`.",
  }),
}).openapi("ConsensusSpec", {
  description: "A consensus model. The form of the paper is taken too: its name as the only key, " +
    "with CHILDMODELS (each with BACKEND and NAME) and FORMULA.",
  example: EXAMPLE_SPEC,
});

const ChildSchema = z.object({
  child: z.string().openapi({ description: "Its key.", example: "delaney" }),
  model: z.string().optional().openapi({
    description: "Not there for a model that the caller may not read.",
    example: "esol",
  }),
  version: z.string().optional().openapi({ description: "The version that answers now." }),
  backend: z.string().optional().openapi({ description: "The kind of backend of that version." }),
  weight: z.number(),
  offset: z.number(),
  required: z.boolean(),
}).openapi("ConsensusChild", { description: "A child, and what it would run now." });

const fields = {
  model: z.string(),
  version: z.string(),
  revision: z.string().openapi({
    description: "Names the rules: equal for versions that compute the same.",
  }),
  spec: ConsensusSpecSchema,
  yaml: z.string().openapi({
    description: "The spec as YAML: as it was sent, where all is shown.",
  }),
  children: z.array(ChildSchema),
  inputSchema: JsonSchemaSchema,
  units: z.string().optional(),
  documentation: z.string().optional(),
  example: z.unknown().optional().openapi({ description: "A sample input." }),
};

const EXAMPLE = {
  model: "agreed-logs",
  version: "1",
  revision: "9f2c".repeat(16),
  spec: EXAMPLE_SPEC,
  yaml: "name: agreed-logs\nchildren: {delaney: esol, ocl: {model: ocl-logs, weight: 2}}\n" +
    "scheme: weighted_mean\n",
  children: [
    {
      child: "delaney",
      model: "esol",
      version: "1.0",
      backend: "chemistry",
      weight: 1,
      offset: 0,
      required: true,
    },
  ],
  inputSchema: { type: "object" },
} as const;

export const ConsensusSchema = z.object({
  ...fields,
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
}).openapi("Consensus", {
  description: "A version of a consensus model, as far as the caller may know of its children.",
  example: { ...EXAMPLE, createdAt: "2026-11-20T10:00:00.000Z", createdBy: "user:ada" },
});

const SampleSchema = z.object({
  input: z.unknown(),
  status: z.enum(["completed", "failed"]),
  trace: z.record(z.string(), z.unknown()).optional().openapi({
    description: "The answer: value, spread, and every child with its version, value and time.",
  }),
  error: JobErrorSchema.optional(),
});

export const VerifiedConsensusSchema = z.object({
  valid: z.boolean().openapi({
    description: "True if it may be registered and its sample, where there is one, was computed.",
  }),
  ...fields,
  sample: SampleSchema.optional().openapi({
    description: "The run on a sample; not there without a sample input.",
  }),
}).openapi("VerifiedConsensus", {
  description: "A consensus that could be registered, and a run of it.",
  example: {
    valid: true,
    ...EXAMPLE,
    sample: { input: { smiles: "CCO" }, status: "completed", trace: { value: 1.1 } },
  },
});

/** What both answers show of a version, without the children that are hidden. */
export function consensusToWire(
  catalog: Pick<Catalog, "resolve">,
  model: Pick<Model, "name">,
  version: Pick<
    Version,
    "version" | "backend" | "inputSchema" | "units" | "documentation" | "example"
  >,
  hidden: ReadonlySet<string>,
): Omit<z.infer<typeof ConsensusSchema>, "createdAt" | "createdBy"> {
  const { spec, revision } = consensusOf(version)!;
  const shown = redactSpec(spec, hidden);
  const { units, documentation, example, inputSchema, backend } = version;
  return {
    model: model.name,
    version: version.version,
    revision,
    spec: specToDocument(shown) as z.infer<typeof ConsensusSpecSchema>,
    yaml: hidden.size === 0 ? String(backend.document) : specToYaml(shown),
    children: spec.children.map((child) => {
      const { key, weight, offset, required } = child;
      const rest = { weight, offset, required };
      if (hidden.has(key)) return { child: key, ...rest };
      const found = catalog.resolve(child.model, child.version ?? child.alias);
      return {
        child: key,
        model: found?.model.name ?? child.model,
        ...(found && { version: found.version.version, backend: found.version.backend.kind }),
        ...rest,
      };
    }),
    inputSchema: inputSchema as boolean,
    ...(units !== undefined && { units }),
    ...(documentation !== undefined && { documentation }),
    ...(example !== undefined && { example }),
  };
}
