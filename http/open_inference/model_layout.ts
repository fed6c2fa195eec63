/**
 * The tensors of a version: what it takes and what it answers.
 *
 * @module
 */
import { type Layout, layoutOf } from "../../actors/open_inference/layout.ts";
import type { JsonSchema, Version } from "../../registry/model.ts";

export interface ModelLayout {
  readonly inputs: Layout;
  readonly outputs: Layout;
}

const layouts = new WeakMap<Version, ModelLayout>();

/** Answers the tensors of a version; made once. */
export function modelLayout(version: Version): ModelLayout {
  let layout = layouts.get(version);
  if (!layout) layouts.set(version, layout = makeLayout(version));
  return layout;
}

/** The output as one tensor of JSON texts, whatever it is. */
export const WHOLE_OUTPUT = layoutOf(undefined, "output");

function makeLayout({ inputSchema, outputSchema }: Version): ModelLayout {
  const inputs = layoutOf(inputSchema, "input");
  // A value that is the whole batch is answered by a list with an item for each row.
  const row = inputs.values === "many" ? outputSchema : itemsOf(outputSchema);
  const outputs = layoutOf(row, "output");
  return { inputs, outputs: outputs.values === "many" ? outputs : WHOLE_OUTPUT };
}

function itemsOf(schema: JsonSchema | undefined): JsonSchema | undefined {
  if (typeof schema !== "object" || schema.type !== "array") return undefined;
  return schema.items as JsonSchema | undefined;
}
