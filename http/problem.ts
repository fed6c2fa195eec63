/**
 * A request that cannot be answered as asked, thrown from anywhere under a route.
 *
 * @module
 */
import type { FieldError, ProblemDocument } from "./wire/problem.ts";

/** The kinds of problems: status and title. The key ends the problem's `type`. */
export const PROBLEM_KINDS = {
  "invalid-json": [400, "The body is not valid JSON"],
  "unauthorized": [401, "An API key is needed"],
  "forbidden": [403, "That is not yours to do"],
  "not-found": [404, "Not found"],
  "method-not-allowed": [405, "The path does not take this method"],
  "name-taken": [409, "The name is taken"],
  "in-use": [409, "It is still in use"],
  "changed": [409, "It has changed meanwhile"],
  "idempotency-conflict": [409, "The idempotency key was used for another request"],
  "job-unfinished": [409, "The job is not finished"],
  "job-final": [409, "The job has ended"],
  "canary-ended": [409, "The canary has ended"],
  "not-dead-lettered": [409, "The job is not dead-lettered"],
  "plan-ended": [409, "The plan waits no more"],
  "too-many": [409, "There are too many already"],
  "version-retired": [410, "The version is retired"],
  "precondition-failed": [412, "It has changed since it was read"],
  "body-too-large": [413, "The body is too large"],
  "unsupported-media-type": [415, "The body is of another media type"],
  "invalid-request": [422, "The request breaks the API's schema"],
  "invalid-definition": [422, "The definition breaks the registry's rules"],
  "invalid-input": [422, "The input breaks the version's schema"],
  "manifest-refused": [422, "A manifest is refused"],
  "policy-violated": [422, "The administrator's policy forbids it"],
  "loop-detected": [422, "Gateways call each other in a loop"],
  "job-failed": [422, "The job failed"],
  "job-cancelled": [422, "The job was cancelled"],
  "job-expired": [422, "The job expired"],
  "quota-exceeded": [429, "A quota has no room"],
  "internal": [500, "Something unexpected happened"],
  "unavailable": [503, "Not available now"],
  "timeout": [504, "It did not end in time"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemKind = keyof typeof PROBLEM_KINDS;

/** What a problem says besides its kind. */
export interface ProblemDetails {
  readonly detail?: string;
  readonly instance?: string;
  readonly errors?: FieldError[];
  readonly job?: ProblemDocument["job"];
  readonly error?: ProblemDocument["error"];
  /** Headers of the response, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a problem document. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(readonly kind: ProblemKind, readonly details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEM_KINDS[kind][1]);
  }

  get status(): number {
    return PROBLEM_KINDS[this.kind][0];
  }

  /** The document for the wire. */
  document(): ProblemDocument {
    const [status, title] = PROBLEM_KINDS[this.kind];
    const { headers: _, ...rest } = this.details;
    return { type: `urn:model-gateway:problem:${this.kind}`, title, status, ...rest };
  }
}

/** The problem of a thing that is not there, or not for this caller. */
export function notFound(what: string, name: string, where?: Partial<FieldError>): Problem {
  const shown = name.length > 80 ? name.slice(0, 80) + "..." : name;
  return new Problem("not-found", {
    detail: `there is no ${what} ${JSON.stringify(shown)}`,
    ...(where && { errors: [{ expected: `an existing ${what}`, ...where }] }),
  });
}
