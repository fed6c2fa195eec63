/**
 * A token or a sign-in that is not taken, and why, in words for its bearer.
 *
 * @module
 */

/** Thrown for a token that proves nothing; the message quotes nothing of it. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}
