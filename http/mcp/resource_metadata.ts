/**
 * Where an agent gets a token for its user, where the gateway trusts an OpenID provider: metadata of a
 * protected resource (RFC 9728).
 *
 * @module
 */
import type { Context } from "hono";
import { SCOPE_NAMES } from "../../registry/scope.ts";
import type { Api } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { originOf } from "../panel/session_cookie.ts";
import { notFound, Problem } from "../problem.ts";

const RESOURCE = "/mcp";
const WELL_KNOWN = "/.well-known/oauth-protected-resource";

type Trusting = Pick<Gateway, "oidc">;

/** Adds the metadata; there is none where only keys are taken. */
export function resourceMetadata(app: Api, { oidc }: Trusting): void {
  for (const path of [WELL_KNOWN, WELL_KNOWN + RESOURCE]) {
    // Not for clients of the API, so not in its document.
    app.all(path, (c) => {
      if (!takesTokens({ oidc })) throw notFound("path", path);
      return c.json({
        resource: originOf(c) + RESOURCE,
        resource_name: "Model Gateway",
        authorization_servers: [oidc!.settings.issuer],
        bearer_methods_supported: ["header"],
        scopes_supported: SCOPE_NAMES,
      });
    });
  }
}

/** Does it, and lets a 401 say where the metadata is (RFC 9728, section 5.1). */
export async function challenged<T>(
  c: Context,
  gateway: Trusting,
  check: () => T | Promise<T>,
): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401 || !takesTokens(gateway)) throw error;
    const { headers = {}, ...rest } = error.details;
    const challenge = headers["www-authenticate"] ?? "Bearer";
    const metadata = `resource_metadata="${originOf(c)}${WELL_KNOWN}${RESOURCE}"`;
    throw new Problem(error.kind, {
      ...rest,
      headers: { ...headers, "www-authenticate": `${challenge}, ${metadata}` },
    });
  }
}

function takesTokens({ oidc }: Trusting): boolean {
  return oidc !== undefined && oidc.settings.audiences.length > 0;
}
