/**
 * The API for scripts of the gateway's own pages: the session stands in for the key, which no script
 * ever sees.
 *
 * @module
 */
import type { Context } from "hono";
import type { Gateway } from "../gateway.ts";
import { principalOf } from "../auth.ts";
import { Problem } from "../problem.ts";
import { problemResponse } from "../errors.ts";
import type { Panel, PanelEnv } from "./panel.ts";
import { openSession, type Seal } from "./session.ts";
import { readSession } from "./session_cookie.ts";

const PREFIX = "/panel/api";
/** Headers of a request that mean something to the API. */
const PASSED_ON = [
  "accept",
  "content-type",
  "idempotency-key",
  "prefer",
  "last-event-id",
  "traceparent",
];

/** Tells the documentation's page who is signed in, or that nobody is. */
export function sessionRoute(panel: Panel, gateway: Gateway, seal: Seal): void {
  panel.get("/session", async (c) => {
    const session = openSession(seal, readSession(c), gateway.now());
    const principal = session && await principalOf(gateway, session.bearer);
    return c.json(session && principal ? { user: principal.user, csrf: session.csrf } : null);
  });
}

/** Passes requests on to the API; each, reads too, has to carry the session's token. */
export function apiBridge(panel: Panel): void {
  panel.all("/api/v1/*", async (c: Context<PanelEnv>) => {
    if (c.req.header("x-csrf-token") !== c.get("session").csrf) {
      return problemResponse(
        new Problem("forbidden", { detail: "the session's token is missing" }),
      );
    }
    const headers: Record<string, string> = {};
    for (const name of PASSED_ON) {
      const value = c.req.header(name);
      if (value !== undefined) headers[name] = value;
    }
    const url = new URL(c.req.url);
    return await c.get("api").pass(url.pathname.slice(PREFIX.length) + url.search, {
      method: c.req.method,
      headers,
      body: c.req.raw.body,
      signal: c.req.raw.signal,
    });
  });
}
