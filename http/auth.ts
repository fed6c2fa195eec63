/**
 * Who asks: the bearer of an API key, or of a token of the OpenID provider.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Principal } from "../registry/principal.ts";
import { actingFor } from "./acting.ts";
import type { GatewayEnv, Operations } from "./gateway.ts";
import { TokenRefused } from "./oidc/token_refused.ts";
import { Problem } from "./problem.ts";
import { requireScope, scopeFor } from "./scope_check.ts";

type Identities = Pick<Operations, "oidc"> & {
  readonly catalog: Pick<Operations["catalog"], "principal">;
};

const BEARER = /^Bearer +([\x21-\x7e]{1,16384}) *$/i;

/**
 * Answers the principal behind an `Authorization` header, if there is one: at once for an API key and
 * for a token that was seen before. Throws or rejects with 401 for a token that is not taken.
 */
export function bearerOf(
  identities: Identities,
  header: string | null,
): Principal | undefined | Promise<Principal> {
  const bearer = bearerTextOf(header);
  return bearer === undefined ? undefined : principalOf(identities, bearer);
}

/** Answers the credential itself, of an `Authorization` header that has one. */
export function bearerTextOf(header: string | null): string | undefined {
  return header === null ? undefined : BEARER.exec(header)?.[1];
}

/** Answers whose credential it is; as {@link bearerOf}. */
export function principalOf(
  { catalog, oidc }: Identities,
  bearer: string,
): Principal | undefined | Promise<Principal> {
  const found = oidc?.find(bearer) ?? catalog.principal(bearer);
  return found instanceof Promise ? found.catch(refuse) : found;
}

/** Answers the principal of a request. Throws or rejects with a 401 problem. */
export function requirePrincipal(
  identities: Identities,
  header: string | null,
): Principal | Promise<Principal> {
  const principal = bearerOf(identities, header);
  if (principal) return principal;
  if (header === null) throw unauthorized("the request has no API key", false);
  throw unauthorized("the API key is unknown or past its time", true);
}

/** Lets only bearers of valid credentials pass, and leaves their principal for the handlers. */
export function authenticate(identities: Identities): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const request = c.req.raw;
    const found = actingFor(request) ??
      requirePrincipal(identities, request.headers.get("authorization"));
    const principal = found instanceof Promise ? await found : found;
    requireScope(principal, scopeFor(c.req.method, c.req.path));
    c.set("principal", principal);
    return await next();
  };
}

function refuse(error: unknown): never {
  throw error instanceof TokenRefused ? unauthorized(error.message, true) : error;
}

function unauthorized(detail: string, known: boolean): Problem {
  return new Problem("unauthorized", {
    detail,
    errors: [{ header: "Authorization", expected: "`Bearer ` and a valid API key or token" }],
    headers: {
      "www-authenticate": `Bearer realm="model-gateway"${known ? ', error="invalid_token"' : ""}`,
    },
  });
}
