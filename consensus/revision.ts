/**
 * Names a spec by what it computes.
 *
 * @module
 */
import { hash } from "node:crypto";
import { scanFormula } from "./formula/scan.ts";
import type { ConsensusSpec } from "./spec.ts";

/**
 * The SHA-256, in hex, of the spec with its keys sorted and its formulas' layout evened out: equal
 * for specs that differ in form, order of keys, comments or spaces only.
 */
export function revisionOf(spec: ConsensusSpec): string {
  const outputs = spec.outputs.map((output) =>
    output.rule.kind === "formula"
      ? { ...output, rule: { ...output.rule, formula: evenLayout(output.rule.formula) } }
      : output
  );
  return hash("sha256", canonicalJson({ ...spec, outputs }), "hex");
}

function evenLayout(formula: string): string {
  const scanned = scanFormula(formula);
  return "tokens" in scanned ? scanned.tokens.map(({ text }) => text).join(" ") : formula;
}

/** JSON with the keys of every map in order; as RFC 8785, for what a spec can hold. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${entries.join(",")}}`;
}
