/**
 * Datatypes of the Open Inference Protocol and the JSON values that are elements of each.
 *
 * @module
 */

export const DATATYPES = [
  "BYTES",
  "FP64",
  "FP32",
  "FP16",
  "BF16",
  "INT64",
  "INT32",
  "INT16",
  "INT8",
  "UINT64",
  "UINT32",
  "UINT16",
  "UINT8",
  "BOOL",
] as const;

export type Datatype = typeof DATATYPES[number];

export type Element = string | number | boolean;

/** True for an element that the datatype can hold; of integers those that JSON numbers hold too. */
export function isElement(datatype: Datatype, element: unknown): element is Element {
  switch (datatype) {
    case "BYTES":
      return typeof element === "string";
    case "BOOL":
      return typeof element === "boolean";
    case "FP64":
    case "FP32":
    case "FP16":
    case "BF16":
      return typeof element === "number" && Number.isFinite(element);
    default: {
      if (!Number.isSafeInteger(element)) return false;
      const bits = Number(datatype.replace(/\D+/, ""));
      const [least, most] = datatype.startsWith("U")
        ? [0, 2 ** bits - 1]
        : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
      return (element as number) >= least && (element as number) <= most;
    }
  }
}
