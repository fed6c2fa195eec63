import { assert, assertEquals, assertThrows } from "@std/assert";
import type { JsonSchema } from "../../registry/model.ts";
import { compileSchema, SchemaError } from "../../registry/schema.ts";

const MOLECULE: JsonSchema = {
  type: "object",
  properties: {
    smiles: { type: "string", minLength: 1, pattern: "^[^ ]+$" },
    "a/b~c": { type: "integer" },
    ph: { type: "number", minimum: 0, maximum: 14 },
    solvent: { enum: ["water", "octanol"] },
    atoms: { type: "array", items: { type: ["integer", "null"] }, maxItems: 3 },
    date: { type: "string", format: "date" },
    kind: { const: "molecule" },
  },
  required: ["smiles"],
  additionalProperties: false,
};

const VIOLATIONS: [name: string, value: unknown, pointer: string, expected: string][] = [
  ["a wrong type", 5, "", "object"],
  ["a missing field", {}, "/smiles", "a value"],
  ["an unknown field", { smiles: "C", smile: 1 }, "/smile", "no such field"],
  ["a field of a wrong type", { smiles: 1 }, "/smiles", "string"],
  ["text too short", { smiles: "" }, "/smiles", "NOT have fewer than 1 characters"],
  ["text of a wrong pattern", { smiles: "C C" }, "/smiles", "text that matches ^[^ ]+$"],
  ["a name that needs escapes", { smiles: "C", "a/b~c": "1" }, "/a~1b~0c", "integer"],
  ["a number too large", { smiles: "C", ph: 15 }, "/ph", "<= 14"],
  ["no choice", { smiles: "C", solvent: "oil" }, "/solvent", 'one of "water", "octanol"'],
  ["an element of a list", { smiles: "C", atoms: [1, "x"] }, "/atoms/1", "integer or null"],
  ["a list too long", { smiles: "C", atoms: [1, 2, 3, 4] }, "/atoms", "NOT have more than 3 items"],
  ["a wrong format", { smiles: "C", date: "31.12.2024" }, "/date", "a date"],
  ["another constant", { smiles: "C", kind: "atom" }, "/kind", '"molecule"'],
];

for (const [name, value, pointer, expected] of VIOLATIONS) {
  Deno.test(`a violation says where and what was expected: ${name}`, () => {
    assert(
      compileSchema(MOLECULE)(value).some((violation) =>
        violation.pointer === pointer && violation.expected === expected
      ),
      JSON.stringify(compileSchema(MOLECULE)(value)),
    );
  });
}

Deno.test("a valid value has no violations, before and after invalid ones", () => {
  const validate = compileSchema(MOLECULE);
  assertEquals(validate({ smiles: "C" }), []);
  assertEquals(validate({}).length, 1);
  assertEquals(validate({ smiles: "C", ph: 7, atoms: [1, null] }), []);
});

Deno.test("every violation of a small value is listed", () => {
  const pointers = compileSchema(MOLECULE)({ ph: -1, solvent: "x" }).map((v) => v.pointer);
  assertEquals(pointers.sort(), ["/ph", "/smiles", "/solvent"]);
});

Deno.test("the violations of a large value are not all listed", () => {
  const validate = compileSchema({ type: "array", items: { type: "string" } });
  assertEquals(validate(Array.from({ length: 100_000 }, () => 1)).length, 1);
  assertEquals(validate(Array.from({ length: 1_000 }, () => 1)).length, 50);
});

Deno.test("true takes everything and false nothing", () => {
  assertEquals(compileSchema(true)({}), []);
  assertEquals(compileSchema(false)({}), [{ pointer: "", expected: "nothing" }]);
});

Deno.test("references within the schema are followed, by pointer, anchor and id", () => {
  const validate = compileSchema({
    $id: "https://example.org/root",
    $defs: { text: { type: "string" }, anchored: { $anchor: "here", type: "integer" } },
    properties: {
      a: { $ref: "#/$defs/text" },
      b: { $ref: "#here" },
      c: { $ref: "https://example.org/root#/$defs/text" },
    },
  });
  assertEquals(validate({ a: "", b: 1, c: "" }), []);
  assertEquals(validate({ a: 1, b: "", c: 1 }).map(({ pointer }) => pointer), ["/a", "/b", "/c"]);
});

Deno.test("schemas with the same $id do not meet", () => {
  const first = compileSchema({ $id: "https://example.org/x", type: "string" });
  const second = compileSchema({ $id: "https://example.org/x", type: "integer" });
  assertEquals([first("a"), second(1)], [[], []]);
  const outside = { properties: { a: { $ref: "https://example.org/x" } } };
  assertThrows(() => compileSchema(outside), SchemaError);
});

const REFUSED: [name: string, schema: unknown, pointer: string][] = [
  ["a list", [], ""],
  ["null", null, ""],
  ["an unknown type", { properties: { a: { type: "text" } } }, "/properties/a/type"],
  ["a pattern that is none", { properties: { a: { pattern: "(" } } }, "/properties/a/pattern"],
  ["a negative length", { minLength: -1 }, "/minLength"],
  ["another draft", { $schema: "http://json-schema.org/draft-07/schema#" }, "/$schema"],
  ["an asynchronous one", { $async: true }, "/$async"],
  ["a remote reference", { items: { $ref: "https://example.org/a.json" } }, "/items/$ref"],
  ["a broken reference", { $ref: "#/$defs/none" }, ""],
  ["endless nesting", nested(70), "/not".repeat(64)],
  ["endless text", { description: "x".repeat(300_000) }, ""],
];

for (const [name, schema, pointer] of REFUSED) {
  Deno.test(`a schema is refused: ${name}`, () => {
    const error = assertThrows(() => compileSchema(schema as JsonSchema), SchemaError);
    assertEquals(error.pointer, pointer);
  });
}

function nested(levels: number): JsonSchema {
  let schema: JsonSchema = {};
  for (let level = 0; level < levels; level++) schema = { not: schema };
  return schema;
}

Deno.test("a schema that leads back to itself takes nothing, and ends", () => {
  assertEquals(compileSchema({ $ref: "#" })({}).length, 1);
});

Deno.test("a pattern that would hang other engines is answered in linear time", () => {
  const validate = compileSchema({ type: "string", pattern: "^(a+)+$" });
  assertEquals(validate("a".repeat(50_000) + "!").length, 1);
  assertEquals(validate("a".repeat(50_000)), []);
});

Deno.test("patterns keep apart, and read as in JavaScript", () => {
  const validate = compileSchema({
    type: "object",
    properties: { a: { pattern: "^\\u0041\\d+$" }, b: { pattern: "^[^/]+/\\w$" } },
  });
  assertEquals(validate({ a: "A12", b: "x/y" }), []);
  assertEquals(validate({ a: "x/y", b: "A12" }).map(({ pointer }) => pointer), ["/a", "/b"]);
});

Deno.test("a pattern beyond RE2 is refused where it stands, with what is taken", () => {
  const error = assertThrows(
    () => compileSchema({ properties: { a: { pattern: "(?=x)y" } } }),
    SchemaError,
  );
  assertEquals(error.pointer, "/properties/a/pattern");
  assert(error.expected.includes("look-around"));
});

Deno.test("references that lead in circles are a violation, not an endless loop", () => {
  assertEquals(compileSchema({ $ref: "#" })(1).length, 1);
});
