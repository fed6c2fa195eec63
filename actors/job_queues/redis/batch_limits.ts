/**
 * How much goes to Redis at once, by what it is.
 *
 * @module
 */
import type { BatcherLimits } from "./batcher.ts";

/** Small, so that one batch is made and another answered while Redis runs a third. */
export const SUBMIT_BATCH: BatcherLimits = { maxBatch: 16, maxInFlight: 4, maxWaiting: 50_000 };
/** Large where a call waits for a replica, for the next one on its connection waits with it. */
export const REPLICATED_BATCH: BatcherLimits = {
  maxBatch: 128,
  maxInFlight: 2,
  maxWaiting: 50_000,
};
export const SETTLE_BATCH: BatcherLimits = { maxBatch: 128, maxInFlight: 2, maxWaiting: 50_000 };
export const READ_BATCH: BatcherLimits = { maxBatch: 256, maxInFlight: 4, maxWaiting: 100_000 };
