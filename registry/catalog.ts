/**
 * The registry in memory, for readers and the hot path. It follows the feed of changes and goes on
 * from memory while the database is away.
 *
 * @module
 */
import type { Database } from "./database.ts";
import type { Model, Version } from "./model.ts";
import type { Principal } from "./principal.ts";
import type { Validator } from "./schema.ts";

/** Where a request goes. */
export interface Resolved {
  readonly model: Model;
  readonly version: Version;
  /** The check of the version's input schema, compiled at its first use. */
  readonly validate: Validator;
}

/** How a catalog follows the database. */
export interface CatalogOptions {
  /** Pause between two looks at the feed, in milliseconds; 300 where it is not set. */
  readonly pollMs?: number;
  /** Hears of what went wrong in the background. */
  readonly onError?: (error: unknown) => void;
}

/** A view of the whole registry, at most a poll behind. */
export class Catalog implements AsyncDisposable {
  constructor(readonly database: Database, readonly options: CatalogOptions = {}) {}
  start(): Promise<void> {
    throw new Error("being written");
  }
  stop(): Promise<void> {
    throw new Error("being written");
  }
  refresh(): Promise<void> {
    throw new Error("being written");
  }
  model(_name: string): Model | undefined {
    throw new Error("being written");
  }
  modelByTag(_tag: number): Model | undefined {
    throw new Error("being written");
  }
  models(): Iterable<Model> {
    throw new Error("being written");
  }
  versions(_name: string): readonly Version[] {
    throw new Error("being written");
  }
  resolve(_name: string, _version?: string): Resolved | undefined {
    throw new Error("being written");
  }
  principal(_apiKey: string): Principal | undefined {
    throw new Error("being written");
  }
  get revision(): number {
    return 0;
  }
  get stale(): boolean {
    return true;
  }
  onChange(_listener: (subject: string) => void): () => void {
    throw new Error("being written");
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
