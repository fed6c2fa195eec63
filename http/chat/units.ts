/**
 * Units of measure: read from text, and converted where both sides say which they are.
 *
 * @module
 */

/** A unit as an affine map onto the base of its dimension: base = value * factor + offset. */
export interface Unit {
  readonly dimension: string;
  readonly factor: number;
  readonly offset: number;
  /** As it is shown. */
  readonly symbol: string;
}

/** What a value is in: a unit, or the logarithm (base 10) of a value in that unit. */
export interface Scale {
  readonly unit: Unit;
  readonly isLog10: boolean;
}

type Row = readonly [names: string, factor: number, offset?: number];

/** By dimension; the first name of a row is its symbol. Factors after the SI brochure (9th ed.). */
const TABLE: Readonly<Record<string, readonly Row[]>> = {
  temperature: [
    ["K|kelvin|kelvins", 1],
    ["°C|degC|celsius|degrees celsius|deg C|℃", 1, 273.15],
    ["°F|degF|fahrenheit|degrees fahrenheit|℉", 5 / 9, 459.67 * 5 / 9],
  ],
  concentration: [
    ["mol/l|M|mol/L|molar|mol dm-3|mol/dm3", 1],
    ["mmol/l|mM|mmol/L|millimolar|mol/m3", 1e-3],
    ["µmol/l|µM|uM|umol/l|µmol/L|umol/L|micromolar", 1e-6],
    ["nmol/l|nM|nmol/L|nanomolar", 1e-9],
    ["pmol/l|pM|pmol/L|picomolar", 1e-12],
  ],
  "mass concentration": [
    ["g/l|g/L|mg/ml|mg/mL|kg/m3", 1],
    ["mg/l|mg/L|µg/ml|ug/ml|µg/mL|ug/mL", 1e-3],
    ["µg/l|ug/l|µg/L|ug/L|ng/ml|ng/mL", 1e-6],
    ["g/ml|g/mL|g/cm3|g/cm³", 1000],
  ],
  mass: [
    ["kg|kilograms|kilogram", 1],
    ["g|grams|gram", 1e-3],
    ["mg|milligrams|milligram", 1e-6],
    ["µg|ug|micrograms|microgram", 1e-9],
  ],
  "molar mass": [["g/mol|Da|dalton|daltons|u", 1], ["kDa|kg/mol", 1000]],
  energy: [
    ["kJ/mol", 1],
    ["J/mol", 1e-3],
    ["kcal/mol", 4.184],
    ["cal/mol", 4.184e-3],
    ["eV|electronvolts", 96.48533212],
    ["Hartree|hartree|Eh", 2625.4996395],
  ],
  length: [
    ["m|meters|metres|meter|metre", 1],
    ["cm", 1e-2],
    ["mm", 1e-3],
    ["µm|um|microns", 1e-6],
    ["nm|nanometers|nanometres", 1e-9],
    ["Å|Å|angstrom|angstroms|ångström", 1e-10],
    ["pm|picometers|picometres", 1e-12],
  ],
  area: [
    ["Å²|Å2|Å^2|Å²|A^2|square angstroms|square angstrom", 1e-20],
    ["nm²|nm2|nm^2", 1e-18],
    ["m²|m2|m^2", 1],
  ],
  time: [
    ["s|sec|second|seconds", 1],
    ["ms|millisecond|milliseconds", 1e-3],
    ["µs|us|microseconds", 1e-6],
    ["min|minute|minutes", 60],
    ["h|hr|hour|hours", 3600],
    ["d|day|days", 86_400],
  ],
  pressure: [
    ["Pa|pascal", 1],
    ["hPa|mbar", 100],
    ["kPa", 1000],
    ["MPa", 1e6],
    ["bar", 1e5],
    ["atm|atmospheres|atmosphere", 101_325],
    ["mmHg|Torr|torr", 133.322368],
  ],
  ratio: [["%|percent|per cent", 0.01], ["ppm", 1e-6]],
};

const BY_NAME = new Map<string, Unit>();
for (const [dimension, rows] of Object.entries(TABLE)) {
  for (const [names, factor, offset = 0] of rows) {
    const all = names.split("|");
    for (const name of all) BY_NAME.set(name, { dimension, factor, offset, symbol: all[0]! });
  }
}

/** Names, the longest first, so that `mol/l` is not taken for `m`. */
const NAMES = [...BY_NAME.keys()].sort((a, b) => b.length - a.length);
const AT_START = new RegExp(
  `^(${NAMES.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|")})` +
    String.raw`(?![\p{L}\p{N}_/^²³])`,
  "u",
);

/** The unit of exactly this name; words in any case. */
export function unitNamed(name: string): Unit | undefined {
  // As some write the sign for micro.
  const text = name.trim().replaceAll("μ", "µ");
  return BY_NAME.get(text) ?? (text.length > 4 ? BY_NAME.get(text.toLowerCase()) : undefined);
}

/** The unit that a text begins with, after white space; undefined for any other text. */
export function leadingUnit(text: string): Unit | undefined {
  const rest = text.replace(/^[\s\u00a0\u202f-]{0,2}/, "").replaceAll("μ", "µ");
  const name = AT_START.exec(rest)?.[1];
  if (name !== undefined) return BY_NAME.get(name);
  // Words may be written in any case; symbols mean another thing then.
  const word = AT_START.exec(rest.toLowerCase().slice(0, 24))?.[1];
  return word !== undefined && word.length > 4 ? BY_NAME.get(word) : undefined;
}

/** Reads what a version says of its values, such as `log10 (mol/l)`; undefined for other words. */
export function scaleOf(text: string | undefined): Scale | undefined {
  if (text === undefined) return undefined;
  const log = /^\s*log(?:10|₁₀)?\s*[([]?\s*([^)\]]+?)\s*[)\]]?\s*$/i.exec(text);
  const unit = unitNamed(log ? log[1]! : text);
  return unit && { unit, isLog10: log !== null };
}

/** Converts a value on a scale to a unit; undefined where that cannot be. */
export function convert(value: number, from: Scale, to: Unit): number | undefined {
  if (from.unit.dimension !== to.dimension) return undefined;
  const plain = from.isLog10 ? 10 ** value : value;
  return (plain * from.unit.factor + from.unit.offset - to.offset) / to.factor;
}

/** Shows a scale. */
export function scaleText({ unit, isLog10 }: Scale): string {
  return isLog10 ? `log10 (${unit.symbol})` : unit.symbol;
}
