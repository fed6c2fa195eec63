/**
 * Who may see and use a model.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import type { ModelAccess } from "../../registry/registry.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { ETAG, etagOf, IfMatchHeader, ifRevision } from "../if_match.ts";
import { modelFor } from "../lookup.ts";
import { shareModel } from "../owner_actions.ts";
import { AccessSchema, accessToWire, NewAccessSchema } from "../wire/access.ts";
import { ModelParams } from "../wire/names.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";

const common = {
  tags: [TAGS.models.name],
  security: SECURED,
  path: "/v1/models/{model}/access",
};

const read = createRoute({
  ...common,
  method: "get",
  operationId: "getAccess",
  summary: "See who may use a model",
  description: "Answers visibility, owners, readers and delegates. For those who manage them.",
  request: { params: ModelParams },
  responses: {
    200: { description: "The access.", headers: ETAG, content: json(AccessSchema) },
    ...problems({ 401: true, 403: true, 404: true }),
  },
});

const put = createRoute({
  ...common,
  method: "put",
  operationId: "setAccess",
  summary: "Set who may use a model",
  description: "Sets all of it. Owners and superusers do as they like; delegates with the right " +
    "`manage_access` change readers, and hand on rights that they have themselves. Every gateway " +
    "holds to it within a second.",
  request: {
    params: ModelParams,
    headers: IfMatchHeader,
    body: { required: true, content: json(NewAccessSchema) },
  },
  responses: {
    200: { description: "The access as it is now.", headers: ETAG, content: json(AccessSchema) },
    ...problems({ ...BODY_REFUSALS, 401: true, 403: true, 404: true, 412: true }),
  },
});

/** Adds the operations on access. */
export function modelAccessRoutes(app: Api, gateway: Gateway): void {
  app.openapi(read, (c) => {
    const { model } = c.req.valid("param");
    const found = modelFor(gateway, c.get("principal"), model, "manage_access");
    return c.json(accessToWire(found), 200, etagOf(found));
  });

  app.openapi({ ...put, middleware: jsonBody(gateway.limits) }, async (c) => {
    const principal = c.get("principal");
    const before = modelFor(gateway, principal, c.req.valid("param").model, "manage_access");
    const { reason, ...access } = c.req.valid("json");
    const change = { reason, ...ifRevision(c.req.header("if-match"), before) };
    const after = await shareModel(
      gateway,
      principal,
      before.name,
      access as ModelAccess,
      change,
    );
    return c.json(accessToWire(after), 200, etagOf(after));
  });
}
