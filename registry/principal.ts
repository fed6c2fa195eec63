/**
 * Who asks: the user behind an API key, and that user's teams.
 *
 * @module
 */

/** The bearer of a valid API key. */
export interface Principal {
  readonly user: string;
  readonly teams: readonly string[];
  /** True for operators, who may do everything. */
  readonly superuser: boolean;
  readonly keyId?: string;
  /** What the key is limited to; everything its user may do where it is not set. */
  readonly scopes?: readonly string[];
  /** Epoch milliseconds at which the key ends; never where it is not set. */
  readonly expiresAt?: number;
}

/** A user's or a team's name: 1 to 128 characters; e-mail addresses are such names. */
export const SUBJECT_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;

/** The same rule in words, for error messages. */
export const SUBJECT_NAME_RULE =
  "1 to 128 letters, digits, '.', '_', '@', '+' or '-', starting with a letter or digit";

/** An entry of a model's owners and readers. */
export const SUBJECT_PATTERN = /^(?:user|team):[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;

const known = new WeakMap<Principal, string[]>();

/** Answers the entries that stand for this principal: `user:NAME`, then a `team:NAME` per team. */
export function subjectsOf(principal: Principal): string[] {
  let subjects = known.get(principal);
  if (!subjects) {
    subjects = [`user:${principal.user}`, ...principal.teams.map((team) => `team:${team}`)];
    known.set(principal, subjects);
  }
  return subjects;
}
