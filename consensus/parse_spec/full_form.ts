/**
 * The full form: `name`, `children`, a formula or a scheme, and what may be set beside them.
 *
 * @module
 */
import {
  type ConsensusAbout,
  type DisagreementRule,
  MODEL_NAME,
  type OutputRule,
  type Scheme,
  SCHEMES,
  type Value,
  VARIABLE_NAME,
} from "../spec.ts";
import { readChildren } from "./child_form.ts";
import { type Located, toJson } from "./document.ts";
import type { Draft, DraftOutput } from "./draft.ts";
import { describe, Fields, type Problems } from "./fields.ts";

/** The part cut from each end by a trimmed mean, where none is set. */
const DEFAULT_TRIM = 0.2;

/** Reads the full form. */
export function readFullForm(root: Located, problems: Problems): Draft | undefined {
  const fields = new Fields(root, problems, "a map with `name` and `children`");
  const named = fields.need("name", "the consensus model's name");
  const name = named && fields.textOf(named, MODEL_NAME, "a model name");
  const listed = fields.need("children", "a map of children");
  const children = listed ? readChildren(listed, problems) : [];
  const outputs = readOutputs(fields, problems);
  const quorum = fields.number("quorum", { least: 1, integer: true });
  const deadlineSeconds = fields.number("deadlineSeconds", {
    least: 0,
    most: 7 * 86_400,
    open: true,
  });
  const reweight = fields.boolean("reweight") ?? true;
  const disagreement = readDisagreement(fields.take("disagreement"), problems);
  const about = readAbout(fields);
  fields.close();
  if (name === undefined) return undefined;
  return {
    name,
    children,
    outputs,
    reweight,
    ...(quorum !== undefined && { quorum }),
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    ...(disagreement && { disagreement }),
    about,
    at: root,
  };
}

function readOutputs(top: Fields, problems: Problems): DraftOutput[] {
  const outputs: DraftOutput[] = [];
  const main = readRule(top, problems);
  if (main) outputs.push({ name: "value", ...main });
  const named = top.take("outputs");
  if (named && named.kind !== "map") problems.add(named, "a map of outputs", describe(named));
  if (named?.kind !== "map") return outputs;
  for (const [name, located] of named.entries) {
    if (!VARIABLE_NAME.test(name) || name === "value") {
      problems.add(located, "an output name of letters, digits and _, not `value`", name);
      continue;
    }
    // A formula alone is enough.
    if (located.kind === "scalar" && typeof located.value === "string") {
      outputs.push({ name, rule: { kind: "formula", formula: located.value }, at: located });
      continue;
    }
    const fields = new Fields(located, problems, "a formula, or a map with one or a scheme");
    const rule = readRule(fields, problems);
    fields.close();
    if (rule) outputs.push({ name, ...rule });
  }
  return outputs;
}

function readRule(fields: Fields, problems: Problems): Omit<DraftOutput, "name"> | undefined {
  const formula = fields.take("formula");
  const scheme = fields.take("scheme");
  const trim = fields.take("trim");
  const fallback = readValue(fields.take("fallback"), problems);
  const extra = fallback === undefined ? {} : { fallback };
  if (formula && scheme) return problems.add(scheme, "either a formula or a scheme", "both");
  if (formula) {
    if (trim) problems.add(trim, "`trim` with the scheme trimmed_mean only");
    const text = fields.textOf(formula, undefined, "a formula");
    if (text === undefined) return undefined;
    return { rule: { kind: "formula", formula: text }, at: formula, ...extra };
  }
  if (!scheme) return problems.add(fields.at, "a formula or a scheme", "neither");
  const chosen = fields.oneOf("scheme", SCHEMES);
  if (chosen === undefined) return undefined;
  return { rule: schemeRule(chosen, trim, fields, problems), at: scheme, ...extra };
}

function schemeRule(
  scheme: Scheme,
  trim: Located | undefined,
  fields: Fields,
  problems: Problems,
): OutputRule {
  if (scheme !== "trimmed_mean") {
    if (trim) problems.add(trim, "`trim` with the scheme trimmed_mean only");
    return { kind: "scheme", scheme, trim: 0 };
  }
  const cut = trim && fields.numberOf(trim, { least: 0, most: 0.5, open: true });
  return { kind: "scheme", scheme, trim: cut ?? DEFAULT_TRIM };
}

function readDisagreement(
  located: Located | undefined,
  problems: Problems,
): DisagreementRule | undefined {
  if (!located) return undefined;
  if (located.kind === "scalar") {
    const threshold = new Fields(
      { ...located, kind: "map", entries: new Map([["threshold", located]]) },
      problems,
      "a threshold",
    ).number("threshold", { least: 0 });
    return threshold === undefined ? undefined : { measure: "range", threshold };
  }
  const fields = new Fields(located, problems, "a threshold, or a map with one");
  const measure = fields.oneOf("measure", ["range", "standard_deviation", "agreement"]) ?? "range";
  fields.need("threshold", "a number");
  const most = measure === "agreement" ? { most: 1 } : {};
  const threshold = fields.number("threshold", { least: 0, ...most });
  fields.close();
  return threshold === undefined ? undefined : { measure, threshold };
}

function readValue(located: Located | undefined, problems: Problems): Value | undefined {
  if (!located) return undefined;
  if (located.kind === "scalar" && located.value !== null) return located.value;
  return problems.add(located, "a number, text, true or false", describe(located));
}

function readAbout(fields: Fields): ConsensusAbout {
  const texts = ["version", "description", "units", "source", "documentation"] as const;
  const about: Record<string, unknown> = {};
  for (const name of texts) {
    const text = fields.text(name);
    if (text !== undefined) about[name] = text;
  }
  const visibility = fields.oneOf("visibility", ["private", "public"]);
  if (visibility) about.visibility = visibility;
  const tags = fields.take("tags");
  if (tags?.kind === "list") about.tags = tags.items.map((tag) => fields.textOf(tag) ?? "");
  else if (tags) fields.textOf(tags, /^$/, "a list of tags");
  for (const name of ["inputSchema", "example"]) {
    const located = fields.take(name);
    if (located) about[name] = toJson(located);
  }
  return about;
}
