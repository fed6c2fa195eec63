/**
 * A signed-in browser: what is sealed into its cookie. The seal's key comes from a secret that all
 * gateways share, so that each can read it; nothing of a session is kept anywhere else. It holds the
 * bearer's own credential, which the API checks at every request: a revoked key ends the session.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

export interface Session {
  /** What goes after `Bearer ` to the API. */
  readonly bearer: string;
  /** Comes back with every form, so that no other site can send one. */
  readonly csrf: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** How long a session lasts: a working day. */
export const SESSION_MS = 12 * 3600 * 1000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Makes a session for a bearer, from `now` on. */
export function newSession(bearer: string, now: number): Session {
  return { bearer, csrf: randomBytes(24).toString("base64url"), expiresAt: now + SESSION_MS };
}

/** Seals values into text that only holders of the secret can read or make (AES-256-GCM). */
export class Seal {
  readonly #key: Uint8Array;

  /** `purpose` keeps what is sealed for one use from being taken for another. */
  constructor(secret: string, purpose: string) {
    this.#key = new Uint8Array(hkdfSync("sha256", secret, "model-gateway", purpose, 32));
  }

  /** Answers base64url text, safe in a cookie. */
  close(value: unknown): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    const body = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
    return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64url");
  }

  /** Answers what was sealed; undefined for anything that was not sealed by this secret. */
  open(text: string): unknown {
    const bytes = Buffer.from(text, "base64url");
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return JSON.parse(Buffer.concat([body, decipher.final()]).toString("utf8"));
    } catch {
      return undefined; // tampered with, or of another secret
    }
  }
}

/** Answers the session that was sealed, unless its time is over. */
export function openSession(
  seal: Seal,
  text: string | undefined,
  now: number,
): Session | undefined {
  if (!text) return undefined;
  const session = seal.open(text) as Session | undefined;
  return session && session.expiresAt > now ? session : undefined;
}
