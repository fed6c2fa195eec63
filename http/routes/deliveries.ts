/**
 * The log of a job's callbacks, and their redelivery by hand.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import type { Delivery } from "../../actors/job_queue.ts";
import type { Principal } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { submittedJobFor } from "../lookup.ts";
import { notFound } from "../problem.ts";
import {
  DeliveryPageSchema,
  DeliveryParams,
  DeliverySchema,
  deliveryToWire,
  jobIdOfDelivery,
} from "../wire/delivery.ts";
import { JobParams } from "../wire/names.ts";
import { problems } from "../wire/problem.ts";

const tags = [TAGS.deliveries.name];
const OTHERS = "The job is someone else's: where its callbacks go is its submitter's alone.";

const list = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/deliveries",
  operationId: "listDeliveries",
  tags,
  summary: "List a job's callbacks",
  description: "Lists the callbacks of a job with every try to deliver them.",
  security: SECURED,
  request: { params: JobParams },
  responses: {
    200: { description: "All of them: a job has few.", content: json(DeliveryPageSchema) },
    ...problems({ 401: true, 403: OTHERS, 404: true }),
  },
});

const redeliver = createRoute({
  method: "post",
  path: "/v1/deliveries/{id}/redeliver",
  operationId: "redeliver",
  tags,
  summary: "Deliver a callback again",
  description: "Makes a callback due at once, under the same `webhook-id`, whatever became of it.",
  security: SECURED,
  request: { params: DeliveryParams },
  responses: {
    202: { description: "It is due.", content: json(DeliverySchema) },
    ...problems({ 401: true, 403: OTHERS, 404: true }),
  },
});

/** Adds the operations on deliveries. */
export function deliveryRoutes(app: Api, gateway: Gateway): void {
  const { jobs } = gateway;

  app.openapi(list, async (c) => {
    const { id } = c.req.valid("param");
    const deliveries = await deliveriesFor(gateway, c.get("principal"), id);
    return c.json({ items: deliveries.map(deliveryToWire) }, 200);
  });

  app.openapi(redeliver, async (c) => {
    const { id } = c.req.valid("param");
    const jobId = jobIdOfDelivery(id);
    if (jobId === undefined) throw notFound("delivery", id);
    const find = async () =>
      (await deliveriesFor(gateway, c.get("principal"), jobId)).find((found) => found.id === id);
    if (!await find() || !await jobs.redeliver(id)) throw notFound("delivery", id);
    const due = await find();
    if (!due) throw notFound("delivery", id);
    return c.json(deliveryToWire(due), 202);
  });
}

async function deliveriesFor(
  gateway: Gateway,
  principal: Principal,
  jobId: string,
): Promise<Delivery[]> {
  const { id } = await submittedJobFor(gateway, principal, jobId);
  return await gateway.jobs.deliveries(id);
}
