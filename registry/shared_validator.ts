/**
 * One compiled check for all versions with the same schema: models of one house take the same inputs,
 * and compiling takes a hundred times as long as checking.
 *
 * @module
 */
import type { JsonSchema } from "./model.ts";
import { compileSchema, type Validator } from "./schema.ts";

/** Schemas that are remembered; when there are more, all are forgotten at once. */
const MAX_KNOWN = 2_000;
/** Larger schemas are hardly shared, and long texts to remember. */
const MAX_LENGTH = 16_384;

const known = new Map<string, Validator>();

/** Answers the check of a schema that was compiled before, or compiles it. Throws SchemaError. */
export function sharedValidator(schema: JsonSchema): Validator {
  const text = JSON.stringify(schema);
  if (text.length > MAX_LENGTH) return compileSchema(schema);
  let validator = known.get(text);
  if (!validator) {
    validator = compileSchema(schema);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, validator);
  }
  return validator;
}
