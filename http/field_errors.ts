/**
 * What zod finds wrong, as the fields at fault and what was expected of them.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { FieldError } from "./wire/problem.ts";

/** Which part of a request was checked. */
export type RequestPart = "json" | "query" | "param" | "header" | "cookie" | "form";

type Issue = z.core.$ZodIssue;

/** Lists the faults; an unknown field is one of its own. */
export function fieldErrors(issues: readonly Issue[], part: RequestPart): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        ...place([...issue.path, key], part),
        expected: "no such field: it is unknown here",
      }));
    }
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      const expected = issue.errors.map((branch) => branch.map(expectation).join(" and "));
      return [{ ...place(issue.path, part), expected: expected.join(", or ") }];
    }
    return [{ ...place(issue.path, part), expected: expectation(issue) }];
  });
}

/** Joins the steps of a path to a JSON Pointer (RFC 6901). */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((step) => "/" + String(step).replaceAll("~", "~0").replaceAll("/", "~1")).join(
    "",
  );
}

function place(path: readonly PropertyKey[], part: RequestPart): Partial<FieldError> {
  switch (part) {
    case "json":
    case "form":
      return { pointer: jsonPointer(path) };
    case "header":
    case "cookie":
      return { header: String(path[0] ?? "") };
    case "query":
    case "param":
      return { parameter: String(path[0] ?? "") };
  }
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "integer" : issue.expected;
    case "too_big":
      return `at most ${issue.maximum}${unit(issue.origin)}`;
    case "too_small":
      return `at least ${issue.minimum}${unit(issue.origin)}`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    // The schemas of these give their rule in words.
    default:
      return issue.message;
  }
}

function unit(origin: string): string {
  switch (origin) {
    case "string":
      return " characters";
    case "array":
    case "set":
      return " entries";
    case "object":
      return " fields";
    default:
      return "";
  }
}
