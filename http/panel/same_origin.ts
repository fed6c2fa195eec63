/**
 * Whether a request comes from the gateway's own pages.
 *
 * @module
 */
import type { Context } from "hono";

/** Decides by what only browsers set; a request without any of it is no browser's. */
export function isSameOrigin(c: Context): boolean {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" || site === "none";
  const origin = c.req.header("origin");
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === (c.req.header("x-forwarded-host") ?? c.req.header("host"));
}
