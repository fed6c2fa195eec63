/**
 * Results of deterministic versions, kept for equal inputs. What cannot be read or kept now is not
 * there: a job is then run as any other.
 *
 * An entry is found by a digest over the version and the canonical input, so nobody finds one who
 * could not have handed in that input to that version; it holds the result and who computed it.
 *
 * @module
 */
import { hash } from "node:crypto";
import { canonicalJson } from "../registry/canonical_json.ts";
import type { Version } from "../registry/model.ts";
import { type BlobStore, BlobStoreUnavailable } from "./blob_store.ts";

/** A result as it was computed. */
export interface CachedResult {
  /** The job that computed it. */
  readonly job: string;
  /** JSON text. */
  readonly result: string;
  /** When it was kept, epoch milliseconds. */
  readonly at: number;
}

/** Longer results are not kept: they would be most of the store. */
const MAX_RESULT_LENGTH = 1024 * 1024;

/**
 * Answers what a result is kept under: SHA-256 over the model's tag, the version (its name, its
 * place and when it was made: a name alone may come again) and the input in canonical form (RFC
 * 8785).
 */
export function cacheKey(tag: number, { version, ordinal, createdAt }: Version, input: unknown) {
  const text = `${tag}\n${version}\n${ordinal}\n${createdAt}\n${canonicalJson(input)}`;
  return `sha256:${hash("sha256", text, "hex")}`;
}

export class ResultCache {
  readonly #blobs: Pick<BlobStore, "get" | "put">;
  readonly #now: () => number;

  constructor(blobs: Pick<BlobStore, "get" | "put">, now: () => number = Date.now) {
    this.#blobs = blobs;
    this.#now = now;
  }

  /** Answers the result under a key, unless it is older than `ttlSeconds`. */
  async find(key: string, ttlSeconds: number): Promise<CachedResult | undefined> {
    try {
      const text = await this.#blobs.get(`cache/${key}`);
      if (text === undefined) return undefined;
      const entry = JSON.parse(text) as CachedResult;
      return this.#now() - entry.at < ttlSeconds * 1000 ? entry : undefined;
    } catch (error) {
      if (error instanceof BlobStoreUnavailable) return undefined;
      throw error;
    }
  }

  /** Keeps a result under a key; the last one stands. */
  async keep(key: string, job: string, result: string, ttlSeconds: number): Promise<void> {
    if (result.length > MAX_RESULT_LENGTH) return;
    const at = this.#now();
    const entry: CachedResult = { job, result, at };
    try {
      await this.#blobs.put(`cache/${key}`, JSON.stringify(entry), at + ttlSeconds * 1000);
    } catch (error) {
      if (!(error instanceof BlobStoreUnavailable)) throw error;
    }
  }
}
