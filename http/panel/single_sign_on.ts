/**
 * Signing in with the OpenID provider: the browser is sent there with a secret of its own, and taken
 * back only with the answer to it (authorization code with PKCE, state and nonce).
 *
 * @module
 */
import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Gateway } from "../gateway.ts";
import type { SignInAttempt } from "../oidc/oidc.ts";
import { TokenRefused } from "../oidc/token_refused.ts";
import { notFound, Problem } from "../problem.ts";
import { nextOf } from "./next_page.ts";
import { newSession, Seal } from "./session.ts";
import { isSecure, originOf, writeSession } from "./session_cookie.ts";

const COOKIE = "model-gateway-sign-in";
const PATH = "/panel/oidc";
const ATTEMPT_MS = 10 * 60 * 1000;

interface Pending {
  readonly attempt: SignInAttempt;
  readonly next: string;
  readonly end: number;
}

/** Words for a sign-in that failed, by what stands for it in the address. */
const FAULTS = {
  refused:
    "The sign-in did not succeed: the provider did not agree, or its answer was not for this " +
    "browser. Try again.",
  away: "The provider cannot be reached now. Try again in a moment.",
} as const;

/** Answers what is said of a failure; nothing for a word that stands for none. */
export function faultText(word: string): string | undefined {
  return word === "refused" || word === "away" ? FAULTS[word] : undefined;
}

/** Adds the way there and the way back, if the gateway trusts a provider. */
export function singleSignOnRoutes(panel: Hono, gateway: Gateway, sessions: Seal): void {
  const { oidc, now, log } = gateway;
  const attempts = new Seal(gateway.sessionSecret, "sign-in");

  panel.get("/oidc/start", async (c) => {
    if (!oidc?.settings.client) throw notFound("page", c.req.path);
    const next = nextOf(c.req.query("next"));
    try {
      const { url, attempt } = await oidc.signIn(`${originOf(c)}${PATH}/callback`);
      const pending: Pending = { attempt, next, end: now() + ATTEMPT_MS };
      setCookie(c, COOKIE, attempts.close(pending), {
        ...cookieOptions(c),
        maxAge: ATTEMPT_MS / 1000,
      });
      return c.redirect(url, 303);
    } catch (error) {
      return failed(c, next, error);
    }
  });

  panel.get("/oidc/callback", async (c) => {
    if (!oidc?.settings.client) throw notFound("page", c.req.path);
    const pending = attempts.open(getCookie(c, COOKIE) ?? "") as Pending | undefined;
    deleteCookie(c, COOKIE, cookieOptions(c));
    const next = pending?.next ?? nextOf(undefined);
    try {
      if (!pending || pending.end <= now()) throw new TokenRefused("it was not begun here");
      const bearer = await oidc.signedIn(pending.attempt, new URL(c.req.url).searchParams);
      writeSession(c, sessions.close(newSession(bearer, now())));
      return c.redirect(next, 303);
    } catch (error) {
      return failed(c, next, error);
    }
  });

  function failed(c: Context, next: string, error: unknown): Response {
    const away = error instanceof Problem && error.kind === "unavailable";
    if (!away && !(error instanceof TokenRefused)) throw error;
    log.error("a sign-in with the provider failed", { error });
    const fault = away ? "away" : "refused";
    return c.redirect(`/panel/sign-in?fault=${fault}&next=${encodeURIComponent(next)}`, 303);
  }
}

function cookieOptions(c: Context) {
  // Lax: the way back begins on the provider's page.
  return { path: PATH, httpOnly: true, sameSite: "Lax", secure: isSecure(c) } as const;
}
