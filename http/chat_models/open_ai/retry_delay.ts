/**
 * When a service wants to be asked again.
 *
 * @module
 */

/**
 * Answers the milliseconds that `Retry-After` (RFC 9110, section 10.2.3) or OpenAI's
 * `retry-after-ms` asks to wait from `now`; undefined where neither says.
 */
export function retryDelay(headers: Headers, now: number): number | undefined {
  const exact = Number(headers.get("retry-after-ms") ?? NaN);
  if (exact >= 0) return exact;
  const text = headers.get("retry-after")?.trim();
  if (!text) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
