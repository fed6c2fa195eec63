/**
 * Signatures as Standard Webhooks 1.0 defines them (standardwebhooks.com), symmetric scheme.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

const PREFIX = "whsec_";
const KEY_TEXT = /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/;

/** Decodes a key, `whsec_` and base64 of 24 bytes or more. Throws a TypeError for anything else. */
export function decodeKey(key: string): Uint8Array {
  if (!KEY_TEXT.test(key)) {
    throw new TypeError("a webhook key is whsec_ and base64 of 24 bytes or more");
  }
  return Buffer.from(key.slice(PREFIX.length), "base64");
}

/**
 * The `webhook-signature` of a body: one `v1` signature for each key, so that a receiver that knows
 * any of them can verify it while keys are being changed.
 */
export function signatures(
  keys: readonly Uint8Array[],
  id: string,
  timestampSeconds: number,
  body: string,
): string {
  return keys.map((key) => {
    const mac = createHmac("sha256", key).update(`${id}.${timestampSeconds}.${body}`);
    return `v1,${mac.digest("base64")}`;
  }).join(" ");
}
