/**
 * Changes that are made only if nobody else was there in between: entity tags (RFC 9110, section
 * 8.8.3) and `If-Match` (section 13.1.1).
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Model } from "../registry/model.ts";
import { Changed } from "../registry/registry.ts";
import { header } from "./api.ts";
import { Problem } from "./problem.ts";

/** The header of a request, in the OpenAPI document. */
export const IfMatchHeader = z.object({
  "If-Match": z.string().optional().openapi({
    description: "The `ETag` of what is to be changed: it is changed only if it is still so.",
    example: "*",
  }),
});

/** The header of an answer, in the OpenAPI document. */
export const ETAG = { ETag: header("Names this state of the model, for `If-Match`.", '"42"') };

/** The entity tag of a model with its versions. */
export function etagOf({ revision }: Pick<Model, "revision">): { readonly etag: string } {
  return { etag: `"${revision}"` };
}

const TAG = /^(?:W\/)?"[\x21\x23-\x7e]*"$/;

/** Answers the revision that is to be changed; undefined for any. Throws 412, and 422 for no tag. */
export function ifRevision(
  header: string | undefined,
  { revision, name }: Pick<Model, "revision" | "name">,
): { readonly ifRevision?: number } {
  if (header === undefined || header.trim() === "*") return {};
  const tags = header.split(",").map((tag) => tag.trim());
  if (!tags.every((tag) => TAG.test(tag))) {
    throw new Problem("invalid-request", {
      errors: [{ header: "If-Match", expected: "`*`, or the `ETag` of an answer" }],
    });
  }
  if (!tags.includes(`"${revision}"`)) throw notAsItWas(name);
  return { ifRevision: revision };
}

/** Answers what a write answers; 412 if someone else was there in between. */
export async function guarded<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw error instanceof Changed
      ? new Problem("precondition-failed", { detail: error.message })
      : error;
  }
}

function notAsItWas(model: string): Problem {
  return new Problem("precondition-failed", {
    detail: `${model} has changed since it was read: read it again`,
    errors: [{ header: "If-Match", expected: "the `ETag` that it has now" }],
  });
}
