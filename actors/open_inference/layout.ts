/**
 * Which tensors stand for the values of a JSON Schema. Pure.
 *
 * The first dimension of each tensor is the batch. An object's properties are tensors of their
 * names; any other value is one tensor. What a tensor cannot hold, such as an object or something
 * that may be null, is BYTES whose elements are JSON texts.
 *
 * @module
 */
import type { JsonSchema } from "../../registry/model.ts";

/** The datatypes that a schema leads to. */
export type SchemaDatatype = "BYTES" | "FP64" | "INT64" | "BOOL";

/** One tensor. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: SchemaDatatype;
  /** Dimensions of one row; -1 for any length. */
  readonly dimensions: readonly number[];
  /** True if each element is the text of a JSON value. */
  readonly json: boolean;
  /** False if a value may lack it. */
  readonly required: boolean;
}

export interface Layout {
  /** `many`: each row of the batch is a value. `one`: the whole batch is one value, a list. */
  readonly values: "many" | "one";
  /** False if the one tensor is the row itself, not a field of it. */
  readonly fields: boolean;
  readonly tensors: readonly TensorSpec[];
  /** True if rows may have fields that the schema does not name. */
  readonly open: boolean;
}

type ObjectSchema = Exclude<JsonSchema, boolean>;

const COMBINED = ["$ref", "$dynamicRef", "anyOf", "oneOf", "allOf", "not", "if"];

/** Answers the tensors of a schema; `whole` names the one tensor of values that are no objects. */
export function layoutOf(schema: JsonSchema | undefined, whole: "input" | "output"): Layout {
  const rows = typeof schema === "object" ? fieldsOf(schema) : undefined;
  if (rows) return { ...rows, values: "many" };
  const items = typeof schema === "object" && isPlain(schema) && schema.type === "array"
    ? schema.items as JsonSchema | undefined
    : undefined;
  const listed = typeof items === "object" ? fieldsOf(items) : undefined;
  if (listed) return { ...listed, values: "one" };
  return { values: "many", fields: false, open: false, tensors: [specOf(whole, schema, true)] };
}

type Fields = Pick<Layout, "fields" | "tensors" | "open">;

function fieldsOf(schema: ObjectSchema): Fields | undefined {
  const { type, properties, required = [], additionalProperties, allOf } = schema;
  if (properties === undefined && Array.isArray(allOf)) return fieldsOfAll(allOf);
  if (typeof properties !== "object" || properties === null) return undefined;
  // What may be a list of rows too, as a consensus takes it, is asked for row by row.
  const mayBeObject = Array.isArray(type) ? type.includes("object") : type === "object";
  if (type !== undefined && !mayBeObject) return undefined;
  const entries = Object.entries(properties as Record<string, JsonSchema>);
  if (entries.length === 0) return undefined;
  const needed = new Set(Array.isArray(required) ? required : []);
  return {
    fields: true,
    tensors: entries.map(([name, property]) => specOf(name, property, needed.has(name))),
    open: additionalProperties !== false,
  };
}

/** The fields of a value that keeps to several schemas at once. */
function fieldsOfAll(schemas: readonly JsonSchema[]): Fields | undefined {
  const all = schemas.map((schema) => typeof schema === "object" ? fieldsOf(schema) : undefined);
  const known = all.filter((fields) => fields !== undefined);
  if (known.length === 0 || known.length < all.length) return undefined;
  const tensors = new Map<string, TensorSpec>();
  for (const spec of known.flatMap((fields) => fields.tensors)) {
    const before = tensors.get(spec.name);
    const required = spec.required || before?.required === true;
    const same = before === undefined || before.datatype === spec.datatype &&
        before.json === spec.json && `${before.dimensions}` === `${spec.dimensions}`;
    const typed = same ? spec : { ...spec, datatype: "BYTES" as const, dimensions: [], json: true };
    tensors.set(spec.name, { ...typed, required });
  }
  return { fields: true, tensors: [...tensors.values()], open: known.every(({ open }) => open) };
}

function specOf(name: string, schema: JsonSchema | undefined, required: boolean): TensorSpec {
  const element = schema === undefined ? undefined : elementOf(schema);
  const typed = element ?? { datatype: "BYTES" as const, dimensions: [] };
  return { name, ...typed, json: element === undefined, required };
}

function elementOf(
  schema: JsonSchema,
): Pick<TensorSpec, "datatype" | "dimensions"> | undefined {
  if (typeof schema === "boolean" || !isPlain(schema)) return undefined;
  switch (schema.type) {
    case "string":
      return { datatype: "BYTES", dimensions: [] };
    case "number":
      return { datatype: "FP64", dimensions: [] };
    case "integer":
      return { datatype: "INT64", dimensions: [] };
    case "boolean":
      return { datatype: "BOOL", dimensions: [] };
    case "array": {
      const { items, prefixItems, minItems, maxItems } = schema;
      if (items === undefined || prefixItems !== undefined) return undefined;
      const inner = elementOf(items as JsonSchema);
      const length = minItems === maxItems && typeof minItems === "number" ? minItems : -1;
      return inner && { ...inner, dimensions: [length, ...inner.dimensions] };
    }
    default:
      return undefined;
  }
}

/** True if nothing in the schema but its type says what its values are. */
function isPlain(schema: ObjectSchema): boolean {
  return !COMBINED.some((keyword) => keyword in schema);
}
