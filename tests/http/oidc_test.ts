import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { exportSPKI, importJWK } from "jose";
import { Oidc } from "../../http/oidc/oidc.ts";
import type { ClaimRules, OidcSettings } from "../../http/oidc/settings.ts";
import { AUDIENCE, type Claims, CLIENT_ID, CLIENT_SECRET, OidcIssuer } from "./oidc_issuer.ts";
import { problemOf, TestGateway } from "./test_gateway.ts";

interface Bench extends AsyncDisposable {
  readonly issuer: OidcIssuer;
  readonly t: TestGateway;
  /** Moves the gateway's clock. */
  pass(ms: number): void;
  /** What it shows, since the epoch. */
  seconds(): number;
  /** What could not be read of the provider. */
  readonly faults: unknown[];
  /** Asks for the list of models with a token. */
  ask(token: string, path?: string, init?: RequestInit): Promise<Response>;
}

async function bench(
  rules: Partial<ClaimRules> = {},
  more: Partial<OidcSettings> = {},
): Promise<Bench> {
  const issuer = await OidcIssuer.start();
  // It stands still but for the test, so that nothing hangs on how long a request takes.
  let time = Date.now();
  const now = () => time;
  const faults: unknown[] = [];
  const settings: OidcSettings = {
    issuer: issuer.url,
    audiences: [AUDIENCE],
    algorithms: ["RS256"],
    clockSkewSeconds: 30,
    claims: { user: "sub", teams: "groups", ...rules },
    client: {
      id: CLIENT_ID,
      secret: CLIENT_SECRET,
      scope: "openid",
      name: "the tests",
      sessionSeconds: 3600,
    },
    ...more,
  };
  const sessionSecret = "a secret of the tests";
  const oidc = new Oidc(settings, { sessionSecret, now, onFault: (e) => faults.push(e) });
  const t = await TestGateway.start({}, { oidc, now });
  return {
    issuer,
    t,
    faults,
    pass: (ms) => time += ms,
    seconds: () => Math.floor(time / 1000),
    ask: (token, path = "/v1/models", init = {}) =>
      Promise.resolve(t.app.request(path, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${token}` },
      })),
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
    },
  };
}

function unsigned(header: Claims, claims: Claims, sign: (text: string) => string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${sign(text)}`;
}

Deno.test("an agent is told where to get a token for its user, and is served with one", async () => {
  await using b = await bench();
  const url = "http://gateway.test/mcp";
  const none = await b.t.app.request(url, { method: "POST", body: "{}" });
  assertEquals(none.status, 401);
  const said = /resource_metadata="([^"]+)"/.exec(none.headers.get("www-authenticate")!);
  const metadata = await (await b.t.app.request(said![1]!)).json();
  assertEquals([metadata.resource, metadata.authorization_servers], [url, [b.issuer.url]]);
  const ping = {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  };
  const served = await b.ask(await b.issuer.token({ sub: "ada" }), url, ping);
  assertEquals(served.status, 200, await served.text());
});

Deno.test("a token of the provider stands for its user, with the teams and the role it names", async () => {
  await using b = await bench({
    user: "preferred_username",
    teams: "realm.groups",
    superuser: { claim: "roles", value: "operators" },
  });
  await b.t.addModel("secret", { visibility: "private", readers: ["team:chemistry"] });
  const names = async (claims: Claims) => {
    const response = await b.ask(await b.issuer.token(claims));
    assertEquals(response.status, 200);
    return (await response.json()).items.map(({ name }: { name: string }) => name);
  };
  const eve = { preferred_username: "eve" };
  assertEquals(await names({ ...eve }), []);
  assertEquals(await names({ ...eve, realm: { groups: ["/chemistry", "!", 7] } }), ["secret"]);
  assertEquals(await names({ ...eve, groups: ["chemistry"] }), []);
  assertEquals(await names({ ...eve, roles: "readers operators" }), ["secret"]);
  const known = await b.ask(
    await b.issuer.token({ ...eve, realm: { groups: ["/chemistry"] } }),
    "/v1/identity",
  );
  assertEquals(await known.json(), { user: "eve", teams: ["chemistry"], superuser: false });
  const token = await b.issuer.token({ preferred_username: "ada", aud: ["x", AUDIENCE] });
  const body = JSON.stringify({ model: "secret", input: { smiles: "C" } });
  const json = { "content-type": "application/json" };
  const accepted = await b.ask(token, "/v1/jobs", { method: "POST", headers: json, body });
  assertEquals(accepted.status, 202);
  assertEquals((await b.t.queue.get((await accepted.json()).id))!.submitter, "user:ada");
  const metrics = await (await b.ask(token, "/metrics")).text();
  assertStringIncludes(metrics, 'model="secret"');
});

Deno.test("what is wrong with a token is refused by 401, whatever it is", async () => {
  await using b = await bench({ user: "email" });
  const seconds = b.seconds();
  const good = { email: "ada@example.org", email_verified: true };
  assertEquals((await b.ask(await b.issuer.token(good))).status, 200);
  const claims = { iss: b.issuer.url, aud: AUDIENCE, sub: "ada", exp: seconds + 60, ...good };
  const publicKey = await importJWK(b.issuer.published, "RS256", { extractable: true });
  const pem = await exportSPKI(publicKey as CryptoKey);
  const hmac = (text: string) => createHmac("sha256", pem).update(text).digest("base64url");
  const kid = "key-1";
  const made = (more: Claims, shape = {}) => b.issuer.token({ ...good, ...more }, shape);
  const wrong: Record<string, string> = {
    "another audience": await made({ aud: "https://elsewhere.example" }),
    "the audience of sign-ins": await made({ aud: CLIENT_ID }),
    "no audience": await made({ aud: undefined }),
    "another issuer": await made({ iss: "https://elsewhere.example" }),
    "past its time": await made({ exp: seconds - 60 }),
    "no end": await made({ exp: undefined }),
    "not yet": await made({ nbf: seconds + 600 }),
    "no subject": await made({ sub: undefined }),
    "no user": await made({ email: undefined }),
    "a user that cannot be": await made({ email: "ada smith" }),
    "an address that nobody checked": await made({ email_verified: false }),
    "another key": await made({}, { forged: true }),
    "a key that nobody publishes": await made({}, { header: { kid: "key-0" } }),
    "a token for signing out": await made({}, { header: { typ: "logout+jwt" } }),
    "no signature": unsigned({ alg: "none" }, claims, () => ""),
    "no signature, but a key": unsigned({ alg: "none", kid }, claims, () => ""),
    "the public key as a secret": unsigned({ alg: "HS256", kid }, claims, hmac),
    "a key that it brings along": unsigned(
      { alg: "HS256", jwk: { kty: "oct", k: "AA" } },
      claims,
      hmac,
    ),
    "something like a token": "eyJhbGciOiJSUzI1NiJ9.e30.AA",
    "a session of another secret": "mgs_" + "A".repeat(200),
  };
  const tampered = (await made({})).split(".");
  tampered[1] = Buffer.from(JSON.stringify({ ...claims, email: "root@example.org" }))
    .toString("base64url");
  wrong["other claims under the same signature"] = tampered.join(".");
  for (const [what, token] of Object.entries(wrong)) {
    const response = await b.ask(token);
    assertEquals(response.status, 401, what);
    assertStringIncludes(response.headers.get("www-authenticate")!, 'error="invalid_token"');
    const { detail } = await problemOf(response, 401, "unauthorized");
    assert(!detail!.includes("example"), detail);
  }
  assertEquals(Object.keys(wrong).length, 21);
});

Deno.test("a token is taken by the algorithms that are trusted alone, though its key is published", async () => {
  await using b = await bench({}, { algorithms: ["ES256", "PS256"] });
  const { detail } = await problemOf(await b.ask(await b.issuer.token()), 401, "unauthorized");
  assertStringIncludes(detail!, "algorithm");
});

Deno.test("the provider's clock may be off, but by no more than is said", async () => {
  await using b = await bench();
  const seconds = b.seconds();
  assertEquals((await b.ask(await b.issuer.token({ exp: seconds - 10 }))).status, 200);
  assertEquals((await b.ask(await b.issuer.token({ nbf: seconds + 10 }))).status, 200);
  const ending = await b.issuer.token({ exp: seconds + 60 });
  assertEquals((await b.ask(ending)).status, 200);
  b.pass(100_000);
  assertEquals((await b.ask(ending)).status, 401);
});

Deno.test("keys are read once for many tokens, and again for a new key, but not for each", async () => {
  await using b = await bench();
  const tokens = await Promise.all(["a", "b", "c"].map((sub) => b.issuer.token({ sub })));
  for (const token of [...tokens, ...tokens]) assertEquals((await b.ask(token)).status, 200);
  assertEquals(b.issuer.keyReads, 1);
  await b.issuer.rotate("key-2");
  const renewed = await b.issuer.token();
  b.pass(10_000);
  assertEquals((await b.ask(renewed)).status, 200);
  assertEquals(b.issuer.keyReads, 2);
  for (let i = 0; i < 20; i++) {
    const unknown = await b.issuer.token({}, { header: { kid: `none-${i}` } });
    assertEquals((await b.ask(unknown)).status, 401);
  }
  assertEquals(b.issuer.keyReads, 2);
  // The old key is published no more: what it signed ends with what was remembered of it.
  b.pass(300_000);
  assertEquals((await b.ask(tokens[0]!)).status, 401);
});

Deno.test("while the provider is away, its keys of before are good for a day, then it is 503", async () => {
  await using b = await bench();
  const week = b.seconds() + 7 * 24 * 3600;
  const token = await b.issuer.token({ exp: week });
  assertEquals((await b.ask(token)).status, 200);
  b.issuer.away = true;
  b.pass(23 * 3600 * 1000);
  assertEquals((await b.ask(await b.issuer.token({ sub: "ben", exp: week }))).status, 200);
  b.pass(2 * 3600 * 1000);
  const refused = await b.ask(token);
  assertEquals(refused.headers.get("retry-after"), "10");
  await problemOf(refused, 503, "unavailable");
  assert(b.faults.length > 0);
  // Keys of the gateway's own are good whatever the provider does.
  assertEquals((await b.ask(b.t.keys.ada)).status, 200);
  b.issuer.away = false;
  b.pass(10_000);
  assertEquals((await b.ask(token)).status, 200);
});

Deno.test("a provider that says it is another one is not believed", async () => {
  await using b = await bench();
  b.issuer.saysIssuer = "https://elsewhere.example";
  await problemOf(await b.ask(await b.issuer.token()), 503, "unavailable");
  assertStringIncludes(String(b.faults[0]), "elsewhere");
});

Deno.test("a token has the scopes of its claim where one is named; none confirms by itself", async () => {
  await using b = await bench({ scopes: "scope" });
  const to = async (scope: string, method: string, path: string) =>
    (await b.ask(await b.issuer.token({ scope }), path, { method })).status;
  assertEquals(await to("openid read", "GET", "/v1/models"), 200);
  assertEquals(await to("openid read", "DELETE", "/v1/models/none"), 403);
  assertEquals(await to("openid", "GET", "/v1/models"), 403);
  assertEquals(await to("models:write", "DELETE", "/v1/models/none"), 404);
});

Deno.test("without an audience no bearer tokens are taken, and without a provider none at all", async () => {
  await using b = await bench({}, { audiences: [] });
  const token = await b.issuer.token();
  await problemOf(await b.ask(token), 401, "unauthorized");
  await using t = await TestGateway.start();
  const response = await t.app.request("/v1/models", {
    headers: { authorization: `Bearer ${token}` },
  });
  await problemOf(response, 401, "unauthorized");
});

Deno.test("a token counts against the quotas of its user and of its teams", async () => {
  await using b = await bench();
  await b.t.addModel("esol");
  const submit = async (sub: string, groups: string[]) => {
    const response = await b.ask(await b.issuer.token({ sub, groups }), "/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "esol", input: { smiles: "C" } }),
    });
    await response.body?.cancel();
    return response.status;
  };
  for (const subject of ["user:ada", "team:chemistry"]) {
    const quota = { as: "root", body: { jobsPerDay: 1 } } as const;
    assertEquals((await b.t.call("PUT", `/v1/quotas/${subject}`, quota)).status, 200);
  }
  assertEquals(await submit("ada", []), 202);
  assertEquals(await submit("ada", []), 429);
  assertEquals(await submit("eve", ["chemistry"]), 202);
  assertEquals(await submit("dan", ["chemistry"]), 429);
  assertEquals(await submit("dan", []), 202);
});
