/**
 * The names of the models that the chemistry backend computes. Apart from the models themselves,
 * so that a registration is checked without loading a chemistry library.
 *
 * @module
 */

/** Every model of the chemistry backend. */
export const MODEL_NAMES = [
  "bbb",
  "crippen-logp",
  "druglikeness",
  "esol",
  "filter-it-logs",
  "lipinski",
  "ocl-logp",
  "ocl-logs",
] as const;

/** A model of the chemistry backend. */
export type ModelName = typeof MODEL_NAMES[number];

/** True for the name of a model. */
export function isModelName(name: unknown): name is ModelName {
  return (MODEL_NAMES as readonly unknown[]).includes(name);
}
