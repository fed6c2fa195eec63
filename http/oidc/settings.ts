/**
 * How the gateway trusts an OpenID provider.
 *
 * @module
 */
import type { Scope } from "../../registry/scope.ts";

/** Which claims of a token say who its bearer is. Names of claims within claims have dots. */
export interface ClaimRules {
  /** The claim with the user's name. */
  readonly user: string;
  /** The claim with the names of the user's teams. */
  readonly teams: string;
  /** Who is a superuser: whoever has the value in the claim; nobody where it is not set. */
  readonly superuser?: { readonly claim: string; readonly value: string };
  /** The claim with the scopes of a bearer token; each is good for everything where it is not set. */
  readonly scopes?: string;
}

/** The gateway as the provider knows it, for sign-ins in a browser. */
export interface OidcClient {
  readonly id: string;
  /** Not set for a public client. */
  readonly secret?: string;
  /** Asked for at the sign-in, such as `openid profile`. */
  readonly scope: string;
  /** What the button says. */
  readonly name: string;
  /** How long a sign-in lasts before the provider is asked again. */
  readonly sessionSeconds: number;
}

/** All that is trusted of one provider. */
export interface OidcSettings {
  /** As in the `iss` of its tokens; its configuration is found below it. */
  readonly issuer: string;
  /** Audiences of bearer tokens; none are taken where it is empty. */
  readonly audiences: readonly string[];
  /** Algorithms of signatures, with public keys alone. */
  readonly algorithms: readonly string[];
  /** How far the provider's clock may be off. */
  readonly clockSkewSeconds: number;
  readonly claims: ClaimRules;
  /** Nobody signs in by the provider where it is not set. */
  readonly client?: OidcClient;
}

/** Algorithms that may be trusted: with any other, who checks a signature could make one. */
export const OIDC_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

/** What somebody who is signed in by the provider may do: a person, who may confirm too. */
export const PERSON_SCOPES: readonly Scope[] = ["admin", "approve"];
