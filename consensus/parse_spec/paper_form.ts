/**
 * The form of the paper: upper-case keys, one formula.
 *
 * @module
 */
import type { Located } from "./document.ts";
import { describe, Fields, type Problems } from "./fields.ts";
import type { Draft, DraftChild } from "./draft.ts";
import { MODEL_NAME } from "../spec.ts";

/** True where the text is in the paper's form: some map in it has CHILDMODELS. */
export function isPaperForm(root: Located): boolean {
  if (root.kind !== "map") return false;
  return [...root.entries.values()].some((entry) =>
    entry.kind === "map" && entry.entries.has("CHILDMODELS")
  );
}

/**
 * Reads `NAME: {CHILDMODELS: {KEY: {BACKEND, NAME}}}`. FORMULA may stand inside CHILDMODELS, beside
 * it, or beside the consensus model's name.
 */
export function readPaperForm(root: Located, problems: Problems): Draft | undefined {
  const top = new Fields(root, problems, "a map");
  const formulas: Located[] = [];
  const outside = top.take("FORMULA");
  if (outside) formulas.push(outside);
  if (root.kind !== "map") return undefined;
  const [named] = [...root.entries].filter(([key]) => key !== "FORMULA");
  if (!named) return undefined;
  const [name, body] = named;
  top.take(name);
  top.close();
  const fields = new Fields(body, problems, "a map with CHILDMODELS");
  const beside = fields.take("FORMULA");
  if (beside) formulas.push(beside);
  const models = fields.need("CHILDMODELS", "a map of children");
  fields.close();
  if (!models) return undefined;
  const children = readChildren(models, formulas, problems);
  if (!MODEL_NAME.test(name)) problems.add(body, "a model name as the key above", name);
  if (formulas.length > 1) problems.add(formulas[1]!, "one FORMULA", "another one");
  const formula = formulas[0];
  if (!formula) return problems.add(body, "FORMULA: a formula", "nothing of that name");
  const text = fields.textOf(formula, undefined, "a formula");
  if (text === undefined) return undefined;
  return {
    name,
    children,
    outputs: [{ name: "value", rule: { kind: "formula", formula: text }, at: formula }],
    reweight: true,
    at: body,
  };
}

function readChildren(models: Located, formulas: Located[], problems: Problems): DraftChild[] {
  if (models.kind !== "map") {
    problems.add(models, "a map of children", describe(models));
    return [];
  }
  const children: DraftChild[] = [];
  for (const [key, located] of models.entries) {
    if (key === "FORMULA" && located.kind === "scalar") {
      formulas.push(located);
      continue;
    }
    const fields = new Fields(located, problems, "a child with NAME and BACKEND");
    const named = fields.need("NAME", "a registered model");
    const model = named && fields.textOf(named, MODEL_NAME, "a model name");
    const backend = fields.text("BACKEND");
    fields.close();
    if (model === undefined) continue;
    children.push({ key, model, ...(backend !== undefined && { backend }), at: located });
  }
  return children;
}
