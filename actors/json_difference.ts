/**
 * What differs between two JSON values, place by place.
 *
 * @module
 */
import type { Tolerance } from "./job.ts";

/** One place where two values differ. A side that is not set has nothing there. */
export interface Difference {
  /** JSON Pointer. */
  readonly pointer: string;
  readonly recorded?: unknown;
  readonly replayed?: unknown;
  /** Between two numbers: the second less the first. */
  readonly by?: number;
}

/** The differences that are listed, in the order of the first value, and how many there are. */
export interface Differences {
  readonly count: number;
  readonly first: readonly Difference[];
}

const MAX_LISTED = 100;

/** Compares two JSON values; numbers within the tolerance are the same. */
export function differencesOf(
  recorded: unknown,
  replayed: unknown,
  tolerance: Tolerance = {},
): Differences {
  const first: Difference[] = [];
  let count = 0;
  const add = (difference: Difference) => {
    if (++count <= MAX_LISTED) first.push(difference);
  };
  const compare = (pointer: string, one: unknown, other: unknown): void => {
    if (typeof one === "number" && typeof other === "number") {
      if (within(one, other, tolerance)) return;
      return add({ pointer, recorded: one, replayed: other, by: other - one });
    }
    if (!isComposite(one) || !isComposite(other) || Array.isArray(one) !== Array.isArray(other)) {
      if (one !== other) add({ pointer, ...sides(one, other) });
      return;
    }
    const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const at = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      const [x, y] = [own(a, name), own(b, name)];
      if (x === undefined || y === undefined) add({ pointer: at, ...sides(x, y) });
      else compare(at, x, y);
    }
  };
  compare("", recorded, replayed);
  return { count, first };
}

function within(one: number, other: number, { absolute = 0, relative = 0 }: Tolerance): boolean {
  return one === other || Math.abs(other - one) <= Math.max(absolute, relative * Math.abs(one));
}

function isComposite(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function own(object: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function sides(recorded: unknown, replayed: unknown) {
  return {
    ...(recorded !== undefined && { recorded }),
    ...(replayed !== undefined && { replayed }),
  };
}
