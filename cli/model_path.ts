/**
 * Where a model is in the API.
 *
 * @module
 */

/** The path of a model, whatever its name holds. */
export function modelPath(model: string): string {
  return `/v1/models/${encodeURIComponent(model)}`;
}
