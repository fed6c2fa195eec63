/**
 * Objects under keys, written once: the port behind the audit trail.
 *
 * @module
 */

/** The store does not answer, or refuses to; what was asked may or may not have been done. */
export class ObjectStoreUnavailable extends Error {
  override readonly name = "ObjectStoreUnavailable";
}

/** Keeps objects. Throws {@link ObjectStoreUnavailable}. */
export interface ObjectStore {
  /** Keeps a new object, durably; false when there is one of that key, which stays as it is. */
  create(key: string, bytes: Uint8Array): Promise<boolean>;
  read(key: string): Promise<Uint8Array | undefined>;
  /** Keys that begin with `prefix` and come behind `after`, ascending by their bytes. */
  list(prefix: string, after: string | undefined, limit: number): Promise<string[]>;
  /** Forgets an object; nothing where there is none. */
  remove(key: string): Promise<void>;
}
