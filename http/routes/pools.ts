/**
 * Worker pools: how the workers of models are run on Kubernetes.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { poolsOf } from "../../registry/worker_pool.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { notFound, Problem } from "../problem.ts";
import { ModelName } from "../wire/names.ts";
import { DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { NewPoolSchema, PoolPageSchema, PoolParams, PoolSchema, poolToWire } from "../wire/pool.ts";
import { problems } from "../wire/problem.ts";
import { ReasonQuery } from "../wire/reason.ts";

const common = { tags: [TAGS.pools.name], security: SECURED };
const PATH = "/v1/pools/{pool}";
const FOR_SUPERUSERS = "For superusers: pools name images, secrets and nodes.";

const list = createRoute({
  ...common,
  method: "get",
  path: "/v1/pools",
  operationId: "listPools",
  summary: "List worker pools",
  description: `Lists how workers are run on Kubernetes. ${FOR_SUPERUSERS}`,
  request: {
    query: z.strictObject({
      limit: limitParameter,
      cursor: ModelName.optional().openapi({ description: "The `nextCursor` of the page before." }),
    }),
  },
  responses: {
    200: { description: "A page of pools.", content: json(PoolPageSchema) },
    ...problems({ 401: true, 403: true, 422: true }),
  },
});

const read = createRoute({
  ...common,
  method: "get",
  path: PATH,
  operationId: "getPool",
  summary: "Read a worker pool",
  description: `Answers one pool. ${FOR_SUPERUSERS}`,
  request: { params: PoolParams },
  responses: {
    200: { description: "The pool.", content: json(PoolSchema) },
    ...problems({ 401: true, 403: true, 404: true, 422: true }),
  },
});

const put = createRoute({
  ...common,
  method: "put",
  path: PATH,
  operationId: "setPool",
  summary: "Set a worker pool",
  description: "Sets the whole pool. A scheduler that looks after workers changes them within " +
    `seconds; those that run jobs finish them first. ${FOR_SUPERUSERS}`,
  request: { params: PoolParams, body: { required: true, content: json(NewPoolSchema) } },
  responses: {
    200: { description: "The pool as it is now.", content: json(PoolSchema) },
    ...problems({
      400: true,
      401: true,
      403: true,
      409: "A pool whose name differs in case alone is there.",
      413: true,
      415: true,
      422: "A field is wrong, there is no such model, or it is in another pool.",
    }),
  },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: PATH,
  operationId: "deletePool",
  summary: "Delete a worker pool",
  description: "Its models get workers of their own, under the installation's defaults. " +
    FOR_SUPERUSERS,
  request: { params: PoolParams, query: ReasonQuery },
  responses: {
    204: { description: "The pool is gone." },
    ...problems({ 401: true, 403: true, 404: true, 422: true }),
  },
});

/** Adds the operations on worker pools. */
export function poolRoutes(app: Api, gateway: Gateway): void {
  const { registry, catalog, limits } = gateway;
  const find = (name: string) => {
    const document = catalog.document("pool", name);
    if (!document) throw notFound("pool", name, { parameter: "pool" });
    return document;
  };

  app.openapi(list, (c) => {
    requireSuperuser(c.get("principal"));
    const { limit = DEFAULT_PAGE, cursor } = c.req.valid("query");
    const after = cursor?.toLowerCase();
    const pools = [...catalog.documents("pool")]
      .filter(([key]) => after === undefined || key > after)
      .sort(([a], [b]) => a < b ? -1 : 1).map(([, document]) => document);
    const page = pools.slice(0, limit);
    return c.json({
      items: page.map(poolToWire),
      ...(pools.length > limit && { nextCursor: page[page.length - 1]!.name }),
    }, 200);
  });

  app.openapi(read, (c) => {
    requireSuperuser(c.get("principal"));
    return c.json(poolToWire(find(c.req.valid("param").pool)), 200);
  });

  app.openapi({ ...put, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    requireSuperuser(principal);
    const { pool: name } = c.req.valid("param");
    const { reason, ...pool } = c.req.valid("json");
    const before = catalog.document("pool", name);
    if (before && before.name !== name) {
      throw new Problem("name-taken", { detail: `${before.name} is a pool` });
    }
    checkModels(gateway, name, pool.models);
    const actor = subjectsOf(principal)[0]!;
    const document = await registry.setDocument(actor, "pool", name, pool, {
      ...(reason !== undefined && { reason }),
    });
    await catalog.refresh();
    return c.json(poolToWire(document), 200);
  });

  app.openapi(remove, async (c) => {
    const principal = c.get("principal");
    requireSuperuser(principal);
    const { name } = find(c.req.valid("param").pool);
    const { reason } = c.req.valid("query");
    await registry.deleteDocument(subjectsOf(principal)[0]!, "pool", name, {
      ...(reason && { reason }),
    });
    await catalog.refresh();
    return c.body(null, 204);
  });
}

function requireSuperuser({ superuser }: Principal): void {
  if (!superuser) throw new Problem("forbidden", { detail: "superusers see and set pools" });
}

/** Throws 422 for models that are not there, or in another pool. */
function checkModels({ catalog }: Gateway, name: string, models: readonly string[]): void {
  const others = poolsOf(catalog).filter((other) => other.name !== name);
  const taken = new Map(
    others.flatMap((other) => other.pool.models.map((model) => [model.toLowerCase(), other.name])),
  );
  const seen = new Set<string>();
  const errors = models.flatMap((model, i) => {
    const pointer = `/models/${i}`;
    const key = model.toLowerCase();
    if (seen.has(key)) return [{ pointer, expected: "each model once" }];
    seen.add(key);
    if (!catalog.model(model)) return [{ pointer, expected: "an existing model" }];
    const other = taken.get(key);
    return other === undefined ? [] : [{ pointer, expected: `a model that is not in ${other}` }];
  });
  if (errors.length > 0) throw new Problem("invalid-request", { errors });
}
