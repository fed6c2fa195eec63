/**
 * The children of the full form.
 *
 * @module
 */
import { type InputSource, MODEL_NAME } from "../spec.ts";
import { type Located, toJson } from "./document.ts";
import type { DraftChild } from "./draft.ts";
import { describe, Fields, type Problems } from "./fields.ts";

const SECONDS = { least: 0, most: 7 * 86_400, open: true };

/** Reads the map of children by key. A child that is text alone is a model's name. */
export function readChildren(located: Located, problems: Problems): DraftChild[] {
  if (located.kind !== "map") {
    problems.add(located, "a map of children", describe(located));
    return [];
  }
  const children: DraftChild[] = [];
  for (const [key, entry] of located.entries) {
    const child = entry.kind === "scalar"
      ? readName(key, entry, problems)
      : readChild(key, entry, problems);
    if (child) children.push(child);
  }
  return children;
}

function readName(key: string, entry: Located, problems: Problems): DraftChild | undefined {
  const value = entry.kind === "scalar" ? entry.value : null;
  if (typeof value === "string" && MODEL_NAME.test(value)) return { key, model: value, at: entry };
  return problems.add(entry, "a model name, or a map with `model`", describe(entry));
}

function readChild(key: string, entry: Located, problems: Problems): DraftChild | undefined {
  const fields = new Fields(entry, problems, "a map with `model`");
  const named = fields.need("model", "a registered model");
  const model = named && fields.textOf(named, MODEL_NAME, "a model name");
  const settings = defined({
    backend: fields.text("backend"),
    version: fields.text("version"),
    alias: fields.text("alias"),
    weight: fields.number("weight"),
    offset: fields.number("offset"),
    required: fields.boolean("required"),
    timeoutSeconds: fields.number("timeoutSeconds", SECONDS),
    input: readInput(fields.take("input"), problems),
    output: fields.text("output"),
  });
  fields.close();
  if (settings.version !== undefined && settings.alias !== undefined) {
    problems.add(fields.take("alias")!, "either a version or an alias", "both");
  }
  return model === undefined ? undefined : { key, model, ...settings, at: entry };
}

/** `field: source`, where a source is a field of the consensus input, or `{value: constant}`. */
function readInput(
  located: Located | undefined,
  problems: Problems,
): Record<string, InputSource> | undefined {
  if (!located) return undefined;
  if (located.kind !== "map") return problems.add(located, "a map of fields", describe(located));
  const sources: [string, InputSource][] = [];
  for (const [field, entry] of located.entries) {
    if (entry.kind === "scalar" && typeof entry.value === "string" && entry.value !== "") {
      sources.push([field, { from: entry.value }]);
      continue;
    }
    const fields = new Fields(entry, problems, "a field of the input, or `value: constant`");
    const constant = fields.need("value", "a constant");
    fields.close();
    if (constant) sources.push([field, { value: toJson(constant) }]);
  }
  return Object.fromEntries(sources);
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
