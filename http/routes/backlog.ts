/**
 * How much work a model has, for scalers that ask over HTTP.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { queueName } from "../../actors/redis_keys.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { modelFor } from "../lookup.ts";
import { ModelParams } from "../wire/names.ts";
import { problems } from "../wire/problem.ts";

const BacklogSchema = z.object({
  queue: z.string().openapi({
    description: "The queue's name, a part of all its keys and of the names of its workers.",
  }),
  work: z.int().openapi({ description: "Jobs that wait or run: what workers are needed for." }),
  waiting: z.object({ interactive: z.int(), batch: z.int() }),
  running: z.int(),
  delayed: z.int().openapi({ description: "Jobs in a backoff; they need no worker yet." }),
  oldestWaitingSeconds: z.number(),
}).openapi("Backlog", {
  description: "How much work a model has.",
  example: {
    queue: "00001f",
    work: 5,
    waiting: { interactive: 3, batch: 0 },
    running: 2,
    delayed: 1,
    oldestWaitingSeconds: 0.7,
  },
});

const backlog = createRoute({
  method: "get",
  path: "/v1/models/{model}/backlog",
  operationId: "getBacklog",
  tags: [TAGS.jobs.name],
  summary: "Read a model's backlog",
  description:
    "Answers how many jobs of the model wait, run, or wait out a backoff. A scaler may " +
    "take `work` for the number of jobs that need workers.",
  security: SECURED,
  request: { params: ModelParams },
  responses: {
    200: { description: "The backlog.", content: json(BacklogSchema) },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

/** Adds the operation. */
export function backlogRoute(app: Api, gateway: Gateway): void {
  app.openapi(backlog, async (c) => {
    const { tag } = modelFor(gateway, c.get("principal"), c.req.valid("param").model, "read");
    const { waiting, running, delayed, oldestWaitingMs } = await gateway.jobs.measure(tag);
    return c.json({
      queue: queueName(tag),
      work: waiting.interactive + waiting.batch + running,
      waiting: { interactive: waiting.interactive, batch: waiting.batch },
      running,
      delayed,
      oldestWaitingSeconds: oldestWaitingMs / 1000,
    }, 200);
  });
}
