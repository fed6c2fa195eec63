/**
 * How much goes to Redis at once, by what it is.
 *
 * @module
 */
import type { BatcherLimits } from "./batcher.ts";

/**
 * Small where few wait, so that one batch is made and another answered while Redis runs a third; large
 * where many do, for a call costs the gateway as much as some jobs. A full one holds Redis up for
 * about a millisecond.
 */
export const SUBMIT_BATCH: BatcherLimits = {
  minBatch: 16,
  maxBatch: 64,
  maxInFlight: 6,
  maxWaiting: 50_000,
};
/** Large where a call waits for a replica, for the next one on its connection waits with it. */
export const REPLICATED_BATCH: BatcherLimits = {
  maxBatch: 128,
  maxInFlight: 2,
  maxWaiting: 50_000,
};
export const SETTLE_BATCH: BatcherLimits = { maxBatch: 128, maxInFlight: 2, maxWaiting: 50_000 };
export const READ_BATCH: BatcherLimits = { maxBatch: 256, maxInFlight: 4, maxWaiting: 100_000 };
