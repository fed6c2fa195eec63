/**
 * What is known to have been computed, and by whom: the numbers that an answer may give.
 *
 * @module
 */
import { type Scale, scaleOf } from "../units.ts";
import { numeralsIn } from "./numerals.ts";

/** Where a number comes from. */
export type Source =
  /** What a job computed, or what its record says of it. */
  | {
    readonly kind: "job";
    readonly job: string;
    readonly model: string;
    readonly version: string;
    readonly pointer: string;
  }
  /** What the check of a consensus computed on its sample, and its own text. */
  | { readonly kind: "verification"; readonly consensus: string; readonly pointer: string }
  /** Parameters that were checked against a version's schema. */
  | { readonly kind: "suggestion"; readonly model: string; readonly pointer: string }
  /** What the gateway measures or forecasts. */
  | { readonly kind: "gateway"; readonly pointer: string }
  /** What the owners of a model wrote about it: no job gave it. */
  | { readonly kind: "registration"; readonly model: string };

/** A number with its source. */
export interface Evidence {
  readonly value: number;
  readonly source: Source;
  readonly scale?: Scale;
  /** It counts only where the answer writes a unit. */
  readonly needsUnit?: true;
}

const MAX_NUMBERS = 20_000;
const MAX_DEPTH = 24;

export interface EvidenceOptions {
  /** The source of the number at a JSON Pointer. */
  readonly source: (pointer: string) => Source;
  /** What the number at a pointer is in. */
  readonly units?: (pointer: string) => string | undefined;
  /** Whether numbers within a text count; where not, it counts only if it is a number alone. */
  readonly inText?: (text: string) => boolean;
}

/** Lists the numbers of a JSON value. */
export function evidenceIn(value: unknown, options: EvidenceOptions): Evidence[] {
  const found: Evidence[] = [];
  walk(value, "", 0, options, found);
  return found;
}

function walk(
  value: unknown,
  pointer: string,
  depth: number,
  options: EvidenceOptions,
  found: Evidence[],
): void {
  if (found.length >= MAX_NUMBERS || depth > MAX_DEPTH) return;
  if (typeof value === "number") {
    found.push(one(value, scaleOf(options.units?.(pointer)), pointer, options));
  } else if (typeof value === "string") {
    const numerals = numeralsIn(value.slice(0, 20_000));
    const isAlone = numerals.length === 1 && numerals[0]!.start === 0 && value.length < 32;
    if (!isAlone && !options.inText?.(value)) return;
    for (const { value: number, unit } of numerals) {
      const scale = unit ? { unit, isLog10: false } : scaleOf(options.units?.(pointer));
      found.push(one(number, scale, pointer, options));
    }
  } else if (Array.isArray(value)) {
    value.forEach((item, i) => walk(item, `${pointer}/${i}`, depth + 1, options, found));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const step = key.replaceAll("~", "~0").replaceAll("/", "~1");
      walk(item, `${pointer}/${step}`, depth + 1, options, found);
    }
  }
}

function one(
  value: number,
  scale: Scale | undefined,
  pointer: string,
  { source }: EvidenceOptions,
): Evidence {
  return { value, source: source(pointer), ...(scale && { scale }) };
}
