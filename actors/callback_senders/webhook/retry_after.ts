/**
 * The `Retry-After` header (RFC 9110, section 10.2.3).
 *
 * @module
 */

/** The longest pause that is honoured: a day. */
const LONGEST_MS = 24 * 3600 * 1000;

/** Milliseconds to wait, from seconds or an HTTP date; undefined for anything else. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const pause = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(pause)) return undefined;
  return Math.min(Math.max(pause, 0), LONGEST_MS);
}
