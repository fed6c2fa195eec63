/**
 * Quotas: what users, teams, keys and models may use, and what they use now.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { can } from "../../registry/access.ts";
import type { Document } from "../../registry/document.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { notFound, Problem } from "../problem.ts";
import { DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import {
  NewQuotaSchema,
  QuotaPageSchema,
  QuotaParams,
  QuotaSchema,
  QuotaSubject,
  quotaToWire,
} from "../wire/quota.ts";
import { ReasonQuery } from "../wire/reason.ts";

const common = { tags: [TAGS.quotas.name], security: SECURED };
const PATH = "/v1/quotas/{subject}";
const UNKNOWN = "The subject has no quota, or it is not the caller's to see.";

const list = createRoute({
  ...common,
  method: "get",
  path: "/v1/quotas",
  operationId: "listQuotas",
  summary: "List quotas",
  description: "Lists the quotas that the caller is under, with those of models they own; for " +
    "superusers all.",
  request: {
    query: z.strictObject({
      limit: limitParameter,
      cursor: QuotaSubject.optional().openapi({
        description: "The `nextCursor` of the page before.",
      }),
    }),
  },
  responses: {
    200: { description: "A page of quotas.", content: json(QuotaPageSchema) },
    ...problems({ 401: true, 422: true }),
  },
});

const read = createRoute({
  ...common,
  method: "get",
  path: PATH,
  operationId: "getQuota",
  summary: "Read a quota",
  description: "Answers a quota and what is used of it. Users see those they are under; owners, " +
    "those of their models.",
  request: { params: QuotaParams },
  responses: {
    200: { description: "The quota.", content: json(QuotaSchema) },
    ...problems({ 401: true, 404: UNKNOWN }),
  },
});

const put = createRoute({
  ...common,
  method: "put",
  path: PATH,
  operationId: "setQuota",
  summary: "Set a quota",
  description:
    "Sets the whole quota of a user, a team, a key or a model. For superusers; that of " +
    "a model for its owners too. Every gateway holds to it within a second.",
  request: { params: QuotaParams, body: { required: true, content: json(NewQuotaSchema) } },
  responses: {
    200: { description: "The quota as it is now.", content: json(QuotaSchema) },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: true,
      404: "There is no such model or key.",
      409: "A subject whose name differs in case alone has a quota.",
    }),
  },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: PATH,
  operationId: "deleteQuota",
  summary: "Delete a quota",
  description: "From now on the subject is not limited.",
  request: { params: QuotaParams, query: ReasonQuery },
  responses: {
    204: { description: "The quota is gone." },
    ...problems({ 401: true, 403: true, 404: UNKNOWN, 422: true }),
  },
});

/** Adds the operations on quotas. */
export function quotaRoutes(app: Api, gateway: Gateway): void {
  const { registry, catalog, jobs, limits } = gateway;
  const wire = async (documents: readonly Document[]) => {
    const uses = await jobs.ledger.quotaUse(documents.map(({ name }) => name));
    return documents.map((document, i) => quotaToWire(document, uses[i]!));
  };

  app.openapi(list, async (c) => {
    const principal = c.get("principal");
    const { limit = DEFAULT_PAGE, cursor } = c.req.valid("query");
    const visible = [...catalog.documents("quota").values()]
      .filter(({ name }) =>
        (cursor === undefined || name > cursor) && sees(gateway, principal, name)
      )
      .sort((a, b) => a.name < b.name ? -1 : 1);
    const page = visible.slice(0, limit);
    return c.json({
      items: await wire(page),
      ...(visible.length > limit && { nextCursor: page[page.length - 1]!.name }),
    }, 200);
  });

  app.openapi(read, async (c) => {
    const document = quotaOf(gateway, c.get("principal"), c.req.valid("param").subject);
    return c.json((await wire([document]))[0]!, 200);
  });

  app.openapi({ ...put, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    const subject = await subjectFor(gateway, principal, c.req.valid("param").subject);
    const { reason, ...quota } = c.req.valid("json");
    const before = catalog.document("quota", subject);
    if (before && before.name !== subject) {
      throw new Problem("name-taken", { detail: `${before.name} has a quota` });
    }
    const actor = subjectsOf(principal)[0]!;
    const document = await registry.setDocument(actor, "quota", subject, quota, {
      ...(reason !== undefined && { reason }),
    });
    await catalog.refresh();
    return c.json((await wire([document]))[0]!, 200);
  });

  app.openapi(remove, async (c) => {
    const principal = c.get("principal");
    const { name } = quotaOf(gateway, principal, c.req.valid("param").subject);
    requireRight(gateway, principal, name);
    const { reason } = c.req.valid("query");
    const actor = subjectsOf(principal)[0]!;
    await registry.deleteDocument(actor, "quota", name, { ...(reason && { reason }) });
    await catalog.refresh();
    return c.body(null, 204);
  });
}

/** True if the quota of the subject is the caller's to see. */
function sees({ catalog }: Gateway, principal: Principal, subject: string): boolean {
  if (principal.superuser || subjectsOf(principal).includes(subject)) return true;
  if (subject === `key:${principal.keyId}`) return true;
  const model = modelIn(subject) && catalog.model(modelIn(subject)!);
  return !!model && can(principal, "edit", model);
}

function modelIn(subject: string): string | undefined {
  return subject.startsWith("model:") ? subject.slice("model:".length) : undefined;
}

function quotaOf(gateway: Gateway, principal: Principal, subject: string): Document {
  const document = gateway.catalog.document("quota", subject);
  const same = document?.name === subject || modelIn(subject) !== undefined;
  if (document && same && sees(gateway, principal, document.name)) return document;
  throw notFound("quota of", subject, { parameter: "subject" });
}

function requireRight(gateway: Gateway, principal: Principal, subject: string): void {
  const owned = modelIn(subject) !== undefined && sees(gateway, principal, subject);
  if (principal.superuser || owned) return;
  throw new Problem("forbidden", { detail: "superusers set quotas" });
}

/** The subject as it is spelt in the registry. Throws 404 for a model or key that is not there. */
async function subjectFor(
  gateway: Gateway,
  principal: Principal,
  subject: string,
): Promise<string> {
  const named = modelIn(subject);
  const model = named === undefined ? undefined : gateway.catalog.model(named);
  if (named !== undefined && (!model || !can(principal, "read", model))) {
    throw notFound("model", named, { parameter: "subject" });
  }
  requireRight(gateway, principal, subject);
  if (model) return `model:${model.name}`;
  const id = subject.startsWith("key:") ? subject.slice("key:".length) : undefined;
  if (id !== undefined && !await gateway.registry.key(id)) {
    throw notFound("key", id, { parameter: "subject" });
  }
  return subject;
}
