/**
 * From tensors to the JSON values that they stand for, by the layout of a schema. Pure.
 *
 * @module
 */
import type { Datatype } from "./element.ts";
import type { Layout, TensorSpec } from "./layout.ts";
import { nested, sizeOf, type Tensor, type TensorFault } from "./tensor.ts";

/** The values, one for each row of the batch or one for the whole, and the rows of the batch. */
export interface Values {
  readonly values: readonly unknown[];
  readonly rows: number;
}

/** Datatypes whose elements are taken for one that a schema leads to: no number loses anything. */
const TAKEN: Readonly<Record<TensorSpec["datatype"], RegExp>> = {
  BYTES: /^BYTES$/,
  BOOL: /^BOOL$/,
  INT64: /^U?INT/,
  FP64: /^(?:FP|BF|U?INT)/,
};

/** Answers the values of a batch, or what was expected of its tensors. */
export function valuesOf(layout: Layout, tensors: readonly Tensor[]): Values | TensorFault {
  const fault = batchFault(layout, tensors);
  if (fault) return fault;
  const rows = tensors[0]!.shape[0]!;
  const columns: (readonly [string, readonly unknown[]])[] = [];
  for (const tensor of tensors) {
    const spec = layout.tensors.find(({ name }) => name === tensor.name);
    const column = columnOf(tensor, spec);
    if ("expected" in column) return { expected: `${tensor.name}: ${column.expected}` };
    columns.push([tensor.name, column.column]);
  }
  const values = Array.from(
    { length: rows },
    (_, i) =>
      layout.fields
        ? Object.fromEntries(columns.map(([name, column]) => [name, column[i]]))
        : columns[0]![1][i],
  );
  return { rows, values: layout.values === "one" ? [values] : values };
}

function batchFault(
  { tensors: specs, open }: Layout,
  tensors: readonly Tensor[],
): TensorFault | undefined {
  const names = specs.map(({ name }) => name);
  const seen = new Set<string>();
  for (const { name, shape } of tensors) {
    if (!open && !names.includes(name)) {
      return { expected: `${name}: one of the model's inputs ${names.join(", ")}` };
    }
    if (seen.has(name)) return { expected: `${name}: each input once` };
    seen.add(name);
    if (shape.length === 0) return { expected: `${name}: a shape that begins with the batch` };
    if (shape[0] !== tensors[0]!.shape[0]) {
      const [first, other] = [tensors[0]!.shape[0], shape[0]];
      return {
        expected: `${name}: the batch of ${first} that ${tensors[0]!.name} has, not ${other}`,
      };
    }
  }
  const missing = specs.find(({ name, required }) => required && !seen.has(name));
  if (missing) return { expected: `${missing.name}: to be there` };
  if (tensors.length === 0) return { expected: "at least one input" };
  return undefined;
}

/** One value for each row. */
type Column = { readonly column: readonly unknown[] } | TensorFault;

function columnOf(tensor: Tensor, spec: TensorSpec | undefined): Column {
  const { datatype, shape, parameters } = tensor;
  const isJson = parameters?.content_type === "json";
  if (!spec || spec.json) {
    const asJson = datatype === "BYTES" && (isJson || spec !== undefined);
    return asJson ? jsonColumn(tensor) : { column: rowsOf(tensor, shape.slice(1)) };
  }
  if (isJson && datatype === "BYTES") return jsonColumn(tensor);
  if (!takes(spec.datatype, datatype)) return { expected: `${spec.datatype}, not ${datatype}` };
  const dimensions = dimensionsOf(spec.dimensions, shape.slice(1));
  if (!dimensions) {
    return { expected: `the shape [${[-1, ...spec.dimensions]}], not [${shape}]` };
  }
  return { column: rowsOf(tensor, dimensions) };
}

function takes(wanted: TensorSpec["datatype"], given: Datatype): boolean {
  return TAKEN[wanted].test(given);
}

/** The dimensions of one row; some clients write columns as [rows, 1]. */
function dimensionsOf(
  wanted: readonly number[],
  given: readonly number[],
): readonly number[] | undefined {
  if (wanted.length === 0 && given.every((length) => length === 1)) return [];
  const fits = wanted.length === given.length &&
    wanted.every((length, i) => length === -1 || length === given[i]);
  return fits ? given : undefined;
}

function rowsOf({ data, shape }: Tensor, dimensions: readonly number[]): unknown[] {
  const size = sizeOf(dimensions);
  return Array.from({ length: shape[0]! }, (_, i) => {
    const row = data.slice(i * size, (i + 1) * size);
    return dimensions.length === 0 ? row[0] : nested(row, dimensions);
  });
}

function jsonColumn({ data, shape }: Tensor): Column {
  if (data.length !== shape[0]) {
    return { expected: `one JSON text for each row, not ${data.length}` };
  }
  const column: unknown[] = [];
  for (const text of data) {
    try {
      column.push(JSON.parse(text as string));
    } catch {
      return { expected: `JSON texts, such as "\\"CCO\\"" or "{}", not ${JSON.stringify(text)}` };
    }
  }
  return { column };
}
