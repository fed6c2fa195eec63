/**
 * Lets only those pass who are signed in, and of what changes anything only the gateway's own forms.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Api } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { principalOf } from "../auth.ts";
import { Problem } from "../problem.ts";
import { ApiCaller } from "./api_caller.ts";
import { isFragment } from "./page.tsx";
import type { PanelEnv } from "./panel.ts";
import { isSameOrigin } from "./same_origin.ts";
import { openSession, type Seal } from "./session.ts";
import { clearSession, readSession } from "./session_cookie.ts";

const SAFE: readonly string[] = ["GET", "HEAD"];

/** Leaves the session, the principal and the caller of the API for the pages. */
export function signedIn(app: Api, gateway: Gateway, seal: Seal): MiddlewareHandler<PanelEnv> {
  return async (c, next) => {
    const session = openSession(seal, readSession(c), gateway.now());
    const principal = session && await principalOf(gateway, session.bearer);
    if (!session || !principal) {
      clearSession(c);
      const url = new URL(c.req.url);
      const back = SAFE.includes(c.req.method) && !isFragment(c) ? url.pathname + url.search : "";
      const to = `/panel/sign-in${back && `?next=${encodeURIComponent(back)}`}`;
      if (!isFragment(c)) return c.redirect(to, 303);
      c.header("hx-redirect", to);
      return c.body(null, 401);
    }
    c.set("session", session);
    c.set("principal", principal);
    c.set("api", new ApiCaller(app, session.bearer));
    return await next();
  };
}

/** Lets only forms of the session's own pages change anything. */
export function ownForms(): MiddlewareHandler<PanelEnv> {
  return async (c, next) => {
    if (!SAFE.includes(c.req.method)) {
      const token = c.req.header("x-csrf-token") ?? (await c.req.parseBody()).csrf;
      if (!isSameOrigin(c) || token !== c.get("session").csrf) {
        throw new Problem("forbidden", {
          detail: "the form is of another session or another site",
        });
      }
    }
    await next();
  };
}
