/**
 * Problem documents (RFC 9457) as they go over the wire, and their place in the OpenAPI document.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

export const PROBLEM_TYPE = "application/problem+json";

export const FieldErrorSchema = z.object({
  pointer: z.string().optional().openapi({
    description: "JSON Pointer to the field of the body, such as `/input/smiles`.",
  }),
  parameter: z.string().optional().openapi({ description: "Name of the path or query parameter." }),
  header: z.string().optional().openapi({ description: "Name of the request header." }),
  line: z.int().optional().openapi({
    description: "Line of a YAML or JSON text, from 1, where the fault lies in one.",
  }),
  column: z.int().optional().openapi({ description: "Column of that line, from 1." }),
  expected: z.string().openapi({ description: "What was expected there." }),
  detail: z.string().optional().openapi({ description: "More about it, for people." }),
}).openapi("FieldError", { description: "One fault of a request, and where it lies." });

export const JobErrorSchema = z.object({
  code: z.string().openapi({ description: "A stable word for programs.", example: "run_timeout" }),
  message: z.string().openapi({
    description: "A sentence for people; withheld from those who may not see the job's input.",
  }),
  child: z.string().optional().openapi({
    description: "The child at fault, in a consensus, by its key.",
  }),
  version: z.string().optional().openapi({ description: "The version of that child." }),
  attempt: z.int().optional().openapi({ description: "The attempt of that child's job." }),
}).openapi("JobError", { description: "Why a job or an attempt did not end well." });

export const ProblemSchema = z.object({
  type: z.string().openapi({
    description: "Names the kind of problem; stable, for programs.",
    example: "urn:model-gateway:problem:invalid-request",
  }),
  title: z.string().openapi({ description: "The kind of problem in words." }),
  status: z.int().openapi({ description: "The HTTP status again." }),
  detail: z.string().optional().openapi({ description: "What happened in this case." }),
  instance: z.string().optional().openapi({ description: "Names this occurrence in the log." }),
  errors: z.array(FieldErrorSchema).optional().openapi({ description: "The faults, one by one." }),
  job: z.object({ id: z.string(), status: z.string() }).optional().openapi({
    description: "The job that the problem is about.",
  }),
  error: JobErrorSchema.optional(),
}).openapi("Problem", {
  description: "What went wrong: a problem document of RFC 9457.",
  example: {
    type: "urn:model-gateway:problem:invalid-input",
    title: "The input breaks the version's schema",
    status: 422,
    detail: "1 fault; nothing was queued",
    errors: [{ pointer: "/input/smiles", expected: "string" }],
  },
});

export type ProblemDocument = z.infer<typeof ProblemSchema>;
export type FieldError = z.infer<typeof FieldErrorSchema>;

const DESCRIPTIONS = {
  400: "The body is not JSON, or nested too deeply; the problem says at which position.",
  401: "No API key, or one that is unknown or past its time.",
  403: "The thing may be seen, but not used in this way.",
  404: "There is no such thing, or it is not shared with the caller.",
  409: "The state of things does not allow it.",
  410: "The version is retired: it was there, and is refused for good.",
  412: "It has changed since it was read, by `If-Match`.",
  413: "The body is larger than the gateway takes.",
  415: "The body is announced as another media type than those that are taken.",
  422: "A field, parameter or header is unknown or wrong; each fault is named.",
  429: "A quota has no room; `Retry-After` says when to try again, `RateLimit` how quotas stand.",
  500: "A surprise in the gateway. `instance` finds it in the log.",
  503: "The store does not answer now. Try again after `Retry-After` seconds.",
} as const;

type ProblemStatus = keyof typeof DESCRIPTIONS;

/** What any operation may answer to a body: not JSON, too large, of another type, or not as asked. */
export const BODY_REFUSALS = { 400: true, 413: true, 415: true, 422: true } as const;

/**
 * Answers the responses of an operation for these statuses, and for 500 and 503, which any may
 * give. A description given here says what the status means for the operation.
 */
export function problems(
  statuses: Partial<Record<ProblemStatus, string | true>>,
): Record<ProblemStatus, ReturnType<typeof problemResponse>> {
  const all = { ...statuses, 500: true, 503: true };
  const responses: Record<string, unknown> = {};
  for (const [status, text] of Object.entries(all)) {
    const description = typeof text === "string"
      ? text
      : DESCRIPTIONS[Number(status) as ProblemStatus];
    responses[status] = problemResponse(description);
  }
  // Typed as if all were there: handlers throw problems and never return them.
  return responses as Record<ProblemStatus, ReturnType<typeof problemResponse>>;
}

function problemResponse(description: string) {
  return { description, content: { "application/problem+json": { schema: ProblemSchema } } };
}
