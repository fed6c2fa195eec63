/**
 * The check of a query string, for routes whose body zod does not read.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import { countOf } from "./errors.ts";
import { fieldErrors } from "./field_errors.ts";
import { Problem } from "./problem.ts";

/** Answers the checked query. Throws 422. */
export function queryOf<T extends z.ZodType>(schema: T, url: string): z.infer<T> {
  const values: [string, string | string[]][] = [];
  const parameters = new URL(url).searchParams;
  for (const name of new Set(parameters.keys())) {
    const all = parameters.getAll(name);
    values.push([name, all.length === 1 ? all[0]! : all]);
  }
  const result = schema.safeParse(Object.fromEntries(values));
  if (result.success) return result.data;
  const errors = fieldErrors(result.error.issues, "query");
  throw new Problem("invalid-request", { detail: countOf(errors), errors });
}
