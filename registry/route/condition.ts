/**
 * Conditions of a route's rules: what they look at, and whether it holds.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { linearPattern } from "../linear_pattern.ts";
import type { RouteCondition } from "../route.ts";
import { parsePath, valueAt } from "./path.ts";

/** What a route may look at of a request. */
export interface RouteRequest {
  readonly user: string;
  readonly teams: readonly string[];
  /** Parsed JSON. */
  readonly input: unknown;
  /** The id that its job will have. */
  readonly jobId: string;
  /** The value of a header; null where it is not there. */
  header(name: string): string | null;
}

/** A condition made ready. */
export type ConditionTest = (request: RouteRequest) => boolean;

/** The tests of a value; a condition has one of them. */
export const TESTS = ["exists", "equals", "in", "range", "pattern"] as const;

/** Patterns look at this many characters of a text. */
const MAX_PATTERN_TEXT = 100_000;

/** Compiles a condition that was checked. */
export function compileCondition(condition: RouteCondition): ConditionTest {
  const { field, header, user, team } = condition;
  if (user) {
    const names = new Set(user);
    return (request) => names.has(request.user);
  }
  if (team) {
    const names = new Set(team);
    return (request) => request.teams.some((name) => names.has(name));
  }
  const test = compileTest(condition);
  if (header !== undefined) {
    const isNumber = condition.range !== undefined;
    return (request) => {
      const text = request.header(header) ?? undefined;
      return test(isNumber && text !== undefined && text.trim() !== "" ? Number(text) : text);
    };
  }
  const path = parsePath(field!)!;
  return (request) => test(valueAt(request.input, path));
}

/** Compiles the test of a value; what is not there is undefined, and passes `exists: false` only. */
export function compileTest(condition: RouteCondition): (value: unknown) => boolean {
  if (condition.exists !== undefined) {
    const { exists } = condition;
    return (value) => (value !== undefined) === exists;
  }
  if (condition.in) {
    const wanted = condition.in;
    return (value) => value !== undefined && wanted.some((each) => sameJson(each, value));
  }
  if (condition.range) {
    const { min = -Infinity, max = Infinity } = condition.range;
    return (value) => typeof value === "number" && value >= min && value <= max;
  }
  if (condition.pattern !== undefined) {
    const pattern = linearPattern(condition.pattern);
    return (value) => typeof value === "string" && pattern.test(value.slice(0, MAX_PATTERN_TEXT));
  }
  return (value) => value !== undefined && sameJson(condition.equals, value);
}

/** True for two equal JSON values, whatever the order of their fields. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || typeof a === "object" && typeof b === "object" && isDeepStrictEqual(a, b);
}
