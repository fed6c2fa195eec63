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
  /** The secret's, and that of the secret before it. */
  readonly hashes: readonly string[];
  readonly principal: Principal;
  usedAt: number;
}

/** A secret of a key: after a rotation it has two for a while. */
interface Secret {
  readonly entry: KeyEntry;
  /** Epoch milliseconds; Infinity for one that does not expire. */
  readonly expiresAt: number;
}

/** Finds the principal behind a key. */
export class KeyRing {
  readonly #byHash = new Map<string, Secret>();
  readonly #byId = new Map<string, KeyEntry>();
  // Valid keys by their text: a lookup here costs a hundredth of the hash.
  readonly #recent = new Map<string, Secret>();

  /** Adds or replaces a key. */
  put(row: ApiKeyRow): void {
    this.remove(row.id);
    const { id, user, teams, superuser, scopes, expiresAt, oldSecretUntil = 0 } = apiKeyFromRow(
      row,
    );
    const principal: Principal = {
      user,
      teams,
      superuser,
      keyId: id,
      ...(scopes && { scopes }),
      ...(expiresAt !== undefined && { expiresAt }),
    };
    const hashes = row.old_sha256 === null ? [row.sha256] : [row.sha256, row.old_sha256];
    const entry: KeyEntry = { id, hashes, principal, usedAt: 0 };
    const end = expiresAt ?? Infinity;
    for (const hash of hashes) {
      const expiresAt = hash === row.sha256 ? end : Math.min(end, oldSecretUntil);
      this.#byHash.set(hash, { entry, expiresAt });
    }
    this.#byId.set(id, entry);
  }

  /** Removes a key by its id, if it is there. */
  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#byId.delete(id);
    for (const hash of entry.hashes) this.#byHash.delete(hash);
    this.#recent.clear();
  }

  /** Answers whose key it is; undefined for an unknown or an expired one. */
  find(key: string): Principal | undefined {
    const secret = this.#recent.get(key) ?? this.#findByHash(key);
    if (!secret) return undefined;
    const now = Date.now();
    if (now >= secret.expiresAt) return undefined;
    secret.entry.usedAt = now;
    return secret.entry.principal;
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

  /** Whose keys they are, one for each key. */
  *holders(): Iterable<Principal> {
    for (const { principal } of this.#byId.values()) yield principal;
  }

  #findByHash(key: string): Secret | undefined {
    if (key.length > MAX_KEY_LENGTH) return undefined;
    const secret = this.#byHash.get(hashApiKey(key));
    if (!secret) return undefined;
    if (this.#recent.size >= MAX_RECENT) this.#recent.clear();
    this.#recent.set(key, secret);
    return secret;
  }
}
