/**
 * A spec as a document again, in the full form; and what of it may be shown to someone who cannot
 * read every child.
 *
 * @module
 */
import { stringify } from "yaml";
import { scanFormula } from "./formula/scan.ts";
import type {
  ConsensusAbout,
  ConsensusChild,
  ConsensusOutput,
  ConsensusSpec,
  InputSource,
} from "./spec.ts";

/** Writes a spec as YAML that parses to the same spec. */
export function specToYaml(spec: ConsensusSpec, about: ConsensusAbout = {}): string {
  return stringify(specToDocument(spec, about), { lineWidth: 100, blockQuote: "literal" });
}

/** Answers a spec as the full form has it, defaults left out. A model `""` is left out too. */
export function specToDocument(
  spec: ConsensusSpec,
  about: ConsensusAbout = {},
): Record<string, unknown> {
  const { name, children, outputs, quorum, reweight, deadlineSeconds, disagreement } = spec;
  const allRequired = children.every(({ required }) => required);
  const [main, ...named] = outputs;
  return defined({
    name,
    ...about,
    children: Object.fromEntries(
      children.map((child) => [child.key, childToDocument(child, allRequired)]),
    ),
    ...outputToDocument(main!),
    ...(named.length > 0 && {
      outputs: Object.fromEntries(named.map((each) => [each.name, outputToDocument(each)])),
    }),
    ...(!allRequired && { quorum }),
    ...(!reweight && { reweight }),
    deadlineSeconds,
    disagreement,
  });
}

function childToDocument(child: ConsensusChild, allRequired: boolean): unknown {
  const { key: _, model, weight, offset, required, input, ...rest } = child;
  const settings = defined({
    ...rest,
    ...(weight !== 1 && { weight }),
    ...(offset !== 0 && { offset }),
    // With a quorum a child is optional where nothing else is said.
    ...(!allRequired && required && { required }),
    ...(input && { input: inputToDocument(input) }),
  });
  if (model === "") return settings;
  return Object.keys(settings).length === 0 ? model : { model, ...settings };
}

function inputToDocument(input: Readonly<Record<string, InputSource>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).map(([field, source]) => [
      field,
      "from" in source ? source.from : { value: source.value },
    ]),
  );
}

function outputToDocument({ rule, fallback }: ConsensusOutput): Record<string, unknown> {
  if (rule.kind === "formula") return defined({ formula: rule.formula, fallback });
  const { scheme, trim } = rule;
  return defined({ scheme, ...(scheme === "trimmed_mean" && { trim }), fallback });
}

/**
 * Takes away what names the hidden children's models, their versions and what they run on: the keys
 * stay, with how their values count. A formula that calls a hidden child by its model's name calls
 * it by its key.
 */
export function redactSpec(spec: ConsensusSpec, hidden: ReadonlySet<string>): ConsensusSpec {
  if (hidden.size === 0) return spec;
  const keys = new Map(
    spec.children.filter(({ key }) => hidden.has(key)).map(({ key, model }) => [model, key]),
  );
  const children = spec.children.map((child): ConsensusChild => {
    if (!hidden.has(child.key)) return child;
    const { key, weight, offset, required } = child;
    return { key, model: "", weight, offset, required };
  });
  const outputs = spec.outputs.map((output): ConsensusOutput => {
    const { rule } = output;
    if (rule.kind !== "formula") return output;
    return { ...output, rule: { kind: "formula", formula: renamed(rule.formula, keys) } };
  });
  return { ...spec, children, outputs };
}

function renamed(formula: string, names: ReadonlyMap<string, string>): string {
  const scanned = scanFormula(formula);
  if ("problem" in scanned) return "";
  return scanned.tokens
    .map(({ kind, text }) => kind === "name" ? names.get(text) ?? text : text)
    .join(" ");
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
