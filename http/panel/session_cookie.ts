/**
 * The session's cookie: HttpOnly, SameSite=Lax, and Secure behind TLS.
 *
 * @module
 */
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { SESSION_MS } from "./session.ts";

/** True if the browser spoke TLS: to this process, or to the proxy before it. */
export function isSecure(c: Context): boolean {
  const forwarded = c.req.header("x-forwarded-proto")?.split(",", 1)[0]?.trim().toLowerCase();
  return (forwarded ?? new URL(c.req.url).protocol.replace(":", "")) === "https";
}

/** The address that the browser knows the gateway by: its own, or the proxy's before it. */
export function originOf(c: Context): string {
  const host = c.req.header("x-forwarded-host") ?? new URL(c.req.url).host;
  return `${isSecure(c) ? "https" : "http"}://${host}`;
}

/** Answers the cookie's sealed text. */
export function readSession(c: Context): string | undefined {
  return getCookie(c, nameFor(c));
}

/** Sets the cookie. */
export function writeSession(c: Context, sealed: string): void {
  setCookie(c, nameFor(c), sealed, { ...options(c), maxAge: SESSION_MS / 1000 });
}

/** Takes the cookie away. */
export function clearSession(c: Context): void {
  deleteCookie(c, nameFor(c), options(c));
}

// A browser takes a name with `__Host-` only over TLS, and from this very host.
function nameFor(c: Context): string {
  return isSecure(c) ? "__Host-model-gateway" : "model-gateway";
}

function options(c: Context) {
  // Lax, not Strict: a link to a job in a mail is to lead to the job.
  return { path: "/", httpOnly: true, sameSite: "Lax", secure: isSecure(c) } as const;
}
