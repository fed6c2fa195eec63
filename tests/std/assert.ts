/**
 * The part of JSR's `@std/assert` that the tests use, over `node:assert`. To switch to JSR, change
 * one line of the import map.
 *
 * @module
 */
import assertNode from "node:assert/strict";

export { AssertionError } from "node:assert";

/** Fails unless the value is truthy. */
export function assert(value: unknown, message?: string): asserts value {
  assertNode.ok(value, message);
}

/** Fails unless the two are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  assertNode.deepEqual(actual, expected, message);
}

/** Fails if the two are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  assertNode.notDeepEqual(actual, expected, message);
}

/** Fails unless the two are the same value. */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): void {
  assertNode.equal(actual, expected, message);
}

/** Fails if the value is null or undefined. */
export function assertExists<T>(
  value: T,
  message = "expected a value",
): asserts value is NonNullable<T> {
  assertNode.ok(value !== null && value !== undefined, message);
}

/** Fails unless `actual` lies within `tolerance` (absolute; 1e-7 of `expected` by default). */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = Math.max(Math.abs(expected) * 1e-7, 1e-12),
): void {
  assertNode.ok(
    Math.abs(actual - expected) <= tolerance,
    `expected ${expected} +/- ${tolerance}, got ${actual}`,
  );
}

/** Fails unless the text contains the part. */
export function assertStringIncludes(actual: string, part: string, message?: string): void {
  assertNode.ok(
    actual.includes(part),
    message ?? `expected text containing ${part}, got ${actual}`,
  );
}

/** Fails unless the text matches. */
export function assertMatch(actual: string, pattern: RegExp, message?: string): void {
  assertNode.match(actual, pattern, message);
}

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** Fails unless the call throws; answers what it threw. */
export function assertThrows<E extends Error = Error>(
  call: () => unknown,
  errorClass?: ErrorClass<E>,
  includes?: string,
): E {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    return checkThrown(error, errorClass, includes);
  }
  assertNode.fail(`expected an error, got ${String(thrown)}`);
}

/** Fails unless the promise rejects; answers its reason. */
export async function assertRejects<E extends Error = Error>(
  call: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  try {
    await call();
  } catch (error) {
    return checkThrown(error, errorClass, includes);
  }
  assertNode.fail("expected a rejection");
}

/** Fails always: for places that must not be reached. */
export function fail(message = "reached a place that must not be reached"): never {
  assertNode.fail(message);
}

function checkThrown<E extends Error>(
  error: unknown,
  errorClass?: ErrorClass<E>,
  includes?: string,
): E {
  assertNode.ok(error instanceof Error, `expected an Error, got ${String(error)}`);
  if (errorClass) {
    assertNode.ok(
      error instanceof errorClass,
      `expected ${errorClass.name}, got ${error.name}: ${error.message}`,
    );
  }
  if (includes !== undefined) assertStringIncludes(error.message, includes);
  return error as E;
}
