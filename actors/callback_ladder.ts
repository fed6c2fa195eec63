/**
 * How long to wait between tries of a callback, and when to give up.
 *
 * @module
 */

/** Pauses after the first, second, ... failed try, in seconds: about seven hours in all. */
export const LADDER_SECONDS: readonly number[] = [5, 30, 120, 600, 3600, 6 * 3600];

/**
 * The pause after `tries` failed tries, in milliseconds, at least what the receiver asked for;
 * undefined when the ladder ends. Up to a tenth is taken off at random, so that tries do not meet.
 */
export function nextTryMs(
  tries: number,
  retryAfterMs: number | undefined,
  random: () => number = Math.random,
): number | undefined {
  const seconds = LADDER_SECONDS[tries - 1];
  if (seconds === undefined) return undefined;
  return Math.max(Math.round(seconds * 1000 * (1 - random() / 10)), retryAfterMs ?? 0);
}
