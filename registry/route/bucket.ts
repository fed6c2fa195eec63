/**
 * Where a key falls: the same place for the same key, on every gateway and in every replay.
 *
 * @module
 */
import { hash } from "node:crypto";

/** Places that a key may fall to: a share is exact to a hundredth of a percent. */
export const BUCKETS = 10_000;

/**
 * Answers 0 to 9,999: the first four bytes of SHA-256 over salt, purpose and key, with a line feed
 * between them, as a big-endian number, modulo 10,000. Two purposes fall independently.
 */
export function bucketOf(salt: string, purpose: string, key: string): number {
  const digest = hash("sha256", `${salt}\n${purpose}\n${key}`, "hex");
  return parseInt(digest.slice(0, 8), 16) % BUCKETS;
}

/** A share in percent as a number of buckets. */
export function bucketsOf(percent: number): number {
  return Math.round(percent * (BUCKETS / 100));
}
