/**
 * An OpenID provider of the tests' own: a real HTTP server that publishes keys, rotates them, signs
 * in whoever presses a button, and gives out tokens as a real one does, with PKCE checked.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** What a token says beside what every token says. */
export type Claims = Readonly<Record<string, unknown>>;

/** How a token is made; each part in place of the right one. */
export interface TokenShape {
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs with another key than the published one of that name. */
  readonly forged?: boolean;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

interface Asked {
  readonly user: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string;
}

export const CLIENT_ID = "model-gateway";
export const CLIENT_SECRET = "a secret of the tests";
export const AUDIENCE = "https://gateway.example";

export class OidcIssuer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #codes = new Map<string, Asked>();
  #keys: SigningKey[] = [];
  /** How often the keys were fetched. */
  keyReads = 0;
  /** True while it answers nothing but 503. */
  away = false;
  /** Says this of itself instead of its address. */
  saysIssuer: string | undefined;
  /** Laid over the claims of ID tokens. */
  idTokenClaims: Claims = {};
  /** What it tells of each user, by name. */
  readonly people = new Map<string, Claims>();
  /** What it tells of users at its userinfo endpoint alone. */
  readonly told = new Map<string, Claims>();

  private constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  static async start(): Promise<OidcIssuer> {
    const issuer = new OidcIssuer();
    await issuer.rotate("key-1");
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Signs with a new key from now on, and publishes it alone. */
  async rotate(kid: string): Promise<void> {
    this.#keys = [await makeKey(kid)];
  }

  /** The key that is published, as a client sees it. */
  get published(): JWK {
    return this.#keys[0]!.publicJwk;
  }

  /** Signs a bearer token for ada, valid for an hour; claims in `more` replace its own. */
  async token(more: Claims = {}, { header, forged }: TokenShape = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.url, aud: AUDIENCE, sub: "ada", iat: now, exp: now + 3600, ...more };
    const { kid, privateKey } = this.#keys[0]!;
    return await new SignJWT(claims as JWTPayload)
      .setProtectedHeader({ alg: "RS256", kid, ...header })
      .sign(forged ? (await makeKey(kid)).privateKey : privateKey);
  }

  async #answer(request: Request): Promise<Response> {
    if (this.away) return new Response("away", { status: 503 });
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return Response.json({
          issuer: this.saysIssuer ?? this.url,
          jwks_uri: `${this.url}/keys`,
          authorization_endpoint: `${this.url}/authorize`,
          token_endpoint: `${this.url}/token`,
          userinfo_endpoint: `${this.url}/userinfo`,
          end_session_endpoint: `${this.url}/sign-out`,
          token_endpoint_auth_methods_supported: ["client_secret_basic"],
        });
      case "/keys":
        this.keyReads++;
        return Response.json({ keys: this.#keys.map(({ publicJwk }) => publicJwk) });
      case "/authorize":
        return this.#authorize(url.searchParams);
      case "/token":
        return await this.#redeem(request);
      case "/userinfo": {
        const user = request.headers.get("authorization")?.replace("Bearer at-", "") ?? "";
        return Response.json({ sub: user, ...this.told.get(user) });
      }
      case "/sign-out":
        return page("Signed out", `<p>${url.searchParams.get("client_id")}</p>`);
      default:
        return new Response(null, { status: 404 });
    }
  }

  /** Shows a page with a button, or where a user is named, agrees at once. */
  #authorize(asked: URLSearchParams): Response {
    const user = asked.get("user");
    const links = [...this.people.keys()].map((name) =>
      `<p><a href="/authorize?${asked}&amp;user=${name}">Go on as ${name}</a></p>`
    );
    if (user === null) return page("Who are you?", links.join(""));
    if (asked.get("response_type") !== "code" || asked.get("client_id") !== CLIENT_ID) {
      return new Response("not a client of mine", { status: 400 });
    }
    const code = crypto.randomUUID();
    const text = (name: string) => asked.get(name) ?? "";
    this.#codes.set(code, {
      user,
      redirectUri: text("redirect_uri"),
      challenge: asked.get("code_challenge_method") === "S256" ? text("code_challenge") : "",
      nonce: text("nonce"),
    });
    const back = new URL(text("redirect_uri"));
    for (const [name, value] of Object.entries({ code, state: text("state"), iss: this.url })) {
      back.searchParams.set(name, value);
    }
    return Response.redirect(back, 302);
  }

  async #redeem(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    const asked = this.#codes.get(form.get("code") ?? "");
    this.#codes.delete(form.get("code") ?? "");
    const proof = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    const secret = `Basic ${btoa([CLIENT_ID, CLIENT_SECRET].map(encodeURIComponent).join(":"))}`;
    const good = asked !== undefined && form.get("redirect_uri") === asked.redirectUri &&
      proof === asked.challenge && request.headers.get("authorization") === secret;
    if (!good) return Response.json({ error: "invalid_grant" }, { status: 400 });
    const { user, nonce } = asked;
    return Response.json({
      access_token: `at-${user}`,
      token_type: "Bearer",
      id_token: await this.token({
        sub: user,
        aud: CLIENT_ID,
        nonce,
        ...this.people.get(user),
        ...this.idTokenClaims,
      }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function makeKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const publicJwk = { ...await exportJWK(publicKey), kid, alg: "RS256", use: "sig" };
  return { kid, privateKey, publicJwk };
}

function page(title: string, body: string): Response {
  return new Response(
    `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}`,
    { headers: { "content-type": "text/html; charset=utf-8" } },
  );
}
