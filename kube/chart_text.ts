/**
 * Manifests as templates of a Helm chart: the same functions that make manifests make the chart, with
 * places in its values instead of texts, numbers and blocks.
 *
 * @module
 */
import { type Manifest, manifestText } from "./manifest.ts";

/** A text with a place in it; `expression` is one of Helm's, without double quotes. */
export function place(expression: string): string {
  return `[[ ${expression} ]]`;
}

/** Numbers that stand for places; no manifest has any as large as these. */
const FIRST_NUMBER = 990_000_000;
const numbers: string[] = [];

/** A number that comes out as a place. */
export function numberPlace(expression: string): number {
  const known = numbers.indexOf(expression);
  if (known >= 0) return FIRST_NUMBER + known;
  return FIRST_NUMBER + numbers.push(expression) - 1;
}

/** Fields, or items of a list, that come out of the values. */
export function blockPlace(expression: string): Record<string, never> {
  return { [`__yaml ${expression}__`]: null } as unknown as Record<string, never>;
}

/** Fields that are there only if the expression holds. */
export function when<T extends object>(expression: string, fields: T): Record<string, T> {
  return { [`__if ${expression}__`]: fields };
}

const BLOCK = /^( *)(?:- )?"?__yaml (.+?)__"?: null$/;
const CONDITION = /^( *)(- )?"?__if (.+?)__"?:$/;

/** One file of the chart; all of it is there only if `condition` holds, where there is one. */
export function templateText(manifests: readonly Manifest[], condition?: string): string {
  const documents = manifests.map((manifest) => templated(manifestText(manifest))).join("---\n");
  return condition === undefined ? documents : `{{- if ${condition} }}\n${documents}{{- end }}\n`;
}

function templated(text: string): string {
  const lines = conditions(text.trimEnd().split("\n")).map((line) => {
    const block = BLOCK.exec(line);
    if (!block) return line;
    return `${block[1]}{{- toYaml (${block[2]}) | nindent ${block[1]!.length} }}`;
  });
  return lines.join("\n")
    // What was braces before is text for whoever reads the manifest, not for Helm.
    .replaceAll(/\{\{(?!-? (?:toYaml|if|end))(.*?)\}\}/g, "{{ `{{$1}}` }}")
    .replaceAll(/\b99\d{7}\b/g, (number) => `{{ ${numbers[Number(number) - FIRST_NUMBER]!} }}`)
    .replaceAll("[[ ", "{{ ").replaceAll(" ]]", " }}") + "\n";
}

/** Takes the fields under each condition out of their wrapping. */
function conditions(lines: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const condition = CONDITION.exec(lines[i]!);
    if (!condition) {
      out.push(lines[i]!);
      continue;
    }
    const [, indent, item = "", expression] = condition;
    const depth = indent!.length + item.length;
    const inner: string[] = [];
    while (i + 1 < lines.length && indentOf(lines[i + 1]!) > depth) {
      inner.push(lines[++i]!.slice(2));
    }
    if (item) inner[0] = `${indent}- ${inner[0]!.trimStart()}`;
    out.push(`${indent}{{- if ${expression} }}`, ...conditions(inner), `${indent}{{- end }}`);
  }
  return out;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
