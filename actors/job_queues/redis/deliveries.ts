/**
 * Deliveries of callbacks, as they are kept in Redis.
 *
 * @module
 */
import type { CallbackEvent } from "../../job.ts";
import { jobIdTag } from "../../job_id.ts";
import type { Delivery, DeliveryAttempt } from "../../job_queue.ts";
import { callbacksKey, deliveryKey } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";

/** The deliveries with these ids, in order; those that are gone are left out. */
export async function readDeliveries(
  connection: RedisConnection,
  ids: readonly string[],
): Promise<Delivery[]> {
  const records = await Promise.all(
    ids.map((id) =>
      connection.patiently((client) =>
        Promise.all([
          client.hgetall(deliveryKey(jobIdTag(id), id)),
          client.zscore(callbacksKey(jobIdTag(id)), id),
        ])
      )
    ),
  );
  return records.flatMap(([f, due]: [Record<string, string>, string | null], i) =>
    f.state === undefined ? [] : [{
      id: ids[i]!,
      jobId: f.job!,
      url: f.url!,
      type: f.type as CallbackEvent,
      at: Number(f.at),
      data: JSON.parse(f.data!),
      state: f.state as Delivery["state"],
      ...(f.state === "due" && due !== null && { dueAt: Number(due) }),
      attempts: JSON.parse(`[${f.attempts ?? ""}]`) as DeliveryAttempt[],
    }]
  );
}
