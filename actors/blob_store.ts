/**
 * The port to where large inputs and results are kept, outside of the queue.
 *
 * @module
 */

/** The store cannot be reached now; the same call may work later. */
export class BlobStoreUnavailable extends Error {
  override readonly name = "BlobStoreUnavailable";
}

/** Keeps texts by key until they expire. Throws {@link BlobStoreUnavailable}. */
export interface BlobStore {
  /** Keeps a text, durably, at least until `expiresAt` (epoch milliseconds); the last put stands. */
  put(key: string, text: string, expiresAt: number): Promise<void>;
  get(key: string): Promise<string | undefined>;
  /** Keeps these texts longer; keys that are not there do not matter. */
  extend(keys: readonly string[], expiresAt: number): Promise<void>;
  /** Forgets what has expired by `now`; answers how many texts that were. */
  sweep(now: number): Promise<number>;
}
