/**
 * Forms out of input schemas, and inputs out of what was filled in.
 *
 * @module
 */
import type { JsonSchema } from "../../registry/model.ts";

/** One field of a form. `json` takes any JSON text. */
export interface SchemaField {
  readonly name: string;
  readonly kind: "text" | "molecule" | "number" | "integer" | "boolean" | "choice" | "json";
  readonly label: string;
  readonly description?: string;
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** What it holds at first, as text. */
  readonly initial: string;
}

/** The name of the one field of a schema that is not an object of known properties. */
export const WHOLE = "";
const MAX_FIELDS = 40;

type Properties = Readonly<Record<string, unknown>>;

/** Answers a field for each property of an object; one for the whole where that cannot be. */
export function fieldsOf(schema: JsonSchema, example: unknown): SchemaField[] {
  const properties = propertiesOf(schema);
  const names = Object.keys(properties ?? {});
  if (!properties || names.length === 0 || names.length > MAX_FIELDS) {
    const initial = JSON.stringify(example ?? {}, null, 2);
    return [{ name: WHOLE, kind: "json", label: "Input (JSON)", required: true, initial }];
  }
  const required = (schema as { required?: readonly string[] }).required ?? [];
  const values = isObject(example) ? example : {};
  return names.map((name) =>
    fieldOf(name, properties[name], required.includes(name), values[name])
  );
}

/** Answers the input that the fields make; a text that is no JSON where JSON is due stays text. */
export function inputOf(
  fields: readonly SchemaField[],
  filled: (name: string) => string | undefined,
): unknown {
  const whole = fields.find(({ name }) => name === WHOLE);
  if (whole) return parsed(filled(WHOLE) ?? "");
  const entries = fields.flatMap((field): [string, unknown][] => {
    const text = filled(field.name);
    if (field.kind === "boolean") return [[field.name, text === "on"]];
    if (text === undefined || text === "") return [];
    return [[field.name, valueOf(field, text)]];
  });
  return Object.fromEntries(entries);
}

function valueOf({ kind, choices }: SchemaField, text: string): unknown {
  switch (kind) {
    case "text":
    case "molecule":
      return text;
    case "number":
    case "integer":
      return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
    case "choice":
      return choices?.includes(text) ? JSON.parse(text) : text;
    case "boolean":
      return text === "on";
    case "json":
      return parsed(text);
  }
}

function fieldOf(name: string, schema: unknown, required: boolean, value: unknown): SchemaField {
  const rules = isObject(schema) ? schema : {};
  const text = (of: unknown) => typeof of === "string" ? of : undefined;
  const number = (of: unknown) => typeof of === "number" ? of : undefined;
  const kind = kindOf(name, rules);
  const first = value ?? rules.default;
  const description = text(rules.description);
  const [minimum, maximum] = [number(rules.minimum), number(rules.maximum)];
  return {
    name,
    kind,
    label: text(rules.title) ?? name,
    required,
    initial: initialText(kind, first),
    ...(description !== undefined && { description }),
    ...(kind === "choice" && { choices: choicesOf(rules).map((one) => JSON.stringify(one)) }),
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
  };
}

function kindOf(name: string, rules: Properties): SchemaField["kind"] {
  if (choicesOf(rules).length > 0) return "choice";
  switch (rules.type) {
    case "string":
      return isMolecule(name, rules) ? "molecule" : "text";
    case "number":
    case "integer":
    case "boolean":
      return rules.type;
    default:
      return "json";
  }
}

/** True for a text that is a molecule, by its name or by what the schema calls it. */
export function isMolecule(name: string, { format, contentMediaType }: Properties): boolean {
  return /smiles/i.test(name) || format === "smiles" ||
    contentMediaType === "chemical/x-daylight-smiles";
}

function choicesOf(rules: Properties): readonly unknown[] {
  if (Array.isArray(rules.enum)) return rules.enum;
  return "const" in rules ? [rules.const] : [];
}

function initialText(kind: SchemaField["kind"], value: unknown): string {
  if (value === undefined) return "";
  if (kind === "choice") return JSON.stringify(value);
  return typeof value === "string" && kind !== "json" ? value : JSON.stringify(value, null, 2);
}

function propertiesOf(schema: JsonSchema): Properties | undefined {
  if (typeof schema === "boolean") return undefined;
  return isObject(schema.properties) ? schema.properties : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
