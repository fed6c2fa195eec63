/**
 * JSON Schemas (draft 2020-12) as validators that say where a value is at fault.
 *
 * @module
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { linearPattern } from "./linear_pattern.ts";
import type { JsonSchema } from "./model.ts";

/** The schema itself is not a valid JSON Schema, or is larger than is taken. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";

  /** `pointer` leads into the schema; `expected` says what should be there. */
  constructor(readonly pointer: string, readonly expected: string, options?: ErrorOptions) {
    super(`${pointer || "/"}: expected ${expected}`, options);
  }
}

/** One way in which a value breaks a schema. */
export interface SchemaViolation {
  /** JSON Pointer into the value, such as `/smiles`. */
  readonly pointer: string;
  readonly expected: string;
}

/** Checks a value; answers nothing for a valid one. */
export type Validator = (value: unknown) => SchemaViolation[];

/** The longest schema that is taken, in characters of JSON. */
export const MAX_SCHEMA_LENGTH = 256 * 1024;
/** The deepest nesting that is taken. */
export const MAX_SCHEMA_DEPTH = 64;

const DRAFT = "https://json-schema.org/draft/2020-12/schema";
const MAX_VIOLATIONS = 50;
// Listing every violation of a larger value could take a thousand times the value's own memory.
const MAX_NODES_FOR_ALL = 2_000;
const PATTERN_RULE =
  "a regular expression as RE2 takes it: without look-around and back-references";
const NO_VIOLATIONS: SchemaViolation[] = [];
const ENDLESS: SchemaViolation[] = [
  { pointer: "", expected: "another schema: its references lead in circles without end" },
];

/**
 * Compiles a schema to a validator that lists every violation of a small value and the first one of
 * a large value. References are resolved within the schema only. Throws {@link SchemaError}.
 */
export function compileSchema(schema: JsonSchema): Validator {
  checkSchema(schema);
  const valid = compile(schema, false);
  let all: ValidateFunction | undefined;
  const check: Validator = (value) => {
    if (valid(value)) return NO_VIOLATIONS;
    let errors = valid.errors ?? [];
    if (countNodes(value, MAX_NODES_FOR_ALL) < MAX_NODES_FOR_ALL) {
      all ??= compile(schema, true);
      all(value);
      errors = all.errors ?? errors;
    }
    return errors.slice(0, MAX_VIOLATIONS).map(describeViolation);
  };
  return (value) => {
    try {
      return check(value);
    } catch (error) {
      // A schema such as {"$ref": "#"} leads back to itself for the same value, without end.
      if (error instanceof RangeError) return ENDLESS;
      throw error;
    }
  };
}

function checkSchema(schema: JsonSchema): void {
  if (typeof schema === "boolean") return;
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw new SchemaError("", "a JSON Schema: an object, true or false");
  }
  const deep = tooDeep(schema, MAX_SCHEMA_DEPTH, "");
  if (deep !== undefined) throw new SchemaError(deep, `at most ${MAX_SCHEMA_DEPTH} levels`);
  if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) {
    throw new SchemaError("", `at most ${MAX_SCHEMA_LENGTH} characters of JSON`);
  }
  const draft = schema["$schema"];
  if (draft !== undefined && draft !== DRAFT && draft !== `${DRAFT}#`) {
    throw new SchemaError("/$schema", `"${DRAFT}" or nothing`);
  }
  // Ajv would answer a promise, which counts as valid.
  if ("$async" in schema) throw new SchemaError("/$async", "no such field");
  const meta = metaSchema();
  if (!meta(schema)) {
    const { pointer, expected } = describeViolation(meta.errors![0]!);
    throw new SchemaError(pointer, expected);
  }
}

function compile(schema: JsonSchema, allErrors: boolean): ValidateFunction {
  // Each schema has an Ajv of its own: a shared one would resolve references between tenants by
  // their `$id`, and would keep every schema it ever saw. One costs 0.1 ms.
  const ajv = newAjv({ meta: false, validateSchema: false, allErrors });
  try {
    return ajv.compile(schema as Record<string, unknown> | boolean);
  } catch (cause) {
    if (cause instanceof Ajv2020.MissingRefError) {
      const at = pointerTo(schema, "", (key, value) => key === "$ref" && !value.startsWith("#"));
      throw new SchemaError(at ?? "", "a reference into the schema itself", { cause });
    }
    const at = pointerTo(schema, "", (key, value) => key === "pattern" && !isPattern(value));
    if (at !== undefined) throw new SchemaError(at, PATTERN_RULE, { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SchemaError("", `a schema that compiles (${reason})`, { cause });
  }
}

let metaValidate: ValidateFunction | undefined;

function metaSchema(): ValidateFunction {
  metaValidate ??= newAjv({}).getSchema(DRAFT)!;
  return metaValidate;
}

/** The engine of patterns; `code` is for validators written to files, of which there are none. */
const PATTERNS = Object.assign((source: string) => linearPattern(source), {
  code: "linearPattern",
});

function newAjv(options: { meta?: false; validateSchema?: false; allErrors?: boolean }): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, logger: false, code: { regExp: PATTERNS }, ...options });
  // The package is CommonJS; its default export is typed as the module.
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  return ajv;
}

function describeViolation(error: ErrorObject): SchemaViolation {
  const { keyword, params, instancePath, message = keyword } = error;
  switch (keyword) {
    case "required":
    case "dependentRequired":
      return { pointer: child(instancePath, params.missingProperty), expected: "a value" };
    case "additionalProperties":
      return { pointer: child(instancePath, params.additionalProperty), expected: "no such field" };
    case "unevaluatedProperties":
      return {
        pointer: child(instancePath, params.unevaluatedProperty),
        expected: "no such field",
      };
    case "type":
      return { pointer: instancePath, expected: [params.type].flat().join(" or ") };
    case "enum":
      return {
        pointer: instancePath,
        expected: `one of ${
          params.allowedValues.map((v: unknown) => JSON.stringify(v)).join(", ")
        }`,
      };
    case "const":
      return { pointer: instancePath, expected: JSON.stringify(params.allowedValue) };
    case "format":
      return { pointer: instancePath, expected: `a ${params.format}` };
    case "pattern":
      return { pointer: instancePath, expected: `text that matches ${params.pattern}` };
    case "false schema":
      return { pointer: instancePath, expected: "nothing" };
    default:
      return { pointer: instancePath, expected: message.replace(/^must (?:be )?/, "") };
  }
}

function child(pointer: string, property: string): string {
  return `${pointer}/${property.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The first text field within a schema that is sought; undefined if there is none. */
function pointerTo(
  schema: unknown,
  at: string,
  sought: (key: string, value: string) => boolean,
): string | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  for (const [key, value] of Object.entries(schema)) {
    const here = child(at, key);
    if (typeof value === "string" && sought(key, value)) return here;
    const found = pointerTo(value, here, sought);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isPattern(text: string): boolean {
  try {
    linearPattern(text);
    return true;
  } catch {
    return false;
  }
}

function tooDeep(value: unknown, levels: number, at: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (levels === 0) return at;
  for (const [key, part] of Object.entries(value)) {
    const found = tooDeep(part, levels - 1, child(at, key));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Counts the values within a value, stopping at `most`. */
function countNodes(value: unknown, most: number): number {
  if (typeof value !== "object" || value === null) return 1;
  let count = 1;
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    if (count >= most) return count;
    count += countNodes(part, most - count);
  }
  return count;
}
