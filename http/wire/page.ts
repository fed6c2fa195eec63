/**
 * Lists as they go over the wire: a page of items and the cursor of the next.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** Answers the schema of a page of these items, named in the OpenAPI document. */
export function pageOf<T extends z.ZodType>(name: string, item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().optional().openapi({
      description: "Give this as `cursor` to get the next page; not there on the last.",
    }),
  }).openapi(name);
}

const DIGITS = /^\d{1,9}$/;

/** An integer from a query string; within the range, it comes out as a number. */
export function queryInteger(minimum: number, maximum: number, description: string) {
  return z.string().regex(DIGITS, `an integer from ${minimum} to ${maximum}`)
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum))
    .openapi({ type: "integer", minimum, maximum, description });
}

/**
 * A parameter that may be given several times: one value or many come out as an array. `component`
 * names the item's schema in the OpenAPI document.
 */
export function queryList<T extends z.ZodType<string, string>>(
  item: T,
  component: string,
  description: string,
) {
  return z.union([item.transform((value) => [value]), z.array(item).max(20)]).openapi({
    type: "array",
    items: { $ref: `#/components/schemas/${component}` },
    description,
  });
}

export const MAX_PAGE = 200;

export const limitParameter = queryInteger(1, MAX_PAGE, `Items on a page, at most ${MAX_PAGE}.`)
  .optional().openapi({ example: 50 });

/** How many items a page has where the request does not say. */
export const DEFAULT_PAGE = 50;

export const cursorParameter = z.string().max(500).optional().openapi({
  description: "The `nextCursor` of the page before.",
});
