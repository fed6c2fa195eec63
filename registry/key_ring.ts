/**
 * The valid API keys in memory.
 *
 * @module
 */
import { hashApiKey } from "./api_key.ts";
import { apiKeyFromRow, type ApiKeyRow } from "./api_key_row.ts";
import type { Principal } from "./principal.ts";

const MAX_RECENT = 4_096;
// Nobody has a key that long; hashing one would be work given away before authentication.
const MAX_KEY_LENGTH = 512;

interface KeyEntry {
  readonly id: string;
  readonly sha256: string;
  readonly principal: Principal;
  /** Epoch milliseconds; Infinity for a key that does not expire. */
  readonly expiresAt: number;
  usedAt: number;
}

/** Finds the principal behind a key. */
export class KeyRing {
  readonly #byHash = new Map<string, KeyEntry>();
  readonly #byId = new Map<string, KeyEntry>();
  // Valid keys by their text: a lookup here costs a hundredth of the hash.
  readonly #recent = new Map<string, KeyEntry>();

  /** Adds or replaces a key. */
  put(row: ApiKeyRow): void {
    this.remove(row.id);
    const { id, user, teams, superuser, scopes, expiresAt = Infinity } = apiKeyFromRow(row);
    const principal: Principal = { user, teams, superuser, keyId: id, ...(scopes && { scopes }) };
    const entry: KeyEntry = { id, sha256: row.sha256, principal, expiresAt, usedAt: 0 };
    this.#byHash.set(row.sha256, entry);
    this.#byId.set(id, entry);
  }

  /** Removes a key by its id, if it is there. */
  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#byId.delete(id);
    this.#byHash.delete(entry.sha256);
    this.#recent.clear();
  }

  /** Answers whose key it is; undefined for an unknown or an expired one. */
  find(key: string): Principal | undefined {
    const entry = this.#recent.get(key) ?? this.#findByHash(key);
    if (!entry) return undefined;
    const now = Date.now();
    if (now >= entry.expiresAt) return undefined;
    entry.usedAt = now;
    return entry.principal;
  }

  /** Answers when keys were used since the last call, by id, in epoch milliseconds. */
  takeUses(): Map<string, number> {
    const uses = new Map<string, number>();
    for (const entry of this.#byId.values()) {
      if (entry.usedAt > 0) uses.set(entry.id, entry.usedAt);
      entry.usedAt = 0;
    }
    return uses;
  }

  /** The ids of all keys. */
  ids(): Iterable<string> {
    return this.#byId.keys();
  }

  #findByHash(key: string): KeyEntry | undefined {
    if (key.length > MAX_KEY_LENGTH) return undefined;
    const entry = this.#byHash.get(hashApiKey(key));
    if (!entry) return undefined;
    if (this.#recent.size >= MAX_RECENT) this.#recent.clear();
    this.#recent.set(key, entry);
    return entry;
  }
}
