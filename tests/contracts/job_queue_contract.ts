/**
 * The suite that every adapter of the job queue passes: `actors/job_queue.ts` sentence by sentence.
 *
 * @module
 */
import { testCallbacks } from "./job_queue_callbacks.ts";
import { testCohorts } from "./job_queue_cohorts.ts";
import { testDelivery } from "./job_queue_delivery.ts";
import { testQuotas } from "./job_queue_quotas.ts";
import { testProperties } from "./job_queue_properties.ts";
import {
  LEASE_MS,
  MAX_STALLS,
  type OpenQueueStore,
  type QueueClaim,
  type QueueStore,
} from "./job_queue_store.ts";
import { testSharedJobs } from "./job_queue_sharing.ts";
import { testSubmission } from "./job_queue_submission.ts";
import { testSupervision } from "./job_queue_supervision.ts";

/** Runs the suite on an adapter; `skip` is the reason why it cannot be had here. */
export function testJobQueue(adapter: string, open: OpenQueueStore, skip?: string): void {
  let shared: Promise<QueueStore> | undefined;
  const claim: QueueClaim = (name, body) => {
    Deno.test({
      name: `[${adapter}] ${name}` + (skip === undefined ? "" : ` [skipped: ${skip}]`),
      ignore: skip !== undefined,
      // Connections stay open from test to test.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        shared ??= open({ leaseMs: LEASE_MS, maxStalls: MAX_STALLS, auditLimit: 0 });
        await body(await shared);
      },
    });
  };
  testSubmission(claim);
  testDelivery(claim);
  testSupervision(claim);
  testCallbacks(claim);
  testSharedJobs(claim);
  testCohorts(claim);
  testQuotas(claim);
  testProperties(claim);
  claim("ping() answers, and a disposed queue is at rest", async (store) => {
    await store.queue.ping();
    await store[Symbol.asyncDispose]();
    shared = undefined;
  });
}
