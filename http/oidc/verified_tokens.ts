/**
 * Tokens that were verified, until they end: a signature is checked once, not with every request.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Principal } from "../../registry/principal.ts";

const MAX_TOKENS = 4_096;
// A key that is withdrawn is to be felt before the token ends.
const MAX_AGE_MS = 5 * 60 * 1000;

/** Remembers principals by their tokens. */
export class VerifiedTokens {
  readonly #byDigest = new Map<string, { readonly principal: Principal; readonly end: number }>();

  /** Answers whose token it is, if it was verified lately. */
  find(token: string, now: number): Principal | undefined {
    const found = this.#byDigest.get(digestOf(token));
    return found && now < found.end ? found.principal : undefined;
  }

  /** Remembers a token until its end, in epoch milliseconds, or for five minutes. */
  add(token: string, principal: Principal, end: number, now: number): void {
    if (this.#byDigest.size >= MAX_TOKENS) this.#byDigest.clear();
    this.#byDigest.set(digestOf(token), { principal, end: Math.min(end, now + MAX_AGE_MS) });
  }
}

/** Tokens are credentials: what they open is kept, they are not. */
function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
