/**
 * A consensus model from YAML or JSON text, in the paper's form or the full one.
 *
 * @module
 */
import { compileFormula } from "./formula.ts";
import { FUNCTIONS } from "./formula/functions.ts";
import { CONSTANTS, WORD_OPERATORS } from "./formula/scan.ts";
import { readDocument, type SpecProblem } from "./parse_spec/document.ts";
import type { Draft, DraftChild, DraftOutput, ParsedSpec } from "./parse_spec/draft.ts";
import { Problems } from "./parse_spec/fields.ts";
import { readFullForm } from "./parse_spec/full_form.ts";
import { isPaperForm, readPaperForm } from "./parse_spec/paper_form.ts";
import {
  type ConsensusChild,
  type ConsensusOutput,
  MAX_CHILDREN,
  VARIABLE_NAME,
  WEIGHING_SCHEMES,
} from "./spec.ts";

export type { ParsedSpec, SpecProblem };

/** Answers the checked spec with its defaults filled in, or every problem that was found. */
export function parseSpec(
  text: string,
): ParsedSpec | { readonly problems: readonly SpecProblem[] } {
  const document = readDocument(text);
  if ("problems" in document) return document;
  const { root } = document;
  const problems = new Problems();
  const draft = isPaperForm(root) ? readPaperForm(root, problems) : readFullForm(root, problems);
  if (draft) checkDraft(draft, problems);
  if (!draft || problems.list.length) return { problems: problems.list };
  return { spec: complete(draft), about: draft.about ?? {} };
}

function checkDraft(draft: Draft, problems: Problems): void {
  const { children, outputs } = draft;
  // Where no child could be read, the problem is noted already.
  if (!children.length) {
    if (!problems.list.length) problems.add(draft.at, "at least one child", "none");
    return;
  }
  if (children.length > MAX_CHILDREN) {
    problems.add(draft.at, `at most ${MAX_CHILDREN} children`, String(children.length));
    return;
  }
  for (const child of children) checkChild(child, draft, problems);
  if (draft.quorum !== undefined && draft.quorum > children.length) {
    const expected = `a quorum of at most ${children.length}, the number of children`;
    problems.add(draft.at, expected, String(draft.quorum));
  }
  for (const output of outputs) checkOutput(output, draft, problems);
}

/** Names that a formula knows as something else, or that JavaScript's objects are born with. */
function isReserved(name: string): boolean {
  return FUNCTIONS.has(name) || CONSTANTS.has(name) || WORD_OPERATORS.includes(name) ||
    name in Object.prototype;
}

function checkChild(child: DraftChild, { children }: Draft, problems: Problems): void {
  if (!VARIABLE_NAME.test(child.key)) {
    const expected = "a key of letters, digits and _, starting with a letter";
    problems.add(child.at, expected, child.key.slice(0, 63));
  } else if (isReserved(child.key)) {
    problems.add(child.at, "a key that is no function, constant or operator", child.key);
  }
  const twin = children.find((other) => other !== child && other.key === child.model);
  if (twin) {
    const expected = "a model name that is no other child's key";
    problems.add(child.at, expected, `${child.model}, the key of ${twin.model}`);
  }
}

function checkOutput(output: DraftOutput, draft: Draft, problems: Problems): void {
  const { rule, at } = output;
  if (rule.kind === "formula") {
    const compiled = compileFormula(rule.formula, draft.children);
    if ("problem" in compiled) {
      const { line, column, expected, message } = compiled.problem;
      problems.list.push({
        pointer: at.pointer,
        line: at.line,
        column: at.column,
        expected: `in the formula at line ${line}, column ${column}: ${expected}`,
        message: `line ${at.line} (${at.pointer}): in the formula, ${message}`,
      });
    }
    return;
  }
  const weighs = WEIGHING_SCHEMES.includes(rule.scheme);
  for (const child of draft.children) {
    if (child.weight === undefined) continue;
    if (!weighs && draft.outputs.length === 1) {
      const expected = `no weight with the scheme ${rule.scheme}, which does not weigh`;
      problems.add(child.at, expected, String(child.weight));
    } else if (weighs && rule.scheme !== "weighted_sum" && child.weight < 0) {
      const expected = `a weight of at least 0 with the scheme ${rule.scheme}`;
      problems.add(child.at, expected, String(child.weight));
    }
  }
}

function complete(draft: Draft): ParsedSpec["spec"] {
  const children = draft.children.map(({ at: _, ...child }): ConsensusChild => ({
    weight: 1,
    offset: 0,
    // A quorum says how many are enough; without one, all are needed.
    required: draft.quorum === undefined,
    ...child,
  }));
  const outputs = draft.outputs.map(({ at: _, ...output }): ConsensusOutput => output);
  const required = children.filter((child) => child.required).length;
  const { name, reweight, deadlineSeconds, disagreement } = draft;
  return {
    name,
    children,
    outputs,
    quorum: Math.max(draft.quorum ?? 1, required, 1),
    reweight,
    ...(deadlineSeconds !== undefined && { deadlineSeconds }),
    ...(disagreement && { disagreement }),
  };
}
