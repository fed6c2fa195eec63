/**
 * Large inputs and results in the registry's database.
 *
 * @module
 */
import type { Database, Row, SqlValue } from "../../registry/database.ts";
import { DatabaseUnavailable } from "../../registry/database.ts";
import { type BlobStore, BlobStoreUnavailable } from "../blob_store.ts";

export class DatabaseBlobStore implements BlobStore {
  constructor(readonly database: Database) {}

  async put(key: string, text: string, expiresAt: number): Promise<void> {
    await this.#query(
      `INSERT INTO blobs (key, body, expires_at) VALUES ($1, $2, $3)
       ON CONFLICT (key) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at`,
      [key, text, expiresAt],
    );
  }

  async get(key: string): Promise<string | undefined> {
    const [row] = await this.#query("SELECT body FROM blobs WHERE key = $1", [key]);
    return row?.body as string | undefined;
  }

  async extend(keys: readonly string[], expiresAt: number): Promise<void> {
    for (const key of keys) {
      await this.#query(
        "UPDATE blobs SET expires_at = $2 WHERE key = $1 AND expires_at < $2",
        [key, expiresAt],
      );
    }
  }

  async sweep(now: number): Promise<number> {
    const gone = await this.#query("DELETE FROM blobs WHERE expires_at <= $1 RETURNING key", [now]);
    return gone.length;
  }

  async #query(sql: string, params: readonly SqlValue[]): Promise<Row[]> {
    try {
      return await this.database.query(sql, params);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      throw new BlobStoreUnavailable("large inputs and results cannot be reached", {
        cause: error,
      });
    }
  }
}
