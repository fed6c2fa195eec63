/**
 * Checks an input beyond what the version's schema does: parameters that a language model made up,
 * molecules that are none, and values in another unit than the field's.
 *
 * @module
 */
import { distance } from "fastest-levenshtein";
import type { JsonSchema } from "../../../registry/model.ts";
import { isMolecule } from "../../panel/schema_form.ts";
import type { FieldError } from "../../wire/problem.ts";
import { type Numeral, numeralsIn } from "../numbers/numerals.ts";
import { convert, type Unit } from "../units.ts";
import { fieldUnit } from "./field_unit.ts";

type Rules = Readonly<Record<string, unknown>>;

export interface InputCheck {
  /** What is wrong with a SMILES; undefined for a molecule. */
  readonly checkMolecule?: (smiles: string) => Promise<string | undefined>;
  /** The numbers of what the user wrote. */
  readonly question: readonly Numeral[];
  /** Is told of each molecule that is in order. */
  readonly onMolecule?: (smiles: string) => void;
}

const MAX_DEPTH = 8;
const MAX_FAULTS = 20;
/** Molecules that are read of one input; the model itself checks the rest. */
const MAX_MOLECULES = 200;
const DIGITS = 10;
/** Keywords by which a schema may take fields that its properties do not name. */
const OPEN = ["patternProperties", "allOf", "anyOf", "oneOf", "if", "$ref", "$dynamicRef"];

/** Lists the faults of an input; `pointer` leads to it. */
export async function checkInput(
  schema: JsonSchema,
  input: unknown,
  pointer: string,
  check: InputCheck,
): Promise<FieldError[]> {
  const walk = new Walk(check);
  walk.value(schema, input, pointer, "", 0);
  await walk.molecules();
  return walk.faults.slice(0, MAX_FAULTS);
}

class Walk {
  readonly faults: FieldError[] = [];
  readonly #molecules: { readonly pointer: string; readonly smiles: string }[] = [];

  constructor(readonly check: InputCheck) {}

  value(schema: unknown, value: unknown, pointer: string, name: string, depth: number): void {
    if (!isObject(schema) || depth > MAX_DEPTH) return;
    if (isObject(value)) return this.#fields(schema, value, pointer, depth);
    if (Array.isArray(value)) {
      // The name of a list is that of its items: `smiles: ["C", "CC"]`.
      const items = schema.items;
      value.forEach((one, i) => this.value(items, one, `${pointer}/${i}`, name, depth + 1));
    } else if (typeof value === "string") {
      this.#text(schema, value, pointer, name);
    } else if (typeof value === "number") {
      this.#number(schema, value, pointer);
    }
  }

  #fields(schema: Rules, value: Rules, pointer: string, depth: number): void {
    const { properties } = schema;
    if (!isObject(properties)) return;
    const names = Object.keys(properties);
    const isClosed = !isObject(schema.additionalProperties) && !OPEN.some((word) => word in schema);
    for (const [name, inner] of Object.entries(value)) {
      const at = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      if (Object.hasOwn(properties, name)) {
        this.value(properties[name], inner, at, name, depth + 1);
      } else if (isClosed && names.length > 0) {
        this.faults.push({ pointer: at, expected: noSuchField(name, names) });
      }
    }
  }

  #text(rules: Rules, value: string, pointer: string, name: string): void {
    if (isMolecule(name, rules)) {
      if (this.#molecules.length < MAX_MOLECULES) this.#molecules.push({ pointer, smiles: value });
      return;
    }
    if (rules.type !== "number" && rules.type !== "integer") return;
    const unit = fieldUnit(rules);
    const [numeral] = numeralsIn(value);
    if (!unit || !numeral?.unit) return;
    this.faults.push({ pointer, expected: `a number in ${unit.symbol}`, ...inUnit(numeral, unit) });
  }

  /** A value of the question that was taken over without its unit. */
  #number(rules: Rules, value: number, pointer: string): void {
    const unit = fieldUnit(rules);
    if (!unit) return;
    const same = this.check.question.filter((asked) =>
      asked.value === value && asked.unit?.dimension === unit.dimension
    );
    if (same.length === 0 || same.some((asked) => asked.unit!.symbol === unit.symbol)) return;
    this.faults.push({
      pointer,
      expected: `a number in ${unit.symbol}`,
      ...inUnit(same[0]!, unit),
    });
  }

  async molecules(): Promise<void> {
    const { checkMolecule, onMolecule } = this.check;
    for (const { pointer, smiles } of this.#molecules) {
      const fault = await checkMolecule?.(smiles.trim());
      if (fault === undefined) onMolecule?.(smiles);
      else this.faults.push({ pointer, expected: "a molecule as SMILES", detail: fault });
      if (this.faults.length >= MAX_FAULTS) return;
    }
  }
}

function inUnit({ value, unit }: Numeral, to: Unit): { readonly detail?: string } {
  const converted = convert(value, { unit: unit!, isLog10: false }, to);
  if (converted === undefined) return { detail: `${unit!.symbol} cannot be made ${to.symbol}` };
  const shown = Number(converted.toPrecision(DIGITS));
  return { detail: `${value} ${unit!.symbol} is ${shown} ${to.symbol}` };
}

/** Says that there is no such field, and which of those that there are may be meant. */
function noSuchField(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return `no such field: ${near ? `did you mean ${near}?` : `there are ${names.join(", ")}`}`;
}

/** The name that is spelt most like this one, if any is. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const asked = name.toLowerCase().slice(0, 100);
  const ranked = names.map((one) => ({ one, off: distance(asked, one.toLowerCase()) }))
    .sort((a, b) => a.off - b.off);
  const [best] = ranked;
  return best && best.off <= Math.max(2, Math.floor(asked.length / 3)) ? best.one : undefined;
}

function isObject(value: unknown): value is Rules {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
