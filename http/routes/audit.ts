/**
 * The audit trail: search, export, verification. For superusers.
 *
 * @module
 */
import { createRoute, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { type AuditCursor, type AuditQuery, searchTrail } from "../../actors/audit/audit_search.ts";
import { verifyTrail } from "../../actors/audit/audit_verify.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import type { AuditTrail, Gateway, GatewayEnv } from "../gateway.ts";
import { Problem } from "../problem.ts";
import { queryOf } from "../query.ts";
import {
  AuditExportQuerySchema,
  AuditLinesSchema,
  AuditPageSchema,
  AuditQuerySchema,
  cursorFromWire,
  cursorToWire,
  eventToWire,
  VerificationSchema,
  verificationToWire,
  VerifyQuerySchema,
} from "../wire/audit.ts";
import { DEFAULT_PAGE } from "../wire/page.ts";
import { problems } from "../wire/problem.ts";

const common = { method: "get" as const, tags: [TAGS.audit.name], security: SECURED };
const REFUSALS = problems({
  401: true,
  403: "Superusers read the audit trail.",
  404: "Nothing is audited here.",
  422: true,
});

const list = createRoute({
  ...common,
  path: "/v1/audit",
  operationId: "searchAudit",
  summary: "Search the audit trail",
  description: "Answers events, the newest first. A page may be empty and have a `nextCursor`: " +
    "there is more of the trail to look through. An event is there a few seconds after it happened.",
  request: { query: AuditQuerySchema },
  responses: {
    200: { description: "A page of events.", content: json(AuditPageSchema) },
    ...REFUSALS,
  },
});

const EXPORT_PAGE = 1000;

const exporting = createRoute({
  ...common,
  path: "/v1/audit/export",
  operationId: "exportAudit",
  summary: "Export the audit trail",
  description: "Answers all events that fit, the newest first, as JSON lines.",
  request: { query: AuditExportQuerySchema },
  responses: {
    200: {
      description: "An event a line.",
      content: { "application/x-ndjson": { schema: AuditLinesSchema } },
    },
    ...REFUSALS,
  },
});

const verifying = createRoute({
  ...common,
  path: "/v1/audit/verify",
  operationId: "verifyAudit",
  summary: "Verify the audit trail",
  description: "Checks seals and batches, and names the first that is wrong. The gateway trusts " +
    "itself here: `audit verify` of the command line does the same without it.",
  request: { query: VerifyQuerySchema },
  responses: {
    200: { description: "What was found.", content: json(VerificationSchema) },
    ...REFUSALS,
  },
});

/** Adds the operations on the audit trail. */
export function auditRoutes(app: Api, gateway: Gateway): void {
  app.openapi(list, async (c) => {
    const { store } = trailFor(c, gateway);
    const { limit = DEFAULT_PAGE, cursor, ...filters } = c.req.valid("query");
    const page = await searchTrail(store, filterOf(filters), limit, cursorOf(cursor));
    return c.json({
      items: page.events.map(eventToWire),
      ...(page.next && { nextCursor: cursorToWire(page.next) }),
    }, 200);
  });

  // Answered as a stream, which the typed answers of a route do not know.
  app.openAPIRegistry.registerPath(exporting);
  app.get(exporting.getRoutingPath(), (c: Context<GatewayEnv>) => {
    const { store } = trailFor(c, gateway);
    const query = filterOf(queryOf(AuditExportQuerySchema, c.req.url));
    const body = ReadableStream.from(lines(store, query)).pipeThrough(new TextEncoderStream());
    return c.body(body, 200, {
      "content-type": "application/x-ndjson",
      "content-disposition": 'attachment; filename="audit.jsonl"',
    });
  });

  app.openapi(verifying, async (c) => {
    const { store, head, key } = trailFor(c, gateway);
    const { from, to } = c.req.valid("query");
    const known = await head.known();
    const found = await verifyTrail(store, {
      ...timesOf({ from, to }),
      ...(key !== undefined && { key }),
      ...(known && { known }),
    });
    return c.json(verificationToWire(found, key !== undefined), 200);
  });
}

async function* lines(store: AuditTrail["store"], query: AuditQuery): AsyncGenerator<string> {
  let cursor: AuditCursor | undefined;
  do {
    const page = await searchTrail(store, query, EXPORT_PAGE, cursor);
    for (const event of page.events) yield JSON.stringify(eventToWire(event)) + "\n";
    cursor = page.next;
  } while (cursor);
}

function trailFor(c: Context<GatewayEnv>, { audit }: Gateway): AuditTrail {
  if (!c.get("principal").superuser) {
    throw new Problem("forbidden", { detail: "superusers read the audit trail" });
  }
  if (audit) return audit;
  throw new Problem("not-found", {
    detail: "nothing is audited here: MODEL_GATEWAY_AUDIT is not set",
  });
}

function filterOf(
  { from, to, ...rest }: z.infer<typeof AuditExportQuerySchema>,
): AuditQuery {
  const { job, model, actor, action } = rest;
  return {
    ...(job !== undefined && { job }),
    ...(model !== undefined && { model }),
    ...(actor !== undefined && { actor }),
    ...(action !== undefined && { action }),
    ...timesOf({ from, to }),
  };
}

function timesOf(
  { from, to }: { readonly from: string | undefined; readonly to: string | undefined },
): Pick<AuditQuery, "from" | "to"> {
  return {
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  };
}

function cursorOf(text: string | undefined): AuditCursor | undefined {
  if (text === undefined) return undefined;
  const cursor = cursorFromWire(text);
  if (cursor) return cursor;
  throw new Problem("invalid-request", {
    errors: [{ parameter: "cursor", expected: "the `nextCursor` of a page" }],
  });
}
