/**
 * The check of what a version says that it takes and costs.
 *
 * @module
 */
import type { NewVersion } from "./definition.ts";
import type { Prices, Resources } from "./model.ts";
import type { Problem } from "./refusal.ts";

const MEMORY_PATTERN = /^[1-9]\d{0,14}(?:\.\d{1,3})?(?:[kMGT]i?)?$/;
const MAX_PROCESSORS = 10_000;
const MAX_PRICE = 1_000_000;

const RESOURCES: readonly (keyof Resources)[] = ["cpu", "memory", "gpu"];
const PRICES: readonly (keyof Prices)[] = ["perCpuSecond", "perGpuSecond", "perCall"];

/** Answers the faults of a version's resources and prices; `at` is the pointer to the version. */
export function checkCosts({ resources, prices }: NewVersion, at: string): Problem[] {
  return [
    ...checkFields(
      resources,
      RESOURCES,
      `${at}/resources`,
      (name, value) =>
        name === "memory"
          ? typeof value === "string" && MEMORY_PATTERN.test(value)
            ? undefined
            : "an amount of bytes as Kubernetes writes it, such as 512Mi"
          : numberFault(value, MAX_PROCESSORS),
    ),
    ...checkFields(
      prices,
      PRICES,
      `${at}/prices`,
      (_, value) => numberFault(value, MAX_PRICE),
    ),
  ];
}

function checkFields<K extends string>(
  given: unknown,
  names: readonly K[],
  at: string,
  faultOf: (name: K, value: unknown) => string | undefined,
): Problem[] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return [{ pointer: at, expected: "an object" }];
  }
  return Object.entries(given).flatMap(([name, value]): Problem[] => {
    if (value === undefined) return [];
    const pointer = `${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!names.includes(name as K)) {
      return [{ pointer, expected: `one of ${names.join(", ")}` }];
    }
    const expected = faultOf(name as K, value);
    return expected === undefined ? [] : [{ pointer, expected }];
  });
}

function numberFault(value: unknown, most: number): string | undefined {
  const good = typeof value === "number" && value >= 0 && value <= most;
  return good ? undefined : `a number from 0 to ${most}`;
}
