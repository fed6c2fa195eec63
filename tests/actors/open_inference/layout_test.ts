import { assert, assertEquals } from "@std/assert";
import { decodeElements, encodeElements } from "../../../actors/open_inference/binary.ts";
import type { Datatype, Element } from "../../../actors/open_inference/element.ts";
import { layoutOf } from "../../../actors/open_inference/layout.ts";
import type { Tensor } from "../../../actors/open_inference/tensor.ts";
import { tensorsOf } from "../../../actors/open_inference/to_tensors.ts";
import { valuesOf } from "../../../actors/open_inference/to_values.ts";
import type { JsonSchema } from "../../../registry/model.ts";

const DOSE = {
  type: "object",
  properties: {
    smiles: { type: "string" },
    dose: { type: "number" },
    count: { type: "integer" },
    wet: { type: "boolean" },
    descriptors: { type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 },
    options: { type: "object" },
    note: { type: ["string", "null"] },
  },
  required: ["smiles", "dose"],
  additionalProperties: false,
};

function tensor(name: string, datatype: Datatype, shape: number[], data: Element[]): Tensor {
  return { name, datatype, shape, data };
}

/** `NAME: DATATYPE[shape]`, with `?` for what may be left out and `json` for texts of JSON. */
function shown(schema: JsonSchema | undefined): string[] {
  return layoutOf(schema, "input").tensors.map(({ name, datatype, dimensions, json, required }) =>
    `${name}${required ? "" : "?"}: ${json ? "json" : datatype}[${[-1, ...dimensions]}]`
  );
}

Deno.test("a schema's values have tensors of its own types, and JSON texts for the rest", () => {
  assertEquals(shown(DOSE), [
    "smiles: BYTES[-1]",
    "dose: FP64[-1]",
    "count?: INT64[-1]",
    "wet?: BOOL[-1]",
    "descriptors?: FP64[-1,2]",
    "options?: json[-1]",
    "note?: json[-1]",
  ]);
  const table: [JsonSchema | undefined, string][] = [
    [undefined, "input: json[-1]"],
    [true, "input: json[-1]"],
    [{ type: "string" }, "input: BYTES[-1]"],
    [{ type: "array", items: { type: "number" } }, "input: FP64[-1,-1]"],
    [{ type: "array", prefixItems: [{ type: "number" }], items: false }, "input: json[-1]"],
    [{ type: "object" }, "input: json[-1]"],
    [{ type: "number", anyOf: [{ minimum: 1 }] }, "input: json[-1]"],
    [{ $ref: "#/$defs/a", $defs: { a: { type: "string" } } }, "input: json[-1]"],
    [
      { type: "array", items: { type: "array", items: { type: "integer" } } },
      "input: INT64[-1,-1,-1]",
    ],
  ];
  for (const [schema, expected] of table) assertEquals(shown(schema), [expected]);
  const list = layoutOf({ type: "array", items: DOSE }, "input");
  assertEquals([list.values, list.tensors.length], ["one", 7]);
  // As the schemas of consensus models are.
  assertEquals(shown({ ...DOSE, type: ["object", "array"], items: DOSE }), shown(DOSE));
  const b = { properties: { dose: { type: "number" }, count: { type: "number" } } };
  const both = { allOf: [DOSE, { ...b, required: ["count"] }] };
  assertEquals(shown(both).slice(0, 3), ["smiles: BYTES[-1]", "dose: FP64[-1]", "count: json[-1]"]);
  assertEquals(shown({ allOf: [DOSE, true] }), ["input: json[-1]"]);
});

Deno.test("a batch of tensors is a value for each row, or one list", () => {
  const tensors = [
    tensor("smiles", "BYTES", [2], ["CCO", "C"]),
    tensor("dose", "FP32", [2, 1], [0.5, 1]),
    tensor("descriptors", "INT32", [2, 2], [1, 2, 3, 4]),
    tensor("note", "BYTES", [2], ["null", '"wet"']),
  ];
  const rows = [
    { smiles: "CCO", dose: 0.5, descriptors: [1, 2], note: null },
    { smiles: "C", dose: 1, descriptors: [3, 4], note: "wet" },
  ];
  assertEquals(valuesOf(layoutOf(DOSE, "input"), tensors), { values: rows, rows: 2 });
  const list = layoutOf({ type: "array", items: DOSE }, "input");
  assertEquals(valuesOf(list, tensors), { values: [rows], rows: 2 });
  const whole = layoutOf({ type: "array", items: { type: "number" } }, "input");
  const vectors = tensor("input", "FP64", [2, 3], [1, 2, 3, 4, 5, 6]);
  assertEquals(valuesOf(whole, [vectors]), { values: [[1, 2, 3], [4, 5, 6]], rows: 2 });
  const open = layoutOf({ properties: { a: { type: "number" } } }, "input");
  const more = [tensor("b", "BYTES", [1], ["text"]), tensor("c", "FP64", [1, 2], [1, 2])];
  assertEquals(valuesOf(open, more), { values: [{ b: "text", c: [1, 2] }], rows: 1 });
});

