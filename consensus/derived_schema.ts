/**
 * The schemas of a consensus that need not be written down: its input's from its children's, its
 * answer's from its rules.
 *
 * @module
 */
import { canonicalJson } from "./revision.ts";
import { fieldOf, fieldsOf, typeOf } from "./schema_facts.ts";
import type { ConsensusChild, ConsensusOutput, ConsensusSpec } from "./spec.ts";

/** A child with its model's input schema. */
export interface ChildSchema {
  readonly child: ConsensusChild;
  readonly inputSchema: unknown;
}

/** Keywords that mean something else, or nothing, inside another schema. */
const ROOTED = ["$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "$defs"];
/** Keywords that bind lists as they bind what is listed. */
const OF_ANY_TYPE = [
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "enum",
  "const",
  "$ref",
  "$dynamicRef",
];

/**
 * Makes the input schema of a consensus: what all children take, one row or a list of at most
 * `maxRows`. Answers a reason where the children's schemas cannot be put together.
 */
export function inputSchemaOf(
  children: readonly ChildSchema[],
  maxRows: number,
): { readonly schema: unknown } | { readonly reason: string } {
  const distinct = new Map<string, unknown>();
  for (const { child, inputSchema } of children) {
    if (!child.input) distinct.set(meaningOf(inputSchema), inputSchema);
  }
  const mapped = children.filter(({ child }) => child.input);
  if (mapped.length > 0) {
    const schema = mappedSchema(mapped);
    distinct.set(meaningOf(schema), schema);
  }
  const schemas = [...distinct.values()].filter((schema) => schema !== true);
  const [first] = schemas;
  if (schemas.length === 0) return { schema: true };
  if (schemas.length === 1) return { schema: withRows(first, maxRows) };
  if (schemas.some(isRooted)) {
    return { reason: "the input schemas of the children refer into themselves" };
  }
  return { schema: { allOf: schemas } };
}

/** A map with the fields that the mappings read. */
function mappedSchema(children: readonly ChildSchema[]): unknown {
  const properties = new Map<string, Map<string, unknown>>();
  const required = new Set<string>();
  for (const { child, inputSchema } of children) {
    for (const [field, source] of Object.entries(child.input ?? {})) {
      if (!("from" in source)) continue;
      const [name, ...below] = source.from.startsWith("/")
        ? source.from.slice(1).split("/").map((part) =>
          part.replaceAll("~1", "/").replaceAll("~0", "~")
        )
        : [source.from];
      const known = properties.get(name!) ?? new Map<string, unknown>();
      properties.set(name!, known);
      if (child.required) required.add(name!);
      const fact = fieldOf(inputSchema, field);
      if (below.length > 0 || fact.kind !== "schema" || isRooted(fact.schema)) continue;
      known.set(meaningOf(fact.schema), fact.schema);
    }
  }
  const together = ([name, schemas]: [string, Map<string, unknown>]): [string, unknown] => {
    const all = [...schemas.values()];
    return [name, all.length === 0 ? true : all.length === 1 ? all[0] : { allOf: all }];
  };
  return {
    type: "object",
    properties: Object.fromEntries([...properties].map(together)),
    ...(required.size > 0 && { required: [...required] }),
  };
}

/** Lets a schema of one row take a list of rows too, where its keywords leave lists alone. */
function withRows(schema: unknown, maxRows: number): unknown {
  const fields = fieldsOf(schema);
  const plain = typeof fields.type === "string" && fields.type !== "array" && !isRooted(schema) &&
    OF_ANY_TYPE.every((keyword) => !(keyword in fields));
  if (!plain) return schema;
  const { examples: _, ...row } = fields;
  return {
    ...fields,
    type: [fields.type, "array"],
    items: row,
    minItems: 1,
    maxItems: maxRows,
  };
}

/** The schema without what is for people only. */
function meaningOf(schema: unknown): string {
  return canonicalJson(withoutWords(schema, false));
}

const WORDS = ["title", "description", "examples", "default", "$comment"];

function withoutWords(schema: unknown, isNames: boolean): unknown {
  if (Array.isArray(schema)) return schema.map((part) => withoutWords(part, false));
  if (typeOf(schema) !== "object") return schema;
  const entries = Object.entries(schema as object)
    .filter(([key]) => isNames || !WORDS.includes(key))
    // What stands in `properties` is a name, whatever it is called.
    .map(([key, part]) => [key, withoutWords(part, !isNames && key === "properties")]);
  return Object.fromEntries(entries);
}

function isRooted(schema: unknown): boolean {
  const text = JSON.stringify(schema) ?? "";
  return ROOTED.some((keyword) => text.includes(`"${keyword}"`));
}

/** Makes the schema of the answer: one outcome, or one for each row. */
export function answerSchemaOf(spec: ConsensusSpec): Record<string, unknown> {
  const [main, ...named] = spec.outputs;
  return {
    type: "object",
    properties: {
      value: {
        type: typesOfOutput(main!),
        description: "The consensus; for a list of rows, each row has its own.",
      },
      ...(named.length > 0 && {
        outputs: {
          type: "object",
          properties: Object.fromEntries(
            named.map((output) => [output.name, { type: typesOfOutput(output) }]),
          ),
        },
      }),
      units: { type: "string" },
      spread: {
        type: "object",
        description: "How far the children are apart: standardDeviation, range, agreement.",
      },
      disagreement: { type: ["boolean", "null"] },
      missing: { type: "array", description: "Children without a value, and why." },
      rows: { type: "array", description: "The outcomes, for a list of rows." },
      children: { type: "array", description: "What ran, and with which value." },
      revision: { type: "string", description: "Names the rules that were computed." },
    },
    required: ["children", "revision"],
  };
}

function typesOfOutput({ rule, fallback }: ConsensusOutput): string | string[] {
  const isVote = rule.kind === "scheme" && /vote$/.test(rule.scheme);
  if (rule.kind === "formula" || isVote) return ["number", "string", "boolean"];
  const other = fallback === undefined ? "number" : typeof fallback;
  return other === "number" ? "number" : ["number", other];
}
