/**
 * API keys: their text, which is shown once, and the record that is kept.
 *
 * @module
 */
import { hash } from "node:crypto";

/** What is kept of a key. The key itself is not: only its SHA-256. */
export interface ApiKey {
  readonly id: string;
  readonly user: string;
  readonly teams: readonly string[];
  readonly superuser: boolean;
  /** What the key is limited to; everything its user may do where it is not set. */
  readonly scopes?: readonly string[];
  readonly label?: string;
  readonly createdAt: number;
  /** Epoch milliseconds from which the key is refused; never where it is not set. */
  readonly expiresAt?: number;
  readonly lastUsedAt?: number;
  /** Epoch milliseconds until which the secret before the last rotation is taken. */
  readonly oldSecretUntil?: number;
}

/** What is handed in to create a key. */
export interface NewApiKey {
  readonly user: string;
  readonly teams?: readonly string[];
  readonly superuser?: boolean;
  readonly scopes?: readonly string[];
  readonly label?: string;
  readonly expiresAt?: number;
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LETTERS = 32;
// Bytes from here on are drawn again: 256 is no multiple of 62, so they would favour some letters.
const FAIR_BYTES = 256 - 256 % ALPHABET.length;

/** Makes the text of a new key: `mgk_` and 32 random letters or digits (190 bits). */
export function makeApiKey(): string {
  let text = "mgk_";
  const bytes = new Uint8Array(2 * RANDOM_LETTERS);
  while (text.length < 4 + RANDOM_LETTERS) {
    crypto.getRandomValues(bytes);
    for (const byte of bytes) {
      if (byte < FAIR_BYTES && text.length < 4 + RANDOM_LETTERS) {
        text += ALPHABET[byte % ALPHABET.length];
      }
    }
  }
  return text;
}

/**
 * Answers the SHA-256 of a key in hex. A plain hash is enough: a key is random, so there is nothing
 * to guess that a slow hash would protect.
 */
export function hashApiKey(key: string): string {
  return hash("sha256", key, "hex");
}
