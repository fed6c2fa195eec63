/**
 * JSON Schemas (draft 2020-12) as validators that say where a value is at fault.
 *
 * @module
 */
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

/** Compiles a schema. Throws {@link SchemaError}. */
export function compileSchema(schema: JsonSchema): Validator {
  throw new Error(`being written: ${schema}`);
}
