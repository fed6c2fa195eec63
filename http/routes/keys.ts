/**
 * API keys: made, listed, rotated and revoked.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import type { ApiKey, NewApiKey } from "../../registry/registry.ts";
import { mayGrant } from "../../registry/scope.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { notFound, Problem } from "../problem.ts";
import {
  KeyId,
  KeyPageSchema,
  KeyParams,
  keyToWire,
  KeyUser,
  MadeKeySchema,
  NewKeySchema,
  RotationSchema,
} from "../wire/key.ts";
import { DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { ReasonQuery } from "../wire/reason.ts";

const common = { tags: [TAGS.keys.name], security: SECURED };
const PATH = "/v1/keys";
const UNKNOWN = "There is no such key, or it is someone else's.";
const DEFAULT_GRACE_SECONDS = 3600;
/** Keys of one user; every gateway holds all keys in memory. */
const MAX_KEYS = 100;

const create = createRoute({
  ...common,
  method: "post",
  path: PATH,
  operationId: "createKey",
  summary: "Make a key",
  description:
    "Makes a key for the caller, with no more rights than the caller's own; a superuser " +
    "makes keys for anyone. The key is answered once.",
  request: { body: { required: true, content: json(NewKeySchema) } },
  responses: {
    201: { description: "The key.", content: json(MadeKeySchema) },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: "The key would have rights that the caller does not have.",
      409: `The user has ${MAX_KEYS} keys already.`,
    }),
  },
});

const list = createRoute({
  ...common,
  method: "get",
  path: PATH,
  operationId: "listKeys",
  summary: "List keys",
  description: "Lists the caller's keys, the newest first; for superusers those of everyone.",
  request: {
    query: z.strictObject({
      user: KeyUser.optional().openapi({ description: "Only this user's." }),
      query: z.string().max(200).optional().openapi({
        description: "A part of the user, a team, the label or the id.",
        example: "laptop",
      }),
      limit: limitParameter,
      cursor: KeyId.optional().openapi({ description: "The `nextCursor` of the page before." }),
    }),
  },
  responses: {
    200: { description: "A page of keys.", content: json(KeyPageSchema) },
    ...problems({ 401: true, 422: true }),
  },
});

const rotate = createRoute({
  ...common,
  method: "post",
  path: `${PATH}/{id}/rotate`,
  operationId: "rotateKey",
  summary: "Rotate a key",
  description: "Gives a key a new secret, which is answered once. The old one is taken for the " +
    "stated grace; one that was rotated before ends at once.",
  request: { params: KeyParams, body: { required: true, content: json(RotationSchema) } },
  responses: {
    200: { description: "The key with its new secret.", content: json(MadeKeySchema) },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: "The key has rights that the caller does not have.",
      404: UNKNOWN,
    }),
  },
});

const revoke = createRoute({
  ...common,
  method: "delete",
  path: `${PATH}/{id}`,
  operationId: "revokeKey",
  summary: "Revoke a key",
  description: "Ends a key for good, on every gateway within a second.",
  request: { params: KeyParams, query: ReasonQuery },
  responses: {
    204: { description: "The key is gone." },
    ...problems({
      401: true,
      403: true,
      404: UNKNOWN,
      409: "It is the last superuser's key.",
      422: true,
    }),
  },
});

/** Adds the operations on keys. */
export function keyRoutes(app: Api, gateway: Gateway): void {
  const { registry, catalog, limits, now } = gateway;

  app.openapi({ ...create, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const { reason, expiresAt, user = principal.user, ...rest } = c.req.valid("json");
    const end = expiresAt === undefined ? undefined : Date.parse(expiresAt);
    const owner = { ...rest, user, ...(end !== undefined && { expiresAt: end }) };
    requireGrant(principal, owner);
    if (end !== undefined && end <= now()) throw invalid("/expiresAt", "a time to come");
    const held = await registry.keys(user);
    if (held.length >= MAX_KEYS) {
      throw new Problem("too-many", { detail: `${user} has ${held.length} keys: revoke one` });
    }
    const { key, record } = await registry.createKey(subjectsOf(principal)[0]!, owner, reason);
    await catalog.refresh();
    return c.json({ ...keyToWire(record), key }, 201);
  });

  app.openapi(list, async (c) => {
    const principal = c.get("principal");
    const { user, query = "", limit = DEFAULT_PAGE, cursor } = c.req.valid("query");
    const whose = principal.superuser ? user : user ?? principal.user;
    const all = (await registry.keys(whose))
      .filter((key) => sees(principal, key) && matches(key, query));
    const from = cursor === undefined ? 0 : all.findIndex(({ id }) => id === cursor) + 1;
    if (cursor !== undefined && from === 0) {
      throw new Problem("invalid-request", {
        errors: [{ parameter: "cursor", expected: "the `nextCursor` of a page of this list" }],
      });
    }
    const page = all.slice(from, from + limit);
    const more = all.length > from + limit;
    return c.json({
      items: page.map(keyToWire),
      ...(more && { nextCursor: page[page.length - 1]!.id }),
    }, 200);
  });

  app.openapi({ ...rotate, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const known = await keyFor(gateway, principal, c.req.valid("param").id);
    // Its secret is shown to the caller, who could then do whatever the key can.
    requireGrant(principal, known);
    const { graceSeconds = DEFAULT_GRACE_SECONDS, reason } = c.req.valid("json");
    const oldUntil = now() + graceSeconds * 1000;
    const actor = subjectsOf(principal)[0]!;
    const { key, record } = await registry.rotateKey(actor, known.id, oldUntil, reason);
    await catalog.refresh();
    return c.json({ ...keyToWire(record), key }, 200);
  });

  app.openapi(revoke, async (c) => {
    const principal = c.get("principal");
    const { id } = await keyFor(gateway, principal, c.req.valid("param").id);
    await registry.revokeKey(subjectsOf(principal)[0]!, id, c.req.valid("query").reason);
    await catalog.refresh();
    return c.body(null, 204);
  });
}

function sees(principal: Principal, key: ApiKey): boolean {
  return principal.superuser || key.user === principal.user;
}

function matches({ id, user, teams, label = "" }: ApiKey, query: string): boolean {
  const part = query.trim().toLowerCase();
  return [id, user, label, ...teams].some((text) => text.toLowerCase().includes(part));
}

async function keyFor({ registry }: Gateway, principal: Principal, id: string): Promise<ApiKey> {
  const key = await registry.key(id);
  if (key && sees(principal, key)) return key;
  throw notFound("key", id, { parameter: "id" });
}

function requireGrant(principal: Principal, key: NewApiKey): void {
  const { user, teams = [], superuser = false, scopes } = key;
  const rights = { user, teams, superuser, ...(scopes && { scopes }) };
  const outlives = principal.expiresAt !== undefined &&
    (key.expiresAt ?? Infinity) > principal.expiresAt;
  if (mayGrant(principal, rights) && !outlives) return;
  throw new Problem("forbidden", {
    detail: outlives
      ? "the key would outlive the key that makes it: give it an `expiresAt` before that one's"
      : "the key would have rights that the caller does not have",
  });
}

function invalid(pointer: string, expected: string): Problem {
  return new Problem("invalid-request", { detail: "1 fault", errors: [{ pointer, expected }] });
}
