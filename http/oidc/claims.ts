/**
 * From the claims of a verified token to who asks.
 *
 * @module
 */
import {
  type Principal,
  SUBJECT_NAME_PATTERN,
  SUBJECT_NAME_RULE,
} from "../../registry/principal.ts";
import { SCOPE_NAMES } from "../../registry/scope.ts";
import type { ClaimRules } from "./settings.ts";
import { TokenRefused } from "./token_refused.ts";

type Claims = Readonly<Record<string, unknown>>;

const MAX_TEAMS = 200;

/**
 * Answers who the claims speak of. Throws {@link TokenRefused} where they name nobody. What cannot be
 * a team's name is left out: it only ever takes rights away.
 */
export function principalOf(claims: Claims, rules: ClaimRules): Principal {
  const { superuser, scopes } = rules;
  return {
    user: userOf(claims, rules.user),
    teams: [...new Set(textsOf(claimAt(claims, rules.teams)).map(teamName))]
      .filter((team) => SUBJECT_NAME_PATTERN.test(team)).slice(0, MAX_TEAMS),
    superuser: superuser !== undefined &&
      textsOf(claimAt(claims, superuser.claim)).includes(superuser.value),
    ...(scopes !== undefined && {
      scopes: SCOPE_NAMES.filter((name) => textsOf(claimAt(claims, scopes)).includes(name)),
    }),
  };
}

/** Answers a claim by its name, or by the way to it through claims within claims. */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = (value as Claims)[part];
  }
  return value;
}

function userOf(claims: Claims, claim: string): string {
  const user = claimAt(claims, claim);
  // An address that nobody has checked could be anybody's.
  if (claim === "email" && claims.email_verified === false) {
    throw new TokenRefused("the token's email is not verified");
  }
  if (typeof user === "string" && SUBJECT_NAME_PATTERN.test(user)) return user;
  throw new TokenRefused(`the token's claim ${claim} is no user's name: ${SUBJECT_NAME_RULE}`);
}

/** A list of texts, or texts with spaces between them. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return value.split(" ").filter((text) => text !== "");
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
}

/** Some providers write groups as paths. */
function teamName(group: string): string {
  return group.startsWith("/") ? group.slice(1) : group;
}
