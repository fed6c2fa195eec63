/**
 * Brings a registry database up to the program's schema: numbered, forward-only steps, each in a
 * transaction, recorded with a checksum.
 *
 * @module
 */
import type { Database } from "./database.ts";

/** Applies the missing migrations; answers how many that were. */
export function migrate(_database: Database): Promise<number> {
  throw new Error("being written");
}
