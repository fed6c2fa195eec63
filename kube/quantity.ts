/**
 * Amounts of memory as Kubernetes writes them.
 *
 * @module
 */

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The bytes of an amount such as `512Mi`. Throws for what is none. */
export function bytesOf(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)([kMGT]i?|Ki)?$/.exec(quantity);
  const factor = match && FACTORS[match[2] ?? ""];
  if (!factor) throw new Error(`${quantity} is no amount of memory`);
  return Number(match[1]) * factor;
}

/** Whole mebibytes, rounded up. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / FACTORS.Mi!)}Mi`;
}

/** Processors as Kubernetes writes them: `2`, or thousandths of one. */
export function processors(count: number): string {
  return Number.isInteger(count) ? String(count) : `${Math.ceil(count * 1000)}m`;
}
