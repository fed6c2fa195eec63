/**
 * What a test of the registry's contract is given.
 *
 * @module
 */
import type { Catalog, CatalogOptions } from "../../registry/catalog.ts";
import type { Database } from "../../registry/database.ts";
import type { Registry } from "../../registry/registry.ts";

/** A registry on a migrated database, with what a test needs beside it. */
export interface Bench {
  readonly database: Database;
  readonly registry: Registry;
  /** A registry on a connection of its own, as in another process. */
  another(): Registry;
  /** A catalog on a connection of its own, loaded; it does not poll unless it is told to. */
  catalog(options?: CatalogOptions): Promise<Catalog>;
}

/** Adds a test of that name. */
export type Claim = (name: string, body: (bench: Bench) => Promise<void>) => void;
