/**
 * From JSON values to tensors, by the layout of a schema. Pure.
 *
 * @module
 */
import { isElement } from "./element.ts";
import type { Layout, SchemaDatatype, TensorSpec } from "./layout.ts";
import { flatten, JSON_CONTENT, type Tensor } from "./tensor.ts";

/** A tensor of one of the datatypes that schemas lead to. */
export type AnswerTensor = Tensor & { readonly datatype: SchemaDatatype };

/**
 * Answers the tensors of a batch of values. Where a row breaks what the schema says of a field, or
 * lacks it, the tensor is one of JSON texts, and says so. Fields that the schema does not name are
 * JSON texts too; those that no row has are left out.
 */
export function tensorsOf(layout: Layout, rows: readonly unknown[]): AnswerTensor[] {
  const [whole] = layout.tensors;
  if (!layout.fields) return [tensorOf(whole!, rows)];
  const names = new Set(layout.tensors.map(({ name }) => name));
  const others = new Set(rows.flatMap((row) => isRecord(row) ? Object.keys(row) : []));
  return [...layout.tensors, ...[...others].filter((name) => !names.has(name)).map(unnamed)]
    .filter(({ name, required }) => required || others.has(name))
    .map((spec) => tensorOf(spec, rows.map((row) => fieldOf(row, spec.name))));
}

function unnamed(name: string): TensorSpec {
  return { name, datatype: "BYTES", dimensions: [], json: true, required: false };
}

function tensorOf(spec: TensorSpec, column: readonly unknown[]): AnswerTensor {
  const typed = spec.json ? undefined : typedTensor(spec, column);
  if (typed) return typed;
  return {
    name: spec.name,
    datatype: "BYTES",
    shape: [column.length],
    data: column.map((value) => JSON.stringify(value) ?? "null"),
    parameters: JSON_CONTENT,
  };
}

/** Undefined where a row does not fit, or where rows are of several shapes. */
function typedTensor(
  { name, datatype, dimensions }: TensorSpec,
  column: readonly unknown[],
): AnswerTensor | undefined {
  const found = flatten(column);
  if (!found || found.shape.length !== dimensions.length + 1) return undefined;
  const fits = dimensions.every((length, i) => length === -1 || length === found.shape[i + 1]);
  if (!fits || !found.data.every((element) => isElement(datatype, element))) return undefined;
  return { name, datatype, shape: found.shape, data: found.data as Tensor["data"] };
}

function fieldOf(row: unknown, name: string): unknown {
  return isRecord(row) && Object.hasOwn(row, name) ? row[name] : null;
}

function isRecord(row: unknown): row is Record<string, unknown> {
  return typeof row === "object" && row !== null && !Array.isArray(row);
}
