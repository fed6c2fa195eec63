/**
 * Reads a tensor of the Open Inference Protocol out of parsed JSON.
 *
 * @module
 */
import { type Datatype, DATATYPES, isElement } from "./element.ts";
import { flatten, sizeOf, type Tensor, type TensorFault } from "./tensor.ts";

/** Answers the tensor; its data may be nested or flat, as the protocol has it. */
export function readTensor(value: unknown): Tensor | TensorFault {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { expected: "a tensor: {name, datatype, shape, data}" };
  }
  const { name, datatype, shape, data, parameters } = value as Record<string, unknown>;
  if (typeof name !== "string" || name === "") return { expected: "a tensor's name" };
  if (!DATATYPES.includes(datatype as Datatype)) {
    return { expected: `${name}: a datatype of ${DATATYPES.join(", ")}` };
  }
  if (!isShape(shape)) return { expected: `${name}: a shape of whole numbers` };
  const flat = Array.isArray(data) ? flatten(data) : undefined;
  if (!flat) return { expected: `${name}: data as arrays of one length in each dimension` };
  if (flat.data.length !== sizeOf(shape)) {
    return { expected: `${name}: ${sizeOf(shape)} elements, not ${flat.data.length}` };
  }
  const wrong = flat.data.findIndex((element) => !isElement(datatype as Datatype, element));
  if (wrong >= 0) {
    const found = JSON.stringify(flat.data[wrong]);
    return { expected: `${name}: ${datatype}, not ${found} (element ${wrong})` };
  }
  return {
    name,
    datatype: datatype as Datatype,
    shape,
    data: flat.data as Tensor["data"],
    ...(typeof parameters === "object" && parameters !== null && {
      parameters: parameters as Record<string, unknown>,
    }),
  };
}

/** True for a list of at most eight lengths. */
export function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.length <= 8 &&
    shape.every((length) => Number.isSafeInteger(length) && length >= 0);
}
