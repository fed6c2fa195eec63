/**
 * Which numbers of an answer need no job behind them, by rules that look at the text alone.
 *
 * @module
 */
import type { Numeral } from "./numerals.ts";

/** Why a number is no claim about a result. */
export type Exemption =
  | "name"
  | "version"
  | "list"
  | "date"
  | "year"
  | "count"
  | "order"
  | "question";

export interface Known {
  /** Versions that the conversation has named or seen. */
  readonly versions: ReadonlySet<string>;
  /** Names and inputs that have digits in them, such as `esol-2` and SMILES. */
  readonly names: readonly string[];
  /** Numbers of what the user wrote. */
  readonly question: readonly Numeral[];
}

const IDENTIFIERS = [
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /\b(?:sha256:)?[0-9a-f]{32,64}\b/gi,
  /\bhttps?:\/\/[^\s<>"')]+/gi,
  /(?<![\w/])\/(?:panel|v1)\/[^\s<>"')]+/g,
  // Places in chemical names, as in 1,2-dichloroethane and N,2-dimethyl.
  /(?<![\d.])(?:N,)?\d{1,2}(?:,\d{1,2})*[′']?-(?=\p{L}{3})/gu,
];
const MONTHS =
  "January|February|March|April|May|June|July|August|September|October|November|December";
const DATES =
  /\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b|\b\d{1,2}:\d{2}(?::\d{2})?\b/g;
const COUNTED =
  /^\s?(?:more |other |further |different |of (?:the )?(?:\d+ )?)?(?:(?:public|private|child|consensus|failed|completed|unfinished|queued|running|cancelled|refused|valid|invalid|new|old|registered|available|matching|such) ){0,2}(?:models?|versions?|jobs?|inputs?|molecules?|compounds?|structures?|batch(?:es)?|child(?:ren)?|steps?|attempts?|tries|retries|results?|predictions?|parameters?|fields?|times|plans?|calls?|answers?|faults?|errors?|owners?|readers?|tools?|lines?|decimals?|decimal places|significant (?:digits|figures)|of \d+|that|which|of them|ways|options|possibilities|examples|candidates|entries|items|warnings|completed|failed|succeeded|ended|remain|wait)\b/i;
const ORDERED =
  /(?:\b(?:step|attempt|no\.?|number|row|line|item|top|first|last|all|figure|table)\s|#)$/i;
const VERSIONED = /(?:\bversions?|\brelease|\bv\.?|@|\band|,|\bto|\bor|\bfrom)\s?["'`“(]?$/i;
const ONLY_VERSIONED = /(?:\bversions?|\brelease|@|\bv\.?)\s?["'`“(]?$/i;
const YEARED = new RegExp(
  `(?:\\b(?:in|since|until|year|before|after|©)|\\b(?:${MONTHS})|\\bet al\\.,?|` +
    `\\(\\p{Lu}[^()]{0,40}|\\bet al\\. \\(?)\\s?$`,
  "u",
);
const MOST_COUNTED = 100_000;

/** Marks what of a text is a name, a date or a link, so that its digits are no numbers. */
export function namesIn(text: string, names: readonly string[]): readonly [number, number][] {
  const spans: [number, number][] = [];
  for (const pattern of [...IDENTIFIERS, DATES]) {
    for (const match of text.matchAll(pattern)) {
      spans.push([match.index, match.index + match[0].length]);
    }
  }
  for (const name of names) {
    // A name that is nothing but a number would hide numbers.
    if (!/\d/.test(name) || !/\p{L}/u.test(name)) continue;
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
      spans.push([at, at + name.length]);
    }
  }
  return spans;
}

/** Answers why a number needs no job; undefined for one that does. */
export function exemptionOf(
  numeral: Numeral,
  text: string,
  spans: readonly (readonly [number, number])[],
  known: Known,
): Exemption | undefined {
  const { start, end, value, isInteger, unit } = numeral;
  if (spans.some(([from, to]) => from <= start && end <= to)) return "name";
  const before = text.slice(Math.max(0, start - 72), start);
  const after = text.slice(end, end + 48);
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  if (isInteger && (isGlued(before, after) || isBase(numeral, after))) return "name";
  if (isInteger && /^\s*(?:[-*>]\s+)?$/.test(line) && /^[.)] +\S/.test(after)) return "list";
  if (isVersion(numeral, before, known)) return "version";
  if (isYear(numeral, text)) return "year";
  const isCount = isInteger && !unit && value >= 0 && value <= MOST_COUNTED;
  if (isCount && /^(?:st|nd|rd|th)\b/.test(after)) return "order";
  if (isCount && ORDERED.test(before)) return "order";
  if (
    isCount && (COUNTED.test(after) || /^\s?\/\s?\d/.test(after) && COUNTED.test(after.slice(3)))
  ) {
    return "count";
  }
  if (isCount && /\b\d+ of (?:the )?$/.test(before)) return "count";
  return isOfQuestion(numeral, known.question) ? "question" : undefined;
}

/** A part of a word, as in C12, 2D, log10 or IC50. */
function isGlued(before: string, after: string): boolean {
  return /[\p{L}_][-_]?$/u.test(before) || /^(?:D\b|-[\p{L}])/u.test(after);
}

/** The base of a power whose exponent is a number of its own: 10^-2.10. */
function isBase({ value }: Numeral, after: string): boolean {
  return value === 10 && /^\s?\^/.test(after);
}

function isVersion({ text }: Numeral, before: string, { versions, names }: Known): boolean {
  const lead = before.toLowerCase();
  // As in "esol 2.0" and "esol@2.0".
  const isNamed = names.some((name) =>
    [" ", "@", " v", ":"].some((between) => lead.endsWith(name.toLowerCase() + between))
  );
  if (isNamed && versions.has(text)) return true;
  if (ONLY_VERSIONED.test(before)) return versions.has(text);
  return versions.has(text) && VERSIONED.test(before) && /\bversions?\b/i.test(before);
}

/** A year stands alone: behind a word of time or a month, or in brackets with a name. */
function isYear({ start, value, text: written, unit }: Numeral, text: string): boolean {
  if (unit || !/^\d{4}$/.test(written) || value < 1800 || value > 2100) return false;
  const before = text.slice(Math.max(0, start - 60), start);
  return YEARED.test(before);
}

/** What the user wrote may be repeated, in the unit that it was written in or without one. */
function isOfQuestion({ value, unit }: Numeral, question: readonly Numeral[]): boolean {
  return question.some((asked) =>
    asked.value === value && (!unit || !asked.unit || unit.symbol === asked.unit.symbol)
  );
}
