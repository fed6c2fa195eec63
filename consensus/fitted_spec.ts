/**
 * A spec with the weights and offsets that a fit proposes.
 *
 * @module
 */
import type { Fit } from "./fit.ts";
import type { ConsensusOutput, ConsensusSpec } from "./spec.ts";

/** Digits that are kept of a weight or an offset: more than measurements carry. */
const DIGITS = 6;

/** Puts a fit's scheme, weights and offsets into a spec; the other outputs stay as they are. */
export function fittedSpec(
  spec: ConsensusSpec,
  { scheme, weights, offsets }: Pick<Fit, "scheme" | "weights" | "offsets">,
): ConsensusSpec {
  const [main, ...others] = spec.outputs;
  const { fallback } = main!;
  const output: ConsensusOutput = {
    name: "value",
    rule: { kind: "scheme", scheme, trim: 0 },
    ...(fallback !== undefined && { fallback }),
  };
  const children = spec.children.map((child, i) => ({
    ...child,
    weight: rounded(weights[i]!),
    offset: rounded(offsets[i]!),
  }));
  return { ...spec, children, outputs: [output, ...others] };
}

/** To the digits that are written down. */
export function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
