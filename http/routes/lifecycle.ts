/**
 * When a version goes out of use.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import type { Model, Version } from "../../registry/model.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import { maySeeBackend } from "../consensus/visible_children.ts";
import type { Gateway } from "../gateway.ts";
import { ETAG, etagOf, IfMatchHeader, ifRevision } from "../if_match.ts";
import { LIFECYCLE_HEADERS, lifecycleHeaders } from "../lifecycle_headers.ts";
import { modelFor } from "../lookup.ts";
import { ageVersion } from "../owner_actions.ts";

import type { Principal } from "../../registry/principal.ts";
import { lifecycleFromWire, NewLifecycleSchema } from "../wire/lifecycle.ts";
import { VersionParams } from "../wire/names.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { ReasonQuery } from "../wire/reason.ts";
import { VersionSchema, versionToWire } from "../wire/version.ts";

const common = {
  tags: [TAGS.versions.name],
  security: SECURED,
  path: "/v1/models/{model}/versions/{version}/lifecycle",
};

const NOW = {
  description: "The version as it is now.",
  headers: { ...ETAG, ...LIFECYCLE_HEADERS },
  content: json(VersionSchema),
};

const put = createRoute({
  ...common,
  method: "put",
  operationId: "setLifecycle",
  summary: "Deprecate or retire a version",
  description: "Says from when on a version is deprecated, and from when on it is refused. Its " +
    "callers hear of both by the headers `Deprecation` and `Sunset`. What leads to the version " +
    "(default, alias, route) is to be moved before it gets a date of retirement. Jobs that were " +
    "accepted run to their end.",
  request: {
    params: VersionParams,
    headers: IfMatchHeader,
    body: { required: true, content: json(NewLifecycleSchema) },
  },
  responses: {
    200: NOW,
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: true,
      404: true,
      409: "The default, an alias or the route leads to the version.",
      410: "All versions of the model are retired.",
      412: true,
    }),
  },
});

const remove = createRoute({
  ...common,
  method: "delete",
  operationId: "deleteLifecycle",
  summary: "Take a version back into use",
  description: "From now on the version is neither deprecated nor retired.",
  request: { params: VersionParams, headers: IfMatchHeader, query: ReasonQuery },
  responses: {
    200: NOW,
    ...problems({
      401: true,
      403: true,
      404: true,
      410: "All versions of the model are retired: name one.",
      412: true,
      422: true,
    }),
  },
});

/** Adds the operations on the lifecycle of versions. */
export function lifecycleRoutes(app: Api, gateway: Gateway): void {
  const { catalog, limits, now } = gateway;
  const answer = (
    { model, version }: { readonly model: Model; readonly version: Version },
    principal: Principal,
  ) => {
    const isDefault = catalog.resolve(model.name)?.version.ordinal === version.ordinal;
    const seesBackend = maySeeBackend(catalog, principal, model, version);
    const { lifecycle } = version;
    return [
      versionToWire(model, version, isDefault, seesBackend, now()),
      200,
      { ...etagOf(model), ...(lifecycle && lifecycleHeaders(model, lifecycle)) },
    ] as const;
  };

  app.openapi({ ...put, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const params = c.req.valid("param");
    const model = modelFor(gateway, principal, params.model, "edit");
    const { reason, ...dates } = c.req.valid("json");
    const change = { reason, ...ifRevision(c.req.header("if-match"), model) };
    const lifecycle = lifecycleFromWire(dates);
    const aged = await ageVersion(
      gateway,
      principal,
      model.name,
      params.version,
      lifecycle,
      change,
    );
    return c.json(...answer(aged, principal));
  });

  app.openapi(remove, async (c) => {
    const principal = c.get("principal");
    const params = c.req.valid("param");
    const model = modelFor(gateway, principal, params.model, "edit");
    const { reason } = c.req.valid("query");
    const change = { reason, ...ifRevision(c.req.header("if-match"), model) };
    const { name } = model;
    const aged = await ageVersion(gateway, principal, name, params.version, undefined, change);
    return c.json(...answer(aged, principal));
  });
}
