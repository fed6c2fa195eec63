/**
 * Finds the numbers in prose, as they are written.
 *
 * @module
 */
import { leadingUnit, type Unit } from "../units.ts";

/** A number in a text. */
export interface Numeral {
  /** Where it stands: from `start` up to `end`, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly value: number;
  /** Half of the last place that is written: what a rounded value may be off by. */
  readonly tolerance: number;
  /** Digits that count: without zeros in front. */
  readonly digits: number;
  readonly isInteger: boolean;
  /** The unit that is written behind it, if it is one that is known. */
  readonly unit?: Unit;
}

// A sign counts where nothing that it could join stands before it: "5-7" is a range.
const SIGN = String.raw`(?:(?<![\p{L}\p{N}_)\].%-])[-−–+]\s?)?`;
/** Groups of three, by commas or thin spaces; a decimal comma; or a decimal point. */
const MANTISSA = String
  .raw`(?:\d{1,3}(?:[,\u202f\u00a0]\d{3})+(?!\d)(?:\.\d+)?|\d+,\d+(?!\d|,\d)|\d+(?:\.\d+)?)`;
const POWER = String.raw`(?:[eE][-−+]?\d{1,3}(?![\p{L}\p{N}])|\s?[×x·*]\s?10\s?` +
  String.raw`(?:\^?[({]?[-−+]?\d{1,3}[)}]?|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3}))?`;
const BARE = String.raw`(?<![\p{L}\p{N}_)\].-])[-−–+]?\.\d+`;
const NUMERAL = new RegExp(`${SIGN}${MANTISSA}${POWER}|${BARE}`, "gu");

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Lists the numbers of a text in their order. */
export function numeralsIn(text: string): Numeral[] {
  return [...text.matchAll(NUMERAL)].flatMap((match) => {
    const start = match.index;
    const written = match[0];
    const read = readNumeral(written);
    if (!read) return [];
    const unit = leadingUnit(text.slice(start + written.length, start + written.length + 24));
    return [{ start, end: start + written.length, text: written, ...read, ...(unit && { unit }) }];
  });
}

function readNumeral(
  written: string,
): Omit<Numeral, "start" | "end" | "text" | "unit"> | undefined {
  const [, sign, mantissa, power] =
    /^([-−–+]?)\s?([\d.,\u202f\u00a0]*\d)(?:[eE](.+)|\s?[×x·*]\s?10\s?(.+))?$/u.exec(written)
      ?.map((part, i, all) => i === 3 ? part ?? all[4] : part) ?? [];
  if (mantissa === undefined) return undefined;
  const isGrouped = /^\d{1,3}(?:[,\u202f\u00a0]\d{3})+(?:\.\d+)?$/.test(mantissa);
  const plain = isGrouped
    ? mantissa.replaceAll(/[,\u202f\u00a0]/g, "")
    : mantissa.replace(",", ".");
  const exponent = power === undefined ? 0 : exponentOf(power);
  const decimals = plain.includes(".") ? plain.length - plain.indexOf(".") - 1 : 0;
  const value = Number(`${plain}e${exponent}`) * (sign && sign !== "+" ? -1 : 1);
  if (!Number.isFinite(value)) return undefined;
  return {
    value,
    tolerance: 0.5 * 10 ** (exponent - decimals),
    digits: plain.replace(".", "").replace(/^0+/, "").length,
    isInteger: decimals === 0 && power === undefined,
  };
}

function exponentOf(text: string): number {
  const plain = text.replaceAll(/[(){}^\s]/g, "").replaceAll(/[−⁻]/g, "-").replaceAll("⁺", "+")
    .replaceAll(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => String(SUPERSCRIPTS.indexOf(digit)));
  return Number(plain);
}
