/**
 * Identities of an OpenID provider: bearer tokens that it signed, and people who sign in with it
 * (OpenID Connect Core 1.0; RFC 7636 for PKCE, RFC 9700 for what else to mind).
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, type JWTVerifyResult } from "jose";
import type { Principal } from "../../registry/principal.ts";
import { Seal } from "../panel/session.ts";
import { claimAt, principalOf } from "./claims.ts";
import { getJson, IssuerKeys, type ProviderMetadata } from "./issuer_keys.ts";
import { type OidcClient, type OidcSettings, PERSON_SCOPES } from "./settings.ts";
import { TokenRefused } from "./token_refused.ts";
import { VerifiedTokens } from "./verified_tokens.ts";

/** A sign-in between its two ends: kept in the browser, sealed. */
export interface SignInAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

export interface OidcOptions {
  /** Seals the bearers of sessions; the same in all gateways. */
  readonly sessionSecret: string;
  readonly now?: () => number;
  /** Hears why the provider could not be read. */
  readonly onFault?: (error: unknown) => void;
}

/** What stands in for a credential in the session of who signed in with the provider. */
const SESSION_BEARER = "mgs_";
/** Types of tokens that say who may do something: RFC 9068, and what came before it. */
const BEARER_TYPES: readonly unknown[] = [undefined, "JWT", "jwt", "at+jwt", "application/at+jwt"];

/** Trusts one provider. */
export class Oidc {
  readonly #keys: IssuerKeys;
  readonly #seal: Seal;
  readonly #now: () => number;
  readonly #verified = new VerifiedTokens();

  constructor(readonly settings: OidcSettings, options: OidcOptions) {
    this.#now = options.now ?? Date.now;
    this.#seal = new Seal(options.sessionSecret, "bearer of a session");
    const onFault = options.onFault ?? (() => {});
    this.#keys = new IssuerKeys({ issuer: settings.issuer, now: this.#now, onFault });
  }

  /**
   * Answers whose token it is; undefined for what is no token, such as an API key. A token that was
   * seen before is answered at once. Rejects with {@link TokenRefused} and the problem 503.
   */
  find(bearer: string): Principal | Promise<Principal> | undefined {
    if (bearer.startsWith("eyJ")) {
      return this.#verified.find(bearer, this.#now()) ?? this.#verify(bearer);
    }
    return bearer.startsWith(SESSION_BEARER) ? this.#ofSession(bearer) : undefined;
  }

