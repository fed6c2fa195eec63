/**
 * The versions of a model: add, list, read.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Model, Version } from "../../registry/model.ts";
import type { NewVersion } from "../../registry/registry.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import { maySeeBackend } from "../consensus/visible_children.ts";
import type { Gateway } from "../gateway.ts";
import { LIFECYCLE_HEADERS, lifecycleHeaders } from "../lifecycle_headers.ts";
import { modelFor, versionFor } from "../lookup.ts";
import { ModelParams, VersionParams } from "../wire/names.ts";
import { DEFAULT_PAGE, limitParameter, queryInteger } from "../wire/page.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { checkedVersion } from "../version_check.ts";
import {
  NewVersionSchema,
  VersionPageSchema,
  VersionSchema,
  versionToWire,
} from "../wire/version.ts";

const tags = [TAGS.versions.name];

const add = createRoute({
  method: "post",
  path: "/v1/models/{model}/versions",
  operationId: "addVersion",
  tags,
  summary: "Add a version",
  description:
    "Adds a version, which never changes afterwards. It becomes the latest; it answers " +
    "by default only where no default version is set.",
  security: SECURED,
  request: { params: ModelParams, body: { required: true, content: json(NewVersionSchema) } },
  responses: {
    201: {
      description: "The version is there.",
      headers: { Location: header("Path of the version.", "/v1/models/esol/versions/1.1") },
      content: json(VersionSchema),
    },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: true,
      404: true,
      409: "The model has a version of that name, perhaps in another case.",
    }),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/models/{model}/versions",
  operationId: "listVersions",
  tags,
  summary: "List versions",
  description: "Lists the versions of a model, the latest first.",
  security: SECURED,
  request: {
    params: ModelParams,
    query: z.strictObject({
      limit: limitParameter,
      cursor: queryInteger(1, 999_999_999, "").optional().openapi({
        type: "string",
        description: "The `nextCursor` of the page before.",
      }),
    }),
  },
  responses: {
    200: { description: "A page of versions.", content: json(VersionPageSchema) },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

const read = createRoute({
  method: "get",
  path: "/v1/models/{model}/versions/{version}",
  operationId: "getVersion",
  tags,
  summary: "Read a version",
  description: "Answers a version by its name, or the one that an alias, `default` or `latest` " +
    "stands for. One that is retired is still read by its name.",
  security: SECURED,
  request: { params: VersionParams },
  responses: {
    200: {
      description: "The version.",
      headers: LIFECYCLE_HEADERS,
      content: json(VersionSchema),
    },
    ...problems({ 401: true, 404: true, 410: "All versions of the model are retired." }),
  },
});

const WHERE = { model: { parameter: "model" }, version: { parameter: "version" } };

/** Adds the operations on versions. */
export function versionRoutes(app: Api, gateway: Gateway): void {
  const { registry, catalog, limits } = gateway;
  const wire = (model: Model, version: Version, principal: Principal) =>
    versionToWire(
      model,
      version,
      catalog.resolve(model.name)?.version.ordinal === version.ordinal,
      maySeeBackend(catalog, principal, model, version),
      gateway.now(),
    );

  app.openapi({ ...add, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const model = modelFor(gateway, principal, c.req.valid("param").model, "edit");
    const body = c.req.valid("json") as NewVersion;
    const asked = await checkedVersion(gateway, principal, model, body, "");
    const version = await registry.addVersion(subjectsOf(principal)[0]!, model.name, asked);
    await catalog.refresh();
    c.header("Location", `/v1/models/${model.name}/versions/${version.version}`);
    return c.json(wire(model, version, principal), 201);
  });

  app.openapi(list, (c) => {
    const principal = c.get("principal");
    const model = modelFor(gateway, principal, c.req.valid("param").model, "read");
    const { limit = DEFAULT_PAGE, cursor = Infinity } = c.req.valid("query");
    const rest = catalog.versions(model.name).filter(({ ordinal }) => ordinal < cursor).reverse();
    const page = rest.slice(0, limit);
    return c.json({
      items: page.map((version) => wire(model, version, principal)),
      ...(rest.length > limit && { nextCursor: String(page[page.length - 1]!.ordinal) }),
    }, 200);
  });

  app.openapi(read, (c) => {
    const principal = c.get("principal");
    const params = c.req.valid("param");
    const found = versionFor(gateway, principal, params.model, params.version, "read", WHERE);
    const { model, version } = found;
    const headers = version.lifecycle ? lifecycleHeaders(model, version.lifecycle) : {};
    return c.json(wire(model, version, principal), 200, headers);
  });
}
