/**
 * What stands for a version of a model: the default, and aliases such as `champion`.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { can } from "../../registry/access.ts";
import type { Model } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { ETAG, etagOf, IfMatchHeader, ifRevision } from "../if_match.ts";
import { modelFor } from "../lookup.ts";
import { deleteAlias, moveAlias, moveDefault } from "../owner_actions.ts";
import { ModelSchema, modelToWire } from "../wire/model.ts";
import { AliasParams, ModelParams, VersionName } from "../wire/names.ts";
import { problems } from "../wire/problem.ts";
import { Reason, ReasonQuery } from "../wire/reason.ts";

const common = { tags: [TAGS.versions.name], security: SECURED };
const DEFAULT_PATH = "/v1/models/{model}/default-version";
const ALIAS_PATH = "/v1/models/{model}/aliases/{alias}";
const NOW = {
  description: "The model as it is now; `version` answers from now on.",
  headers: ETAG,
  content: json(ModelSchema),
};
const WRITTEN = {
  400: true,
  401: true,
  403: true,
  404: "There is no such model or version, or it is not shared with the caller.",
  412: true,
  413: true,
  415: true,
  422: "A field is wrong, or the version is to retire.",
} as const;

const PointerSchema = z.strictObject({ version: VersionName, reason: Reason }).openapi(
  "VersionPointer",
  {
    description: "The version that is meant from now on.",
    example: { version: "1.0", reason: "2.0 is off on salts" },
  },
);

const BODY = { required: true, content: json(PointerSchema) };

const setDefault = createRoute({
  ...common,
  method: "put",
  path: DEFAULT_PATH,
  operationId: "setDefaultVersion",
  summary: "Choose the version that answers",
  description: "Sets the version that answers those who name none, unless the model's route says " +
    "otherwise. Every gateway holds to it within a second; jobs that are accepted keep theirs.",
  request: { params: ModelParams, headers: IfMatchHeader, body: BODY },
  responses: { 200: NOW, ...problems(WRITTEN) },
});

const unsetDefault = createRoute({
  ...common,
  method: "delete",
  path: DEFAULT_PATH,
  operationId: "deleteDefaultVersion",
  summary: "Let the latest version answer",
  description: "From now on the latest version answers those who name none.",
  request: { params: ModelParams, headers: IfMatchHeader, query: ReasonQuery },
  responses: {
    200: NOW,
    ...problems({ 401: true, 403: true, 404: true, 412: true, 422: true }),
  },
});

const setAlias = createRoute({
  ...common,
  method: "put",
  path: ALIAS_PATH,
  operationId: "setAlias",
  summary: "Let a name stand for a version",
  description: "Makes an alias or moves it: it can be given wherever a version is named.",
  request: { params: AliasParams, headers: IfMatchHeader, body: BODY },
  responses: {
    200: NOW,
    ...problems({ ...WRITTEN, 409: "A version has that name." }),
  },
});

const removeAlias = createRoute({
  ...common,
  method: "delete",
  path: ALIAS_PATH,
  operationId: "deleteAlias",
  summary: "Delete an alias",
  description: "The version that it stood for stays.",
  request: { params: AliasParams, headers: IfMatchHeader, query: ReasonQuery },
  responses: {
    200: NOW,
    ...problems({
      401: true,
      403: true,
      404: "There is no such model or alias, or it is not shared with the caller.",
      409: "The model's route leads to the alias.",
      412: true,
      422: true,
    }),
  },
});

/** Adds the operations on the default version and on aliases. */
export function versionNameRoutes(app: Api, gateway: Gateway): void {
  const { catalog, limits } = gateway;
  const wire = (model: Model, principal: Principal) =>
    modelToWire(
      model,
      catalog.resolve(model.name)?.version.version,
      can(principal, "manage_access", model),
    );
  /** The model that is to be changed, and as what it was read. */
  const found = (principal: Principal, name: string, ifMatch: string | undefined) => {
    const model = modelFor(gateway, principal, name, "move_default");
    return { name: model.name, revision: ifRevision(ifMatch, model) };
  };

  app.openapi({ ...setDefault, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const { version, reason } = c.req.valid("json");
    const { name, revision } = found(
      principal,
      c.req.valid("param").model,
      c.req.header("if-match"),
    );
    const model = await moveDefault(gateway, principal, name, version, { reason, ...revision });
    return c.json(wire(model, principal), 200, etagOf(model));
  });

  app.openapi(unsetDefault, async (c) => {
    const principal = c.get("principal");
    const { reason } = c.req.valid("query");
    const { name, revision } = found(
      principal,
      c.req.valid("param").model,
      c.req.header("if-match"),
    );
    const model = await moveDefault(gateway, principal, name, undefined, { reason, ...revision });
    return c.json(wire(model, principal), 200, etagOf(model));
  });

  app.openapi({ ...setAlias, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const { version, reason } = c.req.valid("json");
    const { model: named, alias } = c.req.valid("param");
    const { name, revision } = found(principal, named, c.req.header("if-match"));
    const change = { reason, ...revision };
    const model = await moveAlias(gateway, principal, name, alias, version, change);
    return c.json(wire(model, principal), 200, etagOf(model));
  });

  app.openapi(removeAlias, async (c) => {
    const principal = c.get("principal");
    const { reason } = c.req.valid("query");
    const { model: named, alias } = c.req.valid("param");
    const { name, revision } = found(principal, named, c.req.header("if-match"));
    const model = await deleteAlias(gateway, principal, name, alias, { reason, ...revision });
    return c.json(wire(model, principal), 200, etagOf(model));
  });
}
