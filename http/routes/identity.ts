/**
 * Who asks, as the gateway understands it.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { type Scope, SCOPE_NAMES } from "../../registry/scope.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { KeyUser, ScopeSchema } from "../wire/key.ts";
import { problems } from "../wire/problem.ts";

const IdentitySchema = z.object({
  user: KeyUser.openapi({ description: "Who asks." }),
  teams: z.array(z.string()).openapi({ description: "Whose rights the user has too." }),
  superuser: z.boolean(),
  scopes: z.array(ScopeSchema).optional().openapi({
    description: "What the credential is good for; everything but `approve` where it is not set.",
  }),
  keyId: z.string().optional().openapi({
    description: "Id of the API key; not there for a token of the OpenID provider.",
  }),
}).openapi("Identity", {
  description: "Who asks: whom the API key belongs to, or whom the token's claims stand for.",
  example: {
    user: "ada",
    teams: ["chemistry"],
    superuser: false,
    scopes: ["read", "run"],
    keyId: "7f6c1a52-0c8e-4d6f-9a39-3f6c9d1c2b41",
  },
});

const read = createRoute({
  method: "get",
  path: "/v1/identity",
  operationId: "getIdentity",
  tags: [TAGS.keys.name],
  summary: "Who am I?",
  description: "Answers who asks and by which rights: how the claims of a token are understood.",
  security: SECURED,
  responses: {
    200: { description: "Who asks.", content: json(IdentitySchema) },
    ...problems({ 401: true }),
  },
});

/** Adds the operation. */
export function identityRoute(app: Api): void {
  app.openapi(read, (c) => {
    const { user, teams, superuser, scopes, keyId } = c.get("principal");
    return c.json({
      user,
      teams: [...teams],
      superuser,
      ...(scopes && { scopes: SCOPE_NAMES.filter((name): name is Scope => scopes.includes(name)) }),
      ...(keyId !== undefined && { keyId }),
    }, 200);
  });
}
