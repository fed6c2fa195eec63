/**
 * What happens to a job, as it happens.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { isFinal } from "../../actors/job.ts";
import { type Api, SECURED, TAGS } from "../api.ts";
import { eventStream } from "../event_stream.ts";
import type { Gateway } from "../gateway.ts";
import { jobFor } from "../lookup.ts";
import { JobParams } from "../wire/names.ts";
import { problems } from "../wire/problem.ts";

const EXAMPLE = `retry: 2000

id: 1
event: queued
data: {"at":"2026-11-20T10:00:00.000Z","attempt":0}

id: 2
event: running
data: {"at":"2026-11-20T10:00:00.004Z","attempt":1,"worker":"worker-1"}

id: 3
event: completed
data: {"at":"2026-11-20T10:00:00.009Z","attempt":1,"worker":"worker-1"}

`;

const route = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/events",
  operationId: "streamJobEvents",
  tags: [TAGS.jobs.name],
  summary: "Follow a job",
  description: "Streams a job's state changes, progress and log lines as server-sent events, the " +
    "past ones first, and ends after the last. The event's name is the new status, `progress` or " +
    "`log`. A stream that broke is resumed by `Last-Event-ID`.",
  security: SECURED,
  request: {
    params: JobParams,
    headers: z.object({
      "last-event-id": z.string().max(200).optional().openapi({
        description: "Only events after this one.",
        example: "2",
      }),
    }),
  },
  responses: {
    200: {
      description: "Events, until the job's last one.",
      content: { "text/event-stream": { schema: z.string().openapi({ example: EXAMPLE }) } },
    },
    204: { description: "The job has ended and there is nothing after `Last-Event-ID`." },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

/** Adds the operation. */
export function jobEventRoute(app: Api, gateway: Gateway): void {
  const { jobs, log, limits, stopping } = gateway;
  app.openapi(route, async (c) => {
    const { job, view } = await jobFor(gateway, c.get("principal"), c.req.valid("param").id);
    // An empty one is what a reader sends that has got no id yet.
    const after = c.req.valid("header")["last-event-id"] || undefined;
    if (after !== undefined && isFinal(job.state)) {
      const rest = await jobs.events(job.id, after);
      // To a browser's EventSource, 204 says not to come again.
      if (rest.length === 0) return c.body(null, 204);
    }
    const stream = eventStream({
      jobs,
      log,
      jobId: job.id,
      view,
      after,
      heartbeatMs: limits.heartbeatSeconds * 1000,
      signal: stopping ?? new AbortController().signal,
    });
    return c.body(stream, 200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
  });
}
