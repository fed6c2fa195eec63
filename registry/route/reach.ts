/**
 * Finds rules that can never decide: those whose conditions exclude each other, and those behind a
 * rule that takes all they would. What it finds is so; it does not find everything that is.
 *
 * @module
 */
import type { RouteCondition, RouteRule } from "../route.ts";
import { compileTest, sameJson } from "./condition.ts";
import { parsePath } from "./path.ts";

/** Why a rule is never reached; undefined where it may be. Its conditions are checked already. */
export function unreachable(rules: readonly RouteRule[], index: number): string | undefined {
  const rule = rules[index]!;
  if (excludeEachOther(rule.when)) return "conditions that can hold together";
  const before = rules.findIndex((other, at) => at < index && covers(other, rule));
  if (before < 0) return undefined;
  return `something that rule ${rules[before]!.name ?? before} does not take before it`;
}

/** True if what passes `later` passes `earlier`: each condition of it follows from one of those. */
function covers(earlier: RouteRule, later: RouteRule): boolean {
  return earlier.when.every((wanted) => later.when.some((given) => implies(given, wanted)));
}

function excludeEachOther(when: readonly RouteCondition[]): boolean {
  return when.some((one, i) => when.some((other, k) => i !== k && excludes(one, other)));
}

function implies(given: RouteCondition, wanted: RouteCondition): boolean {
  const kind = wanted.user ? "user" : wanted.team ? "team" : undefined;
  if (kind) return given[kind]?.every((name) => wanted[kind]!.includes(name)) ?? false;
  if (subjectOf(given) !== subjectOf(wanted)) return false;
  if (wanted.exists === true && given.exists !== false) return true;
  const values = valuesOf(given);
  if (values) return values.every(testOf(wanted));
  if (given.range && wanted.range) {
    return (given.range.min ?? -Infinity) >= (wanted.range.min ?? -Infinity) &&
      (given.range.max ?? Infinity) <= (wanted.range.max ?? Infinity);
  }
  return sameJson(given, wanted);
}

function excludes(one: RouteCondition, other: RouteCondition): boolean {
  if (one.user && other.user) return !one.user.some((name) => other.user!.includes(name));
  if (one.user || one.team || subjectOf(one) !== subjectOf(other)) return false;
  if (one.exists === false) return other.exists !== false;
  const values = valuesOf(one);
  if (values) return !values.some(testOf(other));
  return one.range !== undefined && other.range !== undefined &&
    (one.range.min ?? -Infinity) > (other.range.max ?? Infinity);
}

/** The only values that pass the condition, where it lists them. */
function valuesOf(condition: RouteCondition): readonly unknown[] | undefined {
  return condition.in ?? (Object.hasOwn(condition, "equals") ? [condition.equals] : undefined);
}

function testOf(condition: RouteCondition): (value: unknown) => boolean {
  const test = compileTest(condition);
  const isNumber = condition.header !== undefined && condition.range !== undefined;
  return (value) => test(isNumber ? Number(value) : value);
}

/** Two spellings of one place are one subject. */
function subjectOf({ field, header }: RouteCondition): string | undefined {
  if (header !== undefined) return `header ${header.toLowerCase()}`;
  return field === undefined ? undefined : `field ${JSON.stringify(parsePath(field)?.map(String))}`;
}
