/**
 * A tool that an agent may call: through the Model Context Protocol, or in the chat.
 *
 * @module
 */
import { getOpenApiMetadata } from "@asteasolutions/zod-to-openapi";
import { z } from "@hono/zod-openapi";
import type { Scope } from "../../registry/scope.ts";
import type { ToolCaller } from "./caller.ts";

/** Hints for whoever shows a tool; nothing relies on them. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** A tool with its arguments and its answer as zod schemas. */
export interface AgentTool<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
> {
  readonly name: string;
  readonly title: string;
  /** Written for a model to choose by. */
  readonly description: string;
  readonly input: I;
  readonly output: O;
  /** The model that it runs, for a tool of one. */
  readonly model?: string;
  /** JSON Schemas, where the zod schemas say less: those of a version. */
  readonly inputSchema?: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  /** What a key has to be good for to be offered the tool; the API decides each call itself. */
  readonly scope: Scope;
  readonly annotations: ToolAnnotations;
  /** Throws ApiRefusal and Problem for what is refused. */
  run(caller: ToolCaller, args: z.infer<I>): Promise<z.infer<O>>;
}

/** Keeps the types of a tool's arguments while it is written. */
export function defineTool<I extends z.ZodType, O extends z.ZodType>(
  tool: AgentTool<I, O>,
): AgentTool {
  return tool as unknown as AgentTool;
}

/** Looks at things, and changes none. */
export const READS: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Adds something, and takes nothing away. */
export const ADDS: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: false,
};

/** Changes or ends what is there; once or twice is the same. */
export const CHANGES: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: false,
};

const schemas = new WeakMap<z.ZodType, Readonly<Record<string, unknown>>>();

/** Answers the JSON Schema (draft 2020-12) of what a tool takes. */
export function inputSchemaOf(
  { input, inputSchema }: AgentTool,
): Readonly<Record<string, unknown>> {
  return inputSchema ?? jsonSchemaOf(input, "input");
}

/** Answers the JSON Schema (draft 2020-12) of what a tool answers. */
export function outputSchemaOf(
  { output, outputSchema }: AgentTool,
): Readonly<Record<string, unknown>> {
  return outputSchema ?? jsonSchemaOf(output, "output");
}

function jsonSchemaOf(
  schema: z.ZodType,
  io: "input" | "output",
): Readonly<Record<string, unknown>> {
  let known = schemas.get(schema);
  if (!known) {
    const override = io === "input" ? withWords : withoutBounds;
    known = z.toJSONSchema(schema, {
      io,
      unrepresentable: "any",
      reused: "inline",
      override,
    }) as Readonly<Record<string, unknown>>;
    schemas.set(schema, known);
  }
  return known;
}

interface Written {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}

/** What the API's document says of a field, an agent is told too. */
function withWords({ zodSchema, jsonSchema }: Written): void {
  const { description } = getOpenApiMetadata(zodSchema as unknown as z.ZodType);
  if (description !== undefined) jsonSchema.description ??= description;
}

/**
 * An answer may have more in it tomorrow: whoever checks it is not to stumble over that. Patterns of
 * what has a format, and the bounds of whole numbers, are long and say nothing.
 */
function withoutBounds({ jsonSchema }: Written): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
