/**
 * Backends that are registered once by name and shared by many models.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Document } from "../../registry/document.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { mayUseBackend, type RegisteredBackend } from "../../registry/registered_backend.ts";
import { BackendInUse } from "../../registry/registry.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { inUse, modelsOn } from "../backend_users.ts";
import { jsonBody } from "../body.ts";
import { countOf } from "../errors.ts";
import type { Gateway } from "../gateway.ts";
import { checkServicePolicy } from "../policy_check.ts";
import { notFound, Problem } from "../problem.ts";
import {
  BackendName,
  BackendPageSchema,
  BackendParams,
  BackendPatchSchema,
  BackendSchema,
  backendToWire,
  NewBackendSchema,
} from "../wire/backend.ts";
import { DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { ReasonQuery } from "../wire/reason.ts";

const common = { tags: [TAGS.backends.name], security: SECURED };
const PATH = "/v1/backends";
const ONE = `${PATH}/{backend}`;

const create = createRoute({
  ...common,
  method: "post",
  path: PATH,
  operationId: "createBackend",
  summary: "Register a backend",
  description: "Registers a backend that versions may name: `{kind: registered, backend: NAME}`. " +
    "For superusers. Every worker knows it within a second.",
  request: { body: { required: true, content: json(NewBackendSchema) } },
  responses: {
    201: {
      description: "The backend is registered.",
      headers: { Location: header("Path of the backend.", "/v1/backends/triton") },
      content: json(BackendSchema),
    },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: true,
      409: "A backend has that name, perhaps in another case.",
    }),
  },
});

const list = createRoute({
  ...common,
  method: "get",
  path: PATH,
  operationId: "listBackends",
  summary: "List registered backends",
  description: "Lists by name what versions of the caller's may name.",
  request: {
    query: z.strictObject({
      limit: limitParameter,
      cursor: BackendName.optional().openapi({
        description: "The `nextCursor` of the page before.",
      }),
    }),
  },
  responses: {
    200: { description: "A page of backends.", content: json(BackendPageSchema) },
    ...problems({ 401: true, 422: true }),
  },
});

const read = createRoute({
  ...common,
  method: "get",
  path: ONE,
  operationId: "getBackend",
  summary: "Read a registered backend",
  description: "Answers a backend. Its addresses, and where its credentials are found, are for " +
    "superusers; the credentials themselves are for nobody. Who may not use it gets 404.",
  request: { params: BackendParams },
  responses: {
    200: { description: "The backend.", content: json(BackendSchema) },
    ...problems({ 401: true, 404: true }),
  },
});

const update = createRoute({
  ...common,
  method: "patch",
  path: ONE,
  operationId: "updateBackend",
  summary: "Change a registered backend",
  description: "Changes the fields that are there; null takes one away. For superusers. Workers " +
    "follow within a second; calls under way end where they began.",
  request: { params: BackendParams, body: { required: true, content: json(BackendPatchSchema) } },
  responses: {
    200: { description: "The backend as it is now.", content: json(BackendSchema) },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: true,
      404: true,
      409: "It was changed meanwhile.",
    }),
  },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: ONE,
  operationId: "deleteBackend",
  summary: "Delete a registered backend",
  description: "Refused while a version names it. For superusers.",
  request: { params: BackendParams, query: ReasonQuery },
  responses: {
    204: { description: "The backend is gone." },
    ...problems({
      401: true,
      403: true,
      404: true,
      409: "Versions name it; their models are told.",
      422: true,
    }),
  },
});

/** Adds the operations on registered backends. */
export function backendRoutes(app: Api, gateway: Gateway): void {
  const { registry, catalog, limits } = gateway;
  const wire = (principal: Principal, document: Document) =>
    backendToWire(
      document,
      modelsOn(gateway, principal, document),
      principal.superuser,
      principal.superuser ? gateway.backends.states?.(document.name) : undefined,
    );

  app.openapi({ ...create, middleware: jsonBody(limits) }, async (c) => {
    const principal = superuser(c.get("principal"));
    const { name, reason, ...backend } = c.req.valid("json");
    checkService(gateway, backend);
    await catalog.refresh();
    if (catalog.document("backend", name)) {
      throw new Problem("name-taken", { detail: `backend:${name} exists already` });
    }
    const document = await registry.setDocument(actorOf(principal), "backend", name, backend, {
      ifRevision: 0,
      ...(reason !== undefined && { reason }),
    });
    await catalog.refresh();
    c.header("Location", `${PATH}/${document.name}`);
    return c.json(wire(principal, document), 201);
  });

  app.openapi(list, (c) => {
    const { limit = DEFAULT_PAGE, cursor } = c.req.valid("query");
    const principal = c.get("principal");
    const after = cursor?.toLowerCase();
    const rest = [...catalog.documents("backend")]
      .filter(([key, document]) =>
        (after === undefined || key > after) && sees(principal, document)
      )
      .sort(([a], [b]) => a < b ? -1 : 1);
    const page = rest.slice(0, limit);
    return c.json({
      items: page.map(([, document]) => wire(principal, document)),
      ...(rest.length > limit && { nextCursor: page[page.length - 1]![1].name }),
    }, 200);
  });

  app.openapi(read, (c) => {
    const principal = c.get("principal");
    const document = backendFor(gateway, principal, c.req.valid("param").backend);
    return c.json(wire(principal, document), 200);
  });

  app.openapi({ ...update, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    await catalog.refresh();
    const before = backendFor(gateway, principal, c.req.valid("param").backend);
    superuser(principal);
    const { reason, ...patch } = c.req.valid("json");
    const backend = patched(before.value as RegisteredBackend, patch);
    checkService(gateway, backend);
    const actor = actorOf(principal);
    const document = await registry.setDocument(actor, "backend", before.name, backend, {
      ifRevision: before.revision,
      ...(reason !== undefined && { reason }),
    });
    await catalog.refresh();
    return c.json(wire(principal, document), 200);
  });

  app.openapi(remove, async (c) => {
    const principal = c.get("principal");
    await catalog.refresh();
    const document = backendFor(gateway, principal, c.req.valid("param").backend);
    superuser(principal);
    const { reason } = c.req.valid("query");
    try {
      await registry.deleteDocument(actorOf(principal), "backend", document.name, {
        ...(reason !== undefined && { reason }),
      });
    } catch (error) {
      throw error instanceof BackendInUse ? inUse(error) : error;
    }
    await catalog.refresh();
    return c.body(null, 204);
  });
}