  /** Where to send a browser that is to sign in, and what to keep until it is back. */
  async signIn(redirectUri: string): Promise<{ url: string; attempt: SignInAttempt }> {
    const { id, scope } = this.#client();
    const endpoint = endpointOf(await this.#keys.metadata(), "authorization_endpoint");
    const secret = () => randomBytes(32).toString("base64url");
    const attempt = { state: secret(), nonce: secret(), verifier: secret(), redirectUri };
    const url = new URL(endpoint);
    const asked = {
      response_type: "code",
      client_id: id,
      redirect_uri: redirectUri,
      scope,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: createHash("sha256").update(attempt.verifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    return { url: url.href, attempt };
  }

  /**
   * Answers the bearer of the session of whoever came back with this answer of the provider. Throws
   * {@link TokenRefused}.
   */
  async signedIn(attempt: SignInAttempt, answer: URLSearchParams): Promise<string> {
    // Another's answer, brought into this browser, would sign it in as somebody else.
    if (answer.get("state") !== attempt.state) throw new TokenRefused("it was begun elsewhere");
    const issuer = answer.get("iss"); // RFC 9207
    if (issuer !== null && issuer !== this.settings.issuer) {
      throw new TokenRefused("another provider answered");
    }
    const code = answer.get("code");
    if (code === null) throw new TokenRefused("the provider did not agree");
    const tokens = await this.#redeem(code, attempt);
    const claims = await this.#claimsOf(String(tokens.id_token), attempt.nonce);
    const all = await this.#withUserInfo(claims, tokens.access_token);
    const { scopes: _, ...rules } = this.settings.claims;
    const principal = { ...principalOf(all, rules), scopes: PERSON_SCOPES };
    const end = this.#now() + this.#client().sessionSeconds * 1000;
    return SESSION_BEARER + this.#seal.close({ principal, end });
  }

  /** Where a browser signs out of the provider too; undefined if the provider has no such page. */
  async signOutUrl(backTo: string): Promise<string | undefined> {
    const { end_session_endpoint: endpoint } = await this.#keys.metadata();
    if (!endpoint) return undefined;
    const url = new URL(endpoint);
    url.searchParams.set("client_id", this.#client().id);
    url.searchParams.set("post_logout_redirect_uri", backTo);
    return url.href;
  }

  /** True for the bearer of a session that began at the provider. */
  static isSession(bearer: string): boolean {
    return bearer.startsWith(SESSION_BEARER);
  }

  #ofSession(bearer: string): Principal | undefined {
    const known = this.#verified.find(bearer, this.#now());
    if (known) return known;
    const opened = this.#seal.open(bearer.slice(SESSION_BEARER.length)) as
      | { readonly principal: Principal; readonly end: number }
      | undefined;
    if (!opened || opened.end <= this.#now()) return undefined;
    this.#verified.add(bearer, opened.principal, opened.end, this.#now());
    return opened.principal;
  }

  async #verify(token: string): Promise<Principal> {
    const { audiences, claims, clockSkewSeconds } = this.settings;
    if (audiences.length === 0) throw new TokenRefused("no tokens are taken here, but API keys");
    const { payload, protectedHeader } = await this.#check(token, audiences);
    if (!BEARER_TYPES.includes(protectedHeader.typ)) {
      throw new TokenRefused("the token is of another kind");
    }
    const principal = principalOf(payload, claims);
    this.#verified.add(token, principal, (payload.exp! + clockSkewSeconds) * 1000, this.#now());
    return principal;
  }

  async #check(token: string, audience: readonly string[]): Promise<JWTVerifyResult> {
    const { issuer, algorithms, clockSkewSeconds } = this.settings;
    try {
      return await jwtVerify(token, this.#keys.find, {
        issuer,
        audience: [...audience],
        algorithms: [...algorithms],
        clockTolerance: clockSkewSeconds,
        requiredClaims: ["exp", "sub"],
        currentDate: new Date(this.#now()),
      });
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new TokenRefused(reasonOf(error));
      throw error;
    }
  }

  #client(): OidcClient {
    const { client } = this.settings;
    if (client) return client;
    throw new TokenRefused("nobody signs in with the provider here");
  }

  /** Gives the code for tokens (OpenID Connect Core, section 3.1.3). */
  async #redeem(code: string, attempt: SignInAttempt): Promise<Record<string, unknown>> {
    const { id, secret } = this.#client();
    const metadata = await this.#keys.metadata();
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: attempt.redirectUri,
      code_verifier: attempt.verifier,
    });
    const headers: Record<string, string> = { accept: "application/json" };
    const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    if (secret !== undefined && methods.includes("client_secret_basic")) {
      const pair = [id, secret].map(encodeURIComponent).join(":");
      headers.authorization = `Basic ${btoa(pair)}`;
    } else {
      body.set("client_id", id);
      if (secret !== undefined) body.set("client_secret", secret);
    }
    const endpoint = endpointOf(metadata, "token_endpoint");
    try {
      return await getJson(endpoint, { method: "POST", headers, body });
    } catch (cause) {
      throw new TokenRefused("the provider gave no token for it", { cause });
    }
  }

  async #claimsOf(idToken: string, nonce: string): Promise<JWTPayload> {
    const { id } = this.#client();
    const { payload } = await this.#check(idToken, [id]);
    if (payload.nonce !== nonce) throw new TokenRefused("the token is of another sign-in");
    if (payload.azp !== undefined && payload.azp !== id) {
      throw new TokenRefused("the token is another program's");
    }
    return payload;
  }

  /** Some providers tell more of a user than they write into the token. */
  async #withUserInfo(claims: JWTPayload, accessToken: unknown): Promise<JWTPayload> {
    const { user, teams, superuser } = this.settings.claims;
    const needed = [user, teams, ...(superuser ? [superuser.claim] : [])];
    const { userinfo_endpoint: endpoint } = await this.#keys.metadata();
    const complete = needed.every((claim) => claimAt(claims, claim) !== undefined);
    if (complete || !endpoint || typeof accessToken !== "string") return claims;
    try {
      const more = await getJson(endpoint, { headers: { authorization: `Bearer ${accessToken}` } });
      if (more.sub === claims.sub) return { ...more, ...claims };
    } catch (cause) {
      throw new TokenRefused("the provider does not tell who it is", { cause });
    }
    throw new TokenRefused("the provider told of somebody else");
  }
}

function endpointOf(
  metadata: ProviderMetadata,
  name: "authorization_endpoint" | "token_endpoint",
): string {
  const endpoint = metadata[name];
  if (endpoint !== undefined) return endpoint;
  throw new TokenRefused(`the provider has no ${name.replaceAll("_", " ")} over TLS`);
}

/** What is wrong with a token, in words that quote nothing of it. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "the token is past its time";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `the token's claim ${error.claim} is not as expected`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return "the token is signed by an algorithm that is not taken";
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "the token is signed by a key that the provider does not publish";
  }
  return "the token's signature cannot be verified";
}
