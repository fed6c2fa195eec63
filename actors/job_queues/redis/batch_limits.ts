/**
 * How much goes to Redis at once, by what it is.
 *
 * @module
 */
import type { BatcherLimits } from "./batcher.ts";

/**
 * One batch is made and another answered while Redis runs a third. A full one holds Redis up for
 * about a millisecond; fewer to a call cost the gateway more than they save.
 */
export const SUBMIT_BATCH: BatcherLimits = { maxBatch: 64, maxInFlight: 4, maxWaiting: 50_000 };
/** Large where a call waits for a replica, for the next one on its connection waits with it. */
export const REPLICATED_BATCH: BatcherLimits = {
  maxBatch: 128,
  maxInFlight: 2,
  maxWaiting: 50_000,
};
export const SETTLE_BATCH: BatcherLimits = { maxBatch: 128, maxInFlight: 2, maxWaiting: 50_000 };
export const READ_BATCH: BatcherLimits = { maxBatch: 256, maxInFlight: 4, maxWaiting: 100_000 };
