/**
 * Models: register, find, change, delete.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { can } from "../../registry/access.ts";
import type { Model } from "../../registry/model.ts";
import type { ModelPatch, NewModel } from "../../registry/registry.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { ETAG, etagOf, guarded, IfMatchHeader, ifRevision } from "../if_match.ts";
import { modelFor } from "../lookup.ts";
import { checkOwners } from "../owners_check.ts";
import { deleteModel } from "../model_deletion.ts";
import { hasTag, rankModels } from "../search/model_relevance.ts";
import { listModels, type Place, searchModels, windowOf } from "../search/model_search.ts";
import { checkSettingsPolicy } from "../policy_check.ts";
import { Problem } from "../problem.ts";
import {
  ModelPageSchema,
  ModelPatchSchema,
  ModelSchema,
  modelToWire,
  NewModelSchema,
  VisibilitySchema,
} from "../wire/model.ts";
import { ModelParams, SubjectSchema } from "../wire/names.ts";
import { cursorParameter, DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { checkedVersion } from "../version_check.ts";

const tags = [TAGS.models.name];

const create = createRoute({
  method: "post",
  path: "/v1/models",
  operationId: "createModel",
  tags,
  summary: "Register a model",
  description: "Registers a model, with its first version if one comes along. It is private, and " +
    "its caller's, where nothing else is said.",
  security: SECURED,
  request: { body: { required: true, content: json(NewModelSchema) } },
  responses: {
    201: {
      description: "The model is registered.",
      headers: { Location: header("Path of the model.", "/v1/models/esol") },
      content: json(ModelSchema),
    },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: "Only superusers register models for others.",
      409: "A model has that name, perhaps in another case.",
    }),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/models",
  operationId: "listModels",
  tags,
  summary: "Find models",
  description: "Lists the models that the caller may read: those with every word of `query` in " +
    "their name, tags or description, the best first; all by name without a query. With `match=any` " +
    "the query may be a question in plain words, and units and documentation count too.",
  security: SECURED,
  request: {
    query: z.strictObject({
      query: z.string().max(500).optional().openapi({
        description: "Words to find.",
        example: "solubility",
      }),
      match: z.enum(["all", "any"]).optional().openapi({
        description: "`all`, the default: every word. `any`: the more of the question, the better.",
      }),
      tag: z.string().min(1).max(63).optional().openapi({
        description: "Models with this tag, in any case.",
        example: "solubility",
      }),
      owner: SubjectSchema.optional().openapi({ description: "Models that this one owns." }),
      visibility: VisibilitySchema.optional(),
      limit: limitParameter,
      cursor: cursorParameter,
    }),
  },
  responses: {
    200: { description: "A page of models.", content: json(ModelPageSchema) },
    ...problems({ 401: true, 422: true }),
  },
});

const read = createRoute({
  method: "get",
  path: "/v1/models/{model}",
  operationId: "getModel",
  tags,
  summary: "Read a model",
  description: "Answers a model, and which of its versions answers when none is named.",
  security: SECURED,
  request: { params: ModelParams },
  responses: {
    200: { description: "The model.", headers: ETAG, content: json(ModelSchema) },
    ...problems({ 401: true, 404: true }),
  },
});

const update = createRoute({
  method: "patch",
  path: "/v1/models/{model}",
  operationId: "updateModel",
  tags,
  summary: "Change a model",
  description: "Changes the fields that are there. Versions do not change; add a new one.",
  security: SECURED,
  request: {
    params: ModelParams,
    headers: IfMatchHeader,
    body: { required: true, content: json(ModelPatchSchema) },
  },
  responses: {
    200: { description: "The model as it is now.", headers: ETAG, content: json(ModelSchema) },
    ...problems({ ...BODY_REFUSALS, 401: true, 403: true, 404: true, 412: true }),
  },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/models/{model}",
  operationId: "deleteModel",
  tags,
  summary: "Delete a model",
  description: "Deletes a model with its versions, its jobs and their results. While it has " +
    "unfinished jobs it is refused, unless `force` is `true`; while it is a child of a consensus, " +
    "always.",
  security: SECURED,
  request: {
    params: ModelParams,
    query: z.strictObject({
      force: z.enum(["true", "false"]).optional().openapi({
        description: "`true` to drop unfinished jobs too.",
      }),
    }),
  },
  responses: {
    204: { description: "The model is gone." },
    ...problems({
      401: true,
      403: true,
      404: true,
      409: "It has unfinished jobs, or a consensus runs it.",
      422: true,
    }),
  },
});

/** Adds the operations on models. */
export function modelRoutes(app: Api, gateway: Gateway): void {
  const { registry, catalog, limits } = gateway;
  const wire = (model: Model, principal: Principal) =>
    modelToWire(
      model,
      catalog.resolve(model.name)?.version.version,
      can(principal, "manage_access", model),
    );

  app.openapi({ ...create, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const body = c.req.valid("json") as NewModel;
    checkOwners(principal, body.owners);
    checkSettingsPolicy(gateway, body.settings);
    const version = body.version &&
      await checkedVersion(gateway, principal, body, body.version, "/version");
    const asked = version ? { ...body, version } : body;
    const model = await registry.createModel(subjectsOf(principal)[0]!, asked);
    await catalog.refresh();
    c.header("Location", `/v1/models/${model.name}`);
    return c.json(wire(model, principal), 201);
  });

  app.openapi(list, (c) => {
    const principal = c.get("principal");
    const { query = "", match, tag, owner, visibility, limit = DEFAULT_PAGE, cursor } = c.req.valid(
      "query",
    );
    const accepts = (model: Model) =>
      can(principal, "read", model) && (owner === undefined || model.owners.includes(owner)) &&
      (visibility === undefined || model.visibility === visibility) &&
      (tag === undefined || hasTag(catalog, model, tag));
    const after = cursor === undefined ? undefined : parseCursor(cursor);
    // One more says whether there is a next page.
    const window = { after, count: limit + 1 };
    const readable = () => catalog.models().filter(accepts);
    const found = query.trim() === "" ? listModels(catalog.models(), accepts, window) : windowOf(
      match === "any" ? rankModels(catalog, readable(), query) : searchModels(readable(), query),
      window,
    );
    const page = found.slice(0, limit);
    const last = page[page.length - 1];
    return c.json({
      items: page.map(({ model }) => wire(model, principal)),
      ...(last && found.length > limit && { nextCursor: `${last.score}.${last.name}` }),
    }, 200);
  });

  app.openapi(read, (c) => {
    const principal = c.get("principal");
    const model = modelFor(gateway, principal, param(c), "read");
    return c.json(wire(model, principal), 200, etagOf(model));
  });

  app.openapi({ ...update, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const before = modelFor(gateway, principal, param(c), "edit");
    const patch = c.req.valid("json") as ModelPatch;
    checkSettingsPolicy(gateway, patch.settings);
    const asked = { ...patch, ...ifRevision(c.req.header("if-match"), before) };
    const actor = subjectsOf(principal)[0]!;
    const model = await guarded(registry.updateModel(actor, before.name, asked));
    await catalog.refresh();
    return c.json(wire(model, principal), 200, etagOf(model));
  });

  app.openapi(remove, async (c) => {
    const principal = c.get("principal");
    const model = modelFor(gateway, principal, param(c), "delete");
    await deleteModel(gateway, principal, model, c.req.valid("query").force === "true");
    return c.body(null, 204);
  });
}

function param(c: { req: { valid(part: "param"): { model: string } } }): string {
  return c.req.valid("param").model;
}

function parseCursor(cursor: string): Place {
  const parts = /^(\d{1,6})\.(.+)$/.exec(cursor);
  if (parts) return { score: Number(parts[1]), name: parts[2]! };
  throw new Problem("invalid-request", {
    errors: [{ parameter: "cursor", expected: "the `nextCursor` of a page" }],
  });
}
