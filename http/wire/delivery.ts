/**
 * Deliveries of callbacks as they go over the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { CALLBACK_EVENTS } from "../../actors/job.ts";
import { isJobId } from "../../actors/job_id.ts";
import type { Delivery } from "../../actors/job_queue.ts";
import { pageOf } from "./page.ts";

const ID_LENGTH = 36;

/** The job that a delivery belongs to, by the delivery's id; undefined if none could have it. */
export function jobIdOfDelivery(id: string): string | undefined {
  const jobId = id.slice(0, ID_LENGTH);
  return id[ID_LENGTH] === "." && isJobId(jobId) ? jobId : undefined;
}

export const DeliveryParams = z.object({
  id: z.string().max(100).refine(
    (id) => jobIdOfDelivery(id) !== undefined,
    "the id of a delivery",
  ).openapi({
    description: "Id of the delivery: the `webhook-id` that its receiver sees.",
    example: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0.1",
  }),
});

export const DeliverySchema = z.object({
  id: z.string().openapi({ description: "The `webhook-id`, stable over retries." }),
  jobId: z.uuid(),
  url: z.string(),
  type: z.enum(CALLBACK_EVENTS).openapi({ description: "The event that it tells of." }),
  at: z.iso.datetime().openapi({ description: "When the event happened." }),
  state: z.enum(["due", "delivered", "dead"]).openapi({
    description: "`dead`: given up after the last retry.",
  }),
  dueAt: z.iso.datetime().optional(),
  attempts: z.array(
    z.object({
      at: z.iso.datetime(),
      status: z.int().optional().openapi({ description: "The receiver's HTTP status." }),
      error: z.string().optional(),
      tookMs: z.number(),
    }).openapi("DeliveryAttempt"),
  ),
}).openapi("Delivery", {
  description: "A callback that is to be delivered, or was.",
  example: {
    id: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0.1",
    jobId: "019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0",
    url: "https://hooks.example/jobs",
    type: "completed",
    at: "2026-11-20T10:00:00.009Z",
    state: "delivered",
    attempts: [{ at: "2026-11-20T10:00:00.050Z", status: 200, tookMs: 31 }],
  },
});

export const DeliveryPageSchema = pageOf("DeliveryPage", DeliverySchema);

/** Writes a delivery. */
export function deliveryToWire(delivery: Delivery): z.infer<typeof DeliverySchema> {
  const { id, jobId, url, type, state } = delivery;
  return {
    id,
    jobId,
    url,
    type,
    at: new Date(delivery.at).toISOString(),
    state,
    ...(delivery.dueAt !== undefined && { dueAt: new Date(delivery.dueAt).toISOString() }),
    attempts: delivery.attempts.map((attempt) => ({
      ...attempt,
      at: new Date(attempt.at).toISOString(),
    })),
  };
}
