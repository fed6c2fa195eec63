/**
 * Errors as the Open Inference Protocol has them: `{"error": "..."}`.
 *
 * @module
 */
import type { Problem } from "../problem.ts";

/** True for paths under which errors are the protocol's. */
export function isOpenInference(path: string): boolean {
  return path === "/v2" || path.startsWith("/v2/");
}

/** Writes a problem as an error of the protocol: the status stays, the faults become words. */
export function openInferenceError(problem: Problem): Response {
  const { headers } = problem.details;
  return Response.json({ error: wordsOf(problem) }, {
    status: problem.status,
    headers: { ...headers },
  });
}

function wordsOf(problem: Problem): string {
  const { title, detail, errors = [], instance } = problem.document();
  const faults = errors.map(({ pointer, parameter, header, expected }) => {
    const where = header ?? parameter ?? pointer;
    return where === undefined || where === "" ? `expected ${expected}` : `${where}: ${expected}`;
  });
  const known = detail === undefined ? [title] : [`${title}: ${detail}`];
  return [...known, ...faults, ...(instance === undefined ? [] : [instance])].join("; ");
}