function superuser(principal: Principal): Principal {
  if (principal.superuser) return principal;
  throw new Problem("forbidden", { detail: "superusers register backends" });
}

function actorOf(principal: Principal): string {
  return subjectsOf(principal)[0]!;
}

function sees(principal: Principal, { value }: Document): boolean {
  return mayUseBackend(principal, value as RegisteredBackend);
}

function backendFor({ catalog }: Gateway, principal: Principal, name: string): Document {
  const document = catalog.document("backend", name);
  if (document && sees(principal, document)) return document;
  throw notFound("backend", name, { parameter: "backend" });
}

/** Throws 422 for instances that cannot be called: not the operator's hosts, or not the policy's. */
function checkService(gateway: Gateway, backend: RegisteredBackend): void {
  const errors = gateway.backends.checkService?.(backend) ?? [];
  if (errors.length > 0) {
    throw new Problem("invalid-definition", { detail: countOf(errors), errors });
  }
  checkServicePolicy(gateway, backend);
}

type Patch = Omit<z.infer<typeof BackendPatchSchema>, "reason">;

function patched(before: RegisteredBackend, patch: Patch): RegisteredBackend {
  const merged = Object.entries({ ...before, ...patch }).filter(([, value]) =>
    value !== null && value !== undefined
  );
  return Object.fromEntries(merged) as unknown as RegisteredBackend;
}
