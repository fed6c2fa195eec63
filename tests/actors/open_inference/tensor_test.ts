import { assert, assertEquals } from "@std/assert";
import { type Datatype, isElement } from "../../../actors/open_inference/element.ts";
import { readTensor } from "../../../actors/open_inference/read_tensor.ts";
import { type Tensor, tensorOf, valueOf } from "../../../actors/open_inference/tensor.ts";

function made(datatype: Datatype, shape: number[], value: unknown): Tensor {
  const tensor = tensorOf("x", datatype, shape, value);
  assert(!("expected" in tensor), JSON.stringify(tensor));
  return tensor;
}

Deno.test("values become tensors of the shape that is asked for", () => {
  const table: [number[], unknown, number[], unknown[]][] = [
    [[1], 5, [1], [5]],
    [[], 5, [], [5]],
    [[-1], [1, 2, 3], [3], [1, 2, 3]],
    [[1, -1], [1, 2, 3], [1, 3], [1, 2, 3]],
    [[-1, 2], [[1, 2], [3, 4], [5, 6]], [3, 2], [1, 2, 3, 4, 5, 6]],
    [[2, 2], [1, 2, 3, 4], [2, 2], [1, 2, 3, 4]],
    [[-1, -1], [1, 2], [1, 2], [1, 2]],
    [[-1], [], [0], []],
  ];
  for (const [shape, value, fitted, data] of table) {
    const tensor = made("INT64", shape, value);
    assertEquals([tensor.shape, tensor.data], [fitted, data], JSON.stringify([shape, value]));
  }
});

Deno.test("a value that is no such tensor is refused with what was expected", () => {
  const table: [Datatype, number[], unknown, string][] = [
    ["INT8", [1], 128, "INT8, not 128 (element 0)"],
    ["UINT8", [-1], [0, 255, -1], "UINT8, not -1 (element 2)"],
    ["INT64", [1], 0.5, "INT64, not 0.5 (element 0)"],
    ["INT64", [1], 2 ** 53, "INT64, not 9007199254740992 (element 0)"],
    ["FP32", [1], "1", 'FP32, not "1" (element 0)'],
    ["FP64", [1], null, "FP64, not null (element 0)"],
    ["BOOL", [1], 1, "BOOL, not 1 (element 0)"],
    ["BYTES", [1], 1, "BYTES, not 1 (element 0)"],
    ["FP64", [-1], [[1], [2, 3]], "a scalar or arrays of one length in each dimension"],
    ["FP64", [2, -1], [1, 2, 3], "the shape [2,-1], not [3] with 3 elements"],
    ["FP64", [3], [[1, 2, 3]], "the shape [3], not [1,3] with 3 elements"],
  ];
  for (const [datatype, shape, value, expected] of table) {
    assertEquals(tensorOf("x", datatype, shape, value), { expected }, JSON.stringify(value));
  }
});

Deno.test("a tensor is its value again, for every datatype and depth", () => {
  const values: [Datatype, number[], unknown][] = [
    ["FP64", [], 1.5],
    ["FP64", [1], [1.5]],
    ["BYTES", [-1], ["CCO", "ü"]],
    ["BOOL", [-1, 2], [[true, false], [false, true]]],
    ["UINT16", [2, 1, 2], [[[1, 2]], [[3, 65535]]]],
    ["INT32", [1, 1], [[7]]],
  ];
  for (const [datatype, shape, value] of values) {
    const tensor = made(datatype, shape, value);
    const read = readTensor(JSON.parse(JSON.stringify(tensor)));
    assertEquals(read, tensor);
    assertEquals(valueOf(tensor), value);
  }
});

Deno.test("tensors are read flat or nested; what is none is refused", () => {
  const tensor = { name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] };
  assertEquals(readTensor(tensor), readTensor({ ...tensor, data: [[1, 2], [3, 4]] }));
  const table: [unknown, string][] = [
    [5, "a tensor: {name, datatype, shape, data}"],
    [{ ...tensor, name: "" }, "a tensor's name"],
    [{ ...tensor, shape: [-1] }, "x: a shape of whole numbers"],
    [{ ...tensor, data: [1, 2, 3] }, "x: 4 elements, not 3"],
    [{ ...tensor, data: undefined }, "x: data as arrays of one length in each dimension"],
    [{ ...tensor, data: [1, 2, 3, "4"] }, 'x: FP32, not "4" (element 3)'],
  ];
  for (const [value, expected] of table) assertEquals(readTensor(value), { expected });
  assert("expected" in (readTensor({ ...tensor, datatype: "FP8" }) as object));
});

Deno.test("BYTES whose content type is JSON hold the values themselves", () => {
  const json = { content_type: "json" };
  const data = ['{"a":1}', "[2]", "no json"];
  const tensor: Tensor = { name: "x", datatype: "BYTES", shape: [3], data, parameters: json };
  assertEquals(valueOf(tensor), [{ a: 1 }, [2], "no json"]);
  const { parameters: _, ...plain } = tensor;
  assertEquals(valueOf(plain), data);
});

Deno.test("integers are held to the range of their datatype", () => {
  const bounds: [Datatype, number, number][] = [
    ["INT8", -128, 127],
    ["UINT8", 0, 255],
    ["INT16", -32768, 32767],
    ["UINT32", 0, 2 ** 32 - 1],
    ["INT32", -(2 ** 31), 2 ** 31 - 1],
  ];
  for (const [datatype, least, most] of bounds) {
    const taken = [least - 1, least, most, most + 1].map((value) => isElement(datatype, value));
    assertEquals(taken, [false, true, true, false], datatype);
  }
});
