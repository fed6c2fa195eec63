/**
 * The Model Context Protocol over Streamable HTTP at `/mcp`, for clients of 2026 and before on the
 * one endpoint. Nothing of a session is kept: any gateway answers any request.
 *
 * @module
 */
import type { Context } from "hono";
import { createMcpHandler, type McpHttpHandler } from "@modelcontextprotocol/server";
import type { Api } from "../api.ts";
import { bearerTextOf, requirePrincipal } from "../auth.ts";
import { parseJson, readText } from "../body.ts";
import { problemOf, problemResponse } from "../errors.ts";
import type { Gateway, GatewayEnv } from "../gateway.ts";
import { isSameOrigin } from "../panel/same_origin.ts";
import { Problem } from "../problem.ts";
import { requireScope } from "../scope_check.ts";
import { Announcements } from "./announcements.ts";
import { SessionNames } from "./client_name.ts";
import { watchedJobs } from "./job_watch.ts";
import { mcpServer } from "./mcp_server.ts";
import { challenged, resourceMetadata } from "./resource_metadata.ts";
import { noticeStream } from "./notice_stream.ts";
import { toolsetOf } from "./toolset.ts";
import { visit, type Visitor } from "./visitor.ts";

const PATH = "/mcp";
const SESSION = "mcp-session-id";
/** Streams of one gateway, of each of the two kinds. */
const MAX_STREAMS = 1024;

const EVENT_STREAM = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

/** Adds the endpoint. */
export function mcpRoutes(app: Api, gateway: Gateway): void {
  const { stopping = new AbortController().signal, limits } = gateway;
  const announcements = new Announcements(gateway);
  const sessions = new SessionNames(gateway);
  const handler = createMcpHandler((context) => mcpServer(app, gateway, context), {
    bus: announcements,
    maxSubscriptions: MAX_STREAMS,
    maxRequestBodySize: limits.maxBodyBytes,
    keepAliveMs: limits.heartbeatSeconds * 1000,
    // Rejected requests are the client's fault, and told to it.
    onerror: () => {},
  });
  stopping.addEventListener("abort", () => void handler.close().catch(() => {}), { once: true });
  let streams = 0;

  resourceMetadata(app, gateway);
  app.all(PATH, async (c: Context<GatewayEnv>) => {
    const who = await visitorOf(c, gateway, sessions);
    if (c.req.method === "GET") {
      if (streams >= MAX_STREAMS) throw new Problem("unavailable", { detail: "too many streams" });
      streams++;
      const ended = AbortSignal.any([stopping, c.req.raw.signal]);
      const heartbeatMs = limits.heartbeatSeconds * 1000;
      const stream = noticeStream(announcements, who, heartbeatMs, ended, () => streams--);
      return new Response(stream, { headers: EVENT_STREAM });
    }
    return await answer(c, handler, who, sessions, gateway);
  });
}

/** Who asks. Throws 401, 403 for another site's page, 422 for a toolset that cannot be. */
async function visitorOf(
  c: Context<GatewayEnv>,
  gateway: Gateway,
  sessions: SessionNames,
): Promise<Visitor> {
  // A page of another site has no business here, whatever name it gave to this machine.
  if (!isSameOrigin(c)) throw new Problem("forbidden", { detail: "another site's page asks" });
  const header = c.req.header("authorization") ?? null;
  const principal = await challenged(c, gateway, () => requirePrincipal(gateway, header));
  requireScope(principal, "read");
  const client = sessions.clientOf(c.req.header(SESSION)) ?? c.req.header("user-agent");
  return {
    principal,
    bearer: bearerTextOf(header)!,
    toolset: toolsetOf(c.req.url),
    ...(client !== undefined && { client }),
  };
}

async function answer(
  c: Context<GatewayEnv>,
  handler: McpHttpHandler,
  who: Visitor,
  sessions: SessionNames,
  { limits }: Gateway,
): Promise<Response> {
  const request = c.req.raw;
  if (request.method !== "POST") return await visit(who, () => handler.fetch(request));
  let parsedBody: unknown;
  try {
    const { text } = await readText(request, limits.maxBodyBytes, ["application/json"]);
    parsedBody = parseJson(text, limits.maxNesting);
  } catch (error) {
    return unreadable(error);
  }
  const visitor = { ...who, jobs: watchedJobs(parsedBody) };
  const response = await visit(visitor, () => handler.fetch(request, { parsedBody }));
  const session = sessions.idFor(parsedBody);
  if (session === undefined || !response.ok) return response;
  const headers = new Headers(response.headers);
  headers.set(SESSION, session);
  return new Response(response.body, { status: response.status, headers });
}

/** What cannot be read has no id that an answer could name. */
function unreadable(error: unknown): Response {
  const problem = error instanceof Error ? problemOf(error) : undefined;
  if (!problem) throw error;
  if (problem.status !== 400) return problemResponse(problem);
  const message = problem.details.detail ?? problem.message;
  const body = { jsonrpc: "2.0", id: null, error: { code: -32700, message } };
  return Response.json(body, { status: 400 });
}
