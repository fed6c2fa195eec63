/**
 * Who asks: the bearer of an API key.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Catalog } from "../registry/catalog.ts";
import type { Principal } from "../registry/principal.ts";
import type { GatewayEnv } from "./gateway.ts";
import { Problem } from "./problem.ts";
import { requireScope, scopeFor } from "./scope_check.ts";

const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;

/** Answers the principal behind an `Authorization` header, if the key is known. */
export function bearerOf(
  catalog: Pick<Catalog, "principal">,
  header: string | null,
): Principal | undefined {
  const key = header === null ? undefined : BEARER.exec(header)?.[1];
  return key === undefined ? undefined : catalog.principal(key);
}

/** Answers the principal of a request. Throws a 401 problem. */
export function requirePrincipal(
  catalog: Pick<Catalog, "principal">,
  header: string | null,
): Principal {
  const principal = bearerOf(catalog, header);
  if (principal) return principal;
  const known = header !== null;
  throw new Problem("unauthorized", {
    detail: known ? "the API key is unknown or past its time" : "the request has no API key",
    errors: [{ header: "Authorization", expected: "`Bearer ` and a valid API key" }],
    headers: {
      "www-authenticate": `Bearer realm="model-gateway"${known ? ', error="invalid_token"' : ""}`,
    },
  });
}

/** Lets only bearers of valid keys pass, and leaves their principal for the handlers. */
export function authenticate(catalog: Catalog): MiddlewareHandler<GatewayEnv> {
  return (c, next) => {
    const principal = requirePrincipal(catalog, c.req.raw.headers.get("authorization"));
    requireScope(principal, scopeFor(c.req.method, c.req.path));
    c.set("principal", principal);
    return next();
  };
}
