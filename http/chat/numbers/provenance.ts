/**
 * Holds the numbers of an answer against what was computed.
 *
 * What counts as given by a job: the value itself; the value rounded to the places that are written,
 * if at least two digits are left; and the value converted to the unit that is written behind the
 * number, where the version says what its values are in (a logarithm is undone by that). What does
 * not: anything derived, such as a difference, a mean or a ratio, a value cut instead of rounded, and
 * a value with the unit of another quantity.
 *
 * @module
 */
import { convert, scaleText } from "../units.ts";
import type { Evidence, Source } from "./evidence.ts";
import { exemptionOf, type Known, namesIn } from "./exemptions.ts";
import { type Numeral, numeralsIn } from "./numerals.ts";

/** How a number was got from its source. */
export type Derivation = "exact" | "rounded" | "converted";

/** A number of an answer that makes a claim. */
export interface CheckedNumber {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** `flagged`: no job gave it. */
  readonly status: "given" | "flagged";
  readonly source?: Source;
  readonly how?: Derivation;
  /** Why it is flagged, in words. */
  readonly reason?: string;
}

/** Sources in the order in which they are believed. */
const ORDER: readonly Source["kind"][] = [
  "job",
  "verification",
  "suggestion",
  "gateway",
  "registration",
];
const HOW: readonly Derivation[] = ["exact", "rounded", "converted"];
/** Of the value: what floating point alone may be off by. */
const NOISE = 1e-9;
const LEAST_DIGITS = 2;

/** Answers every number of the text that makes a claim, with its source or a flag. */
export function checkNumbers(
  text: string,
  evidence: readonly Evidence[],
  known: Known,
): CheckedNumber[] {
  const spans = namesIn(text, known.names);
  return numeralsIn(text).flatMap((numeral) => {
    if (exemptionOf(numeral, text, spans, known)) return [];
    const { start, end, text: written } = numeral;
    return [{ text: written, start, end, ...judge(numeral, evidence) }];
  });
}

function judge(
  numeral: Numeral,
  evidence: readonly Evidence[],
): Pick<CheckedNumber, "status" | "source" | "how" | "reason"> {
  let best:
    | { readonly source: Source; readonly how: Derivation; readonly rank: number }
    | undefined;
  for (const item of evidence) {
    const how = derivation(numeral, item);
    if (!how) continue;
    const rank = ORDER.indexOf(item.source.kind) * HOW.length + HOW.indexOf(how);
    if (!best || rank < best.rank) best = { source: item.source, how, rank };
  }
  if (!best) return { status: "flagged", reason: reasonFor(numeral, evidence) };
  const { source, how } = best;
  if (source.kind !== "registration") return { status: "given", source, how };
  const reason = `it stands in what the owners of ${source.model} wrote; no job gave it`;
  return { status: "flagged", source, how, reason };
}

/** How the number follows from a value; undefined where it does not. */
function derivation(
  numeral: Numeral,
  { value, scale, needsUnit }: Evidence,
): Derivation | undefined {
  const { unit } = numeral;
  if (needsUnit && !unit) return undefined;
  const isSame = !unit || !scale || !scale.isLog10 && scale.unit.symbol === unit.symbol;
  if (isSame) {
    const direct = compare(numeral, value);
    if (direct) return direct;
    // A share of 0.12 may be written as 12 %.
    const isShare = unit?.symbol === "%" && !scale && value >= 0 && value <= 1;
    return isShare && compare(numeral, value * 100) ? "converted" : undefined;
  }
  const converted = convert(value, scale, unit);
  return converted !== undefined && compare(numeral, converted) ? "converted" : undefined;
}

function compare({ value, tolerance, digits }: Numeral, given: number): Derivation | undefined {
  const off = Math.abs(value - given);
  const noise = NOISE * Math.max(Math.abs(value), Math.abs(given));
  if (off <= noise) return "exact";
  return digits >= LEAST_DIGITS && off <= tolerance + noise ? "rounded" : undefined;
}

function reasonFor(numeral: Numeral, evidence: readonly Evidence[]): string {
  const near = evidence.find(({ value, scale, source }) =>
    source.kind === "job" && scale && compare(numeral, value)
  );
  if (near?.scale) {
    return `a job gave this value in ${scaleText(near.scale)}, not in ${numeral.unit!.symbol}`;
  }
  const coarse = evidence.some(({ value, source }) =>
    source.kind === "job" && Math.abs(numeral.value - value) <= numeral.tolerance
  );
  if (coarse) return "it is rounded to a single digit";
  return "no job of this conversation gave it";
}
