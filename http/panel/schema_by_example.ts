/**
 * A JSON Schema that an example satisfies, as a start for a model's input schema.
 *
 * @module
 */

const MAX_LEVELS = 20;

/** Answers a schema by the shape of a value: its fields are required, and there are no others. */
export function schemaByExample(value: unknown, level = 0): Record<string, unknown> {
  if (level > MAX_LEVELS) return {};
  if (value === null) return {};
  if (Array.isArray(value)) {
    return value.length === 0
      ? { type: "array" }
      : { type: "array", items: schemaByExample(value[0], level + 1) };
  }
  switch (typeof value) {
    case "string":
      return { type: "string", minLength: 1 };
    // Whole numbers in an example do not mean that fractions are wrong.
    case "number":
      return { type: "number" };
    case "boolean":
      return { type: "boolean" };
    case "object": {
      const entries = Object.entries(value);
      return {
        type: "object",
        properties: Object.fromEntries(
          entries.map(([name, inner]) => [name, schemaByExample(inner, level + 1)]),
        ),
        required: entries.map(([name]) => name),
        additionalProperties: false,
      };
    }
    default:
      return {};
  }
}
