/**
 * Scopes: what a key may be used for, whatever its user may do.
 *
 * @module
 */
import type { Principal } from "./principal.ts";

/** Each scope, with what it lets a key do. */
export const SCOPES = {
  read: "read whatever its user may read",
  run: "submit, cancel, share and run jobs again",
  "models:write": "register, change and delete models, versions, routes and evaluations",
  "access:write": "change who may use models, and make, rotate and revoke keys",
  approve: "confirm what an agent plans; no key has it that does not name it",
  admin: "everything its user may do, but for confirming",
} as const satisfies Record<string, string>;

export type Scope = keyof typeof SCOPES;

export const SCOPE_NAMES = Object.keys(SCOPES) as readonly Scope[];

/**
 * True if the principal's key is good for the scope: one without scopes is good for all but
 * `approve`, which has to be named. So a key that was handed to an agent cannot confirm its plans.
 */
export function hasScope({ scopes }: Pick<Principal, "scopes">, scope: Scope): boolean {
  if (scopes === undefined) return scope !== "approve";
  return scopes.includes(scope) || (scope !== "approve" && scopes.includes("admin"));
}

/** The rights that a key stands for. */
export type KeyRights = Pick<Principal, "user" | "teams" | "superuser" | "scopes">;

/**
 * True if a principal may hand these rights on: superusers to anyone, others to themselves, and no
 * more than they have. To let a key confirm is for superusers, and for who may confirm themselves.
 */
export function mayGrant(principal: Principal, key: KeyRights): boolean {
  const { user, teams, superuser } = principal;
  const everything = hasScope(principal, "admin");
  const needed = (key.scopes ?? ["admin"]) as readonly Scope[];
  const within = needed.every((scope) =>
    hasScope(principal, scope) || (scope === "approve" && superuser && everything)
  );
  if (superuser) return within;
  return within && !key.superuser && key.user === user &&
    key.teams.every((team) => teams.includes(team));
}