Deno.test("tensors that do not fit the schema are refused with what was expected", () => {
  const smiles = tensor("smiles", "BYTES", [1], ["C"]);
  const dose = tensor("dose", "FP64", [1], [1]);
  const table: [Tensor[], string][] = [
    [[smiles], "dose: to be there"],
    [[smiles, dose, smiles], "smiles: each input once"],
    [[smiles, dose, tensor("x", "FP64", [1], [1])], "x: one of the model's inputs smiles, dose, "],
    [[smiles, tensor("dose", "FP64", [2], [1, 2])], "dose: the batch of 1 that smiles has, not 2"],
    [[smiles, tensor("dose", "FP64", [], [1])], "dose: a shape that begins with the batch"],
    [[smiles, tensor("dose", "BYTES", [1], ["1"])], "dose: FP64, not BYTES"],
    [[smiles, tensor("dose", "FP64", [1, 2], [1, 2])], "dose: the shape [-1], not [1,2]"],
    [[smiles, dose, tensor("count", "FP64", [1], [1])], "count: INT64, not FP64"],
    [[smiles, dose, tensor("note", "BYTES", [1], ["wet"])], "note: JSON texts, such as "],
    [
      [smiles, dose, tensor("descriptors", "FP64", [1, 3], [1, 2, 3])],
      "descriptors: the shape [-1,2], not [1,3]",
    ],
  ];
  for (const [tensors, expected] of table) {
    const read = valuesOf(layoutOf(DOSE, "input"), tensors);
    assert("expected" in read && read.expected.startsWith(expected), JSON.stringify(read));
  }
});

Deno.test("results are tensors by the output schema; a row that breaks it makes them JSON texts", () => {
  const layout = layoutOf(DOSE, "output");
  const json = { content_type: "json" };
  const row = { smiles: "C", dose: 1, descriptors: [1, 2], extra: 1 };
  assertEquals(tensorsOf(layout, [row, { ...row, dose: 2, note: null }]), [
    { name: "smiles", datatype: "BYTES", shape: [2], data: ["C", "C"] },
    { name: "dose", datatype: "FP64", shape: [2], data: [1, 2] },
    { name: "descriptors", datatype: "FP64", shape: [2, 2], data: [1, 2, 1, 2] },
    { name: "note", datatype: "BYTES", shape: [2], data: ["null", "null"], parameters: json },
    { name: "extra", datatype: "BYTES", shape: [2], data: ["1", "1"], parameters: json },
  ]);
  const [, dose] = tensorsOf(layout, [row, { smiles: "C" }]);
  const asJson = { name: "dose", datatype: "BYTES" as const, shape: [2], data: ["1", "null"] };
  assertEquals(dose, { ...asJson, parameters: json });
  assertEquals(tensorsOf(layoutOf(undefined, "output"), [{ a: 1 }]), [
    { name: "output", datatype: "BYTES", shape: [1], data: ['{"a":1}'], parameters: json },
  ]);
});

Deno.test("what tensors a result becomes, they become the result again", () => {
  const rows = [
    { smiles: "CCO", dose: 0.5, count: 3, wet: true, descriptors: [1, 2], options: { a: [1] } },
    { smiles: "ü", dose: -1, count: -3, wet: false, descriptors: [0, 1e300], options: {} },
  ];
  const tensors = tensorsOf(layoutOf(DOSE, "output"), rows);
  assertEquals(valuesOf(layoutOf(DOSE, "input"), tensors), { values: rows, rows: 2 });
});

Deno.test("binary tensor data is read by every datatype and written by those that are answered", () => {
  const table: [Datatype, number[], Element[]][] = [
    ["FP64", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], [1.5]],
    ["FP32", [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0], [1.5, -2]],
    ["FP16", [0, 0x3e], [1.5]],
    ["BF16", [0xc0, 0x3f, 0x00, 0xc0], [1.5, -2]],
    ["INT64", [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-2]],
    ["UINT64", [1, 0, 0, 0, 1, 0, 0, 0], [2 ** 32 + 1]],
    ["INT32", [0xfe, 0xff, 0xff, 0xff], [-2]],
    ["UINT32", [0xff, 0xff, 0xff, 0xff], [2 ** 32 - 1]],
    ["INT16", [0xfe, 0xff], [-2]],
    ["UINT16", [0xfe, 0xff], [65534]],
    ["INT8", [0xfe], [-2]],
    ["UINT8", [0xfe, 1], [254, 1]],
    ["BOOL", [0, 1], [false, true]],
    ["BYTES", [3, 0, 0, 0, 67, 67, 79, 0, 0, 0, 0], ["CCO", ""]],
  ];
  for (const [datatype, bytes, elements] of table) {
    const read = decodeElements(datatype, new Uint8Array(bytes), elements.length);
    assertEquals(read, elements, datatype);
    for (const count of [elements.length - 1, elements.length + 1]) {
      assertEquals(decodeElements(datatype, new Uint8Array(bytes), count), undefined, datatype);
    }
    if (
      datatype === "BYTES" || datatype === "FP64" || datatype === "INT64" || datatype === "BOOL"
    ) {
      assertEquals([...encodeElements(datatype, elements)], bytes, datatype);
    }
  }
  // NaN, an integer beyond 2^53, bytes that are no UTF-8, and a length beyond the end.
  const none: [Datatype, number[]][] = [
    ["FP32", [0, 0, 0xc0, 0x7f]],
    ["INT64", [0, 0, 0, 0, 0, 0, 0, 0x7f]],
    ["BYTES", [1, 0, 0, 0, 0xff]],
    ["BYTES", [9, 0, 0, 0, 67]],
  ];
  for (const [datatype, bytes] of none) {
    assertEquals(decodeElements(datatype, new Uint8Array(bytes), 1), undefined, datatype);
  }
});
