/**
 * What a JSON Schema says for certain. Keywords beside each other all hold, so each fact is taken
 * from one keyword alone; where a schema leaves something open, so does the answer.
 *
 * @module
 */

/** The types of JSON; an integer is a number. */
export type JsonType = "null" | "boolean" | "number" | "string" | "array" | "object";

/** The types that a valid value can have; undefined where the schema does not say. */
export function typesOf(schema: unknown): ReadonlySet<JsonType> | undefined {
  const { type, enum: values, const: constant } = fieldsOf(schema);
  if (type !== undefined) {
    const types = [type].flat().map((each) => each === "integer" ? "number" : each);
    return types.every(isType) ? new Set(types) : undefined;
  }
  if (Array.isArray(values)) return new Set(values.map(typeOf));
  return constant === undefined ? undefined : new Set([typeOf(constant)]);
}

const TYPES: readonly unknown[] = ["null", "boolean", "number", "string", "array", "object"];

function isType(name: unknown): name is JsonType {
  return TYPES.includes(name);
}

/** The type of a value of parsed JSON. */
export function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value as JsonType;
}

/** What the schema says of a field: its own schema, that there is none, or nothing. */
export type FieldFact =
  | { readonly kind: "schema"; readonly schema: unknown }
  | { readonly kind: "none" }
  | { readonly kind: "open" };

/** Looks a field up in the schema of a map. */
export function fieldOf(schema: unknown, name: string): FieldFact {
  const { properties, additionalProperties, patternProperties } = fieldsOf(schema);
  const known = fieldsOf(properties);
  if (Object.hasOwn(known, name)) return { kind: "schema", schema: known[name] };
  const closed = additionalProperties === false && patternProperties === undefined;
  return closed ? { kind: "none" } : { kind: "open" };
}

/** Follows a name, or a JSON Pointer, down a schema. */
export function fieldAt(schema: unknown, path: string): FieldFact {
  const names = path.startsWith("/")
    ? path.slice(1).split("/").map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"))
    : [path];
  let fact: FieldFact = { kind: "schema", schema };
  for (const name of names) {
    if (fact.kind !== "schema") return fact;
    fact = fieldOf(fact.schema, name);
  }
  return fact;
}

/** The fields that a valid map has to have. */
export function requiredOf(schema: unknown): readonly string[] {
  const { required } = fieldsOf(schema);
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}

/** The fields that the schema names. */
export function namedFieldsOf(schema: unknown): readonly string[] {
  return Object.keys(fieldsOf(fieldsOf(schema).properties));
}

/** The schema of one row, where valid values are lists and nothing else; else the schema itself. */
export function rowSchemaOf(schema: unknown): unknown {
  const types = typesOf(schema);
  if (types?.size !== 1 || !types.has("array")) return schema;
  return fieldsOf(schema).items ?? true;
}

/** True where no value can be valid for both, as far as their types go. */
export function areDisjoint(one: unknown, other: unknown): boolean {
  const [ones, others] = [typesOf(one), typesOf(other)];
  return ones !== undefined && others !== undefined && [...ones].every((type) => !others.has(type));
}

/** The keywords of a schema; none for `true` and `false`. */
export function fieldsOf(schema: unknown): Readonly<Record<string, unknown>> {
  return typeOf(schema) === "object" ? schema as Record<string, unknown> : {};
}
