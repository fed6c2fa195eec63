/**
 * Tensors of the Open Inference Protocol (v2, "Tensor Data"): JSON values in, JSON values out.
 *
 * @module
 */

import { type Datatype, type Element, isElement } from "./element.ts";

/** One tensor. Its data is flat, in row-major order. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: readonly Element[];
  /** `{content_type: "json"}` where each element is the text of a JSON value. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** A value that is none, and what was expected. */
export interface TensorFault {
  readonly expected: string;
}

/** Marks BYTES whose elements are JSON texts. */
export const JSON_CONTENT = { content_type: "json" } as const;

/** Elements of one tensor at most. */
const MAX_ELEMENTS = 10_000_000;

/**
 * Makes a tensor of a scalar or of nested arrays. A dimension of -1 in `shape` takes what comes; a
 * flat array may be given for any shape that its length fits.
 */
export function tensorOf(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  value: unknown,
): Tensor | TensorFault {
  const found = flatten(value);
  if (!found) return { expected: "a scalar or arrays of one length in each dimension" };
  const { data } = found;
  const fitted = fit(shape, found.shape, data.length);
  if (!fitted) {
    return { expected: `the shape [${shape}], not [${found.shape}] with ${data.length} elements` };
  }
  const wrong = data.findIndex((element) => !isElement(datatype, element));
  if (wrong >= 0) {
    return { expected: `${datatype}, not ${JSON.stringify(data[wrong])} (element ${wrong})` };
  }
  return { name, datatype, shape: fitted, data: data as Element[] };
}

/** The value of a tensor: nested arrays of its shape, whatever the lengths; a scalar without one. */
export function valueOf(tensor: Tensor): unknown {
  const { shape, data, parameters } = tensor;
  const values = parameters?.content_type === "json" ? data.map(parsed) : data;
  return shape.length === 0 ? values[0] : nested(values, shape);
}

/** Elements of a shape without -1. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The shape and the elements of nested arrays; undefined where they are ragged or too many. */
export function flatten(
  value: unknown,
): { readonly shape: readonly number[]; readonly data: readonly unknown[] } | undefined {
  const shape: number[] = [];
  let level: readonly unknown[] = [value];
  while (level.length > 0 && level.every(Array.isArray)) {
    const rows = level as readonly (readonly unknown[])[];
    const length = rows[0]!.length;
    if (rows.some((row) => row.length !== length)) return undefined;
    if (rows.length * length > MAX_ELEMENTS) return undefined;
    shape.push(length);
    level = rows.flat();
  }
  return level.some(Array.isArray) ? undefined : { shape, data: level };
}

function fit(
  wanted: readonly number[],
  found: readonly number[],
  count: number,
): readonly number[] | undefined {
  const same = wanted.length === found.length &&
    wanted.every((length, i) => length === -1 || length === found[i]);
  if (same) return found;
  if (found.length > 1) return undefined;
  const known = sizeOf(wanted.filter((length) => length !== -1));
  const open = wanted.filter((length) => length === -1).length;
  if (open === 0) return known === count ? wanted : undefined;
  if (known === 0 || count % known !== 0) return undefined;
  // Where several are open, the last one takes all, and the others are 1.
  const last = wanted.lastIndexOf(-1);
  return wanted.map((length, i) => length !== -1 ? length : i === last ? count / known : 1);
}

/** Flat values, in row-major order, as arrays of a shape. */
export function nested(values: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return values;
  const [rows = 0, ...rest] = shape;
  const size = sizeOf(rest);
  return Array.from(
    { length: rows },
    (_, i) => nested(values.slice(i * size, (i + 1) * size), rest),
  );
}

function parsed(element: Element): unknown {
  if (typeof element !== "string") return element;
  try {
    return JSON.parse(element);
  } catch {
    // Not JSON after all: the text itself is the best that is known of it.
    return element;
  }
}
