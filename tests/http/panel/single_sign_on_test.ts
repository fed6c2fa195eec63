import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Oidc } from "../../../http/oidc/oidc.ts";
import type { Gateway } from "../../../http/gateway.ts";
import { testWhere } from "../../services/shared.ts";
import { CLIENT_ID, CLIENT_SECRET, OidcIssuer } from "../oidc_issuer.ts";
import { TestGateway } from "../test_gateway.ts";
import { startBrowser } from "./browser.ts";
import { formOf } from "./session.ts";
import { TestSite } from "./site.ts";

const { browser, chromium } = await startBrowser();
Deno.test.afterAll(async () => {
  if (browser.available) await chromium.close();
});

const START = "/panel/oidc/start?next=%2Fpanel%2Fjobs";

/** A gateway's trust in the provider, whose clock the test moves. */
function trustIn(issuer: OidcIssuer): { gateway: Partial<Gateway>; pass(ms: number): void } {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const settings = {
    issuer: issuer.url,
    audiences: [],
    algorithms: ["RS256"],
    clockSkewSeconds: 30,
    claims: {
      user: "preferred_username",
      teams: "groups",
      superuser: { claim: "groups", value: "operators" },
    },
    client: {
      id: CLIENT_ID,
      secret: CLIENT_SECRET,
      scope: "openid profile",
      name: "the works",
      sessionSeconds: 3600,
    },
  };
  const oidc = new Oidc(settings, { sessionSecret: "a secret of the tests", now });
  return { gateway: { oidc, now }, pass: (ms) => ahead += ms };
}

async function startIssuer(): Promise<OidcIssuer> {
  const issuer = await OidcIssuer.start();
  issuer.people.set("u1", { preferred_username: "ada", groups: ["chemistry"] });
  issuer.people.set("u2", { preferred_username: "root", groups: ["operators"] });
  return issuer;
}

/** Goes to the provider and back, as far as the gateway's answer to the answer. */
async function comeBack(
  t: TestGateway,
  user: string,
  change: (back: URL) => void = () => {},
): Promise<{ response: Response; cookie: string; back: URL }> {
  const begun = await t.app.request(START);
  assertEquals(begun.status, 303);
  const cookie = begun.headers.get("set-cookie")!.split(";")[0]!;
  const url = `${begun.headers.get("location")}&user=${user}`;
  const agreed = await fetch(url, { redirect: "manual" });
  await agreed.body?.cancel();
  const back = new URL(agreed.headers.get("location")!);
  change(back);
  const response = await t.app.request(back.href, { headers: { cookie } });
  return { response, cookie, back };
}

function sessionOf(response: Response): string {
  const cookies = response.headers.getSetCookie();
  return cookies.find((cookie) => cookie.startsWith("model-gateway="))!.split(";")[0]!;
}

Deno.test("a sign-in asks for a code with PKCE, state and nonce, all new each time", async () => {
  await using issuer = await startIssuer();
  await using t = await TestGateway.start({}, trustIn(issuer).gateway);
  const page = await (await t.app.request("/panel/sign-in?next=/panel/jobs")).text();
  assertStringIncludes(page, START);
  assertStringIncludes(page, "Sign in with the works");
  const asked: URL[] = [];
  for (let i = 0; i < 2; i++) {
    const begun = await t.app.request(START);
    asked.push(new URL(begun.headers.get("location")!));
    const cookie = begun.headers.get("set-cookie")!;
    assertMatch(cookie, /HttpOnly/);
    assertMatch(cookie, /SameSite=Lax/);
    assertMatch(cookie, /Path=\/panel\/oidc/);
  }
  const [one, other] = asked.map(({ searchParams }) => Object.fromEntries(searchParams));
  assertEquals(one!.response_type, "code");
  assertEquals(one!.client_id, CLIENT_ID);
  assertEquals(one!.redirect_uri, "http://localhost/panel/oidc/callback");
  assertEquals(one!.scope, "openid profile");
  assertEquals(one!.code_challenge_method, "S256");
  for (const secret of ["state", "nonce", "code_challenge"]) {
    assertMatch(one![secret]!, /^[A-Za-z0-9_-]{43}$/);
    assert(one![secret] !== other![secret], secret);
  }
});

Deno.test("who comes back is signed in as the provider says, until the session's end", async () => {
  await using issuer = await startIssuer();
  const trust = trustIn(issuer);
  await using t = await TestGateway.start({}, trust.gateway);
  await t.addModel("secret", { visibility: "private", owners: ["user:ada"] });
  const { response } = await comeBack(t, "u1");
  assertEquals(response.headers.get("location"), "/panel/jobs");
  const cookie = sessionOf(response);
  const open = (path: string) => Promise.resolve(t.app.request(path, { headers: { cookie } }));
  const page = await (await open("/panel/models")).text();
  assertStringIncludes(page, "secret");
  const { user, csrf } = await (await open("/panel/session")).json();
  assertEquals(user, "ada");
  assertEquals((await open("/admin")).status, 404);
  const operator = sessionOf((await comeBack(t, "u2")).response);
  assertEquals((await t.app.request("/admin", { headers: { cookie: operator } })).status, 303);
  // A person may let a key confirm; a bearer token and a plain key may not.
  const body = JSON.stringify({ scopes: ["approve"] });
  const headers = { cookie, "x-csrf-token": csrf, "content-type": "application/json" };
  const made = await t.app.request("/panel/api/v1/keys", { method: "POST", headers, body });
  assertEquals(made.status, 201);
  const out = await t.app.request("/panel/sign-out", formOf({ csrf }, { cookie }));
  assertEquals(out.headers.get("location"), "/panel/sign-in?signed-out");
  assertMatch(out.headers.get("set-cookie")!, /Max-Age=0/);
  const after = await (await t.app.request("/panel/sign-in?signed-out")).text();
  assertStringIncludes(after, `${issuer.url}/sign-out?client_id=${CLIENT_ID}`);
  trust.pass(3_600_000);
  assertMatch((await open("/panel/models")).headers.get("location")!, /^\/panel\/sign-in/);
});

Deno.test("an answer that is not the provider's to this browser signs nobody in", async () => {
  await using issuer = await startIssuer();
  const trust = trustIn(issuer);
  await using t = await TestGateway.start({}, trust.gateway);
  const refused = (response: Response) => {
    assertEquals(
      response.headers.get("location"),
      `/panel/sign-in?fault=refused&next=${encodeURIComponent("/panel/jobs")}`,
    );
    const cookies = response.headers.getSetCookie();
    assert(!cookies.some((cookie) => cookie.startsWith("model-gateway=")), cookies.join());
  };
  const changes: ((back: URL) => void)[] = [
    ({ searchParams }) => searchParams.set("state", "another"),
    ({ searchParams }) => searchParams.delete("state"),
    ({ searchParams }) => searchParams.set("iss", "https://elsewhere.example"),
    ({ searchParams }) => searchParams.set("code", "another"),
    ({ searchParams }) => {
      searchParams.delete("code");
      searchParams.set("error", "access_denied");
    },
    () => trust.pass(600_000),
  ];
  for (const change of changes.slice(0, -1)) {
    refused((await comeBack(t, "u1", change)).response);
  }
  const claims = [
    { nonce: "another" },
    { nonce: undefined },
    { azp: "another" },
    { aud: "another" },
    { iss: "https://elsewhere.example" },
    { exp: 1 },
    { preferred_username: "no user" },
  ];
  for (const wrong of claims) {
    issuer.idTokenClaims = wrong;
    refused((await comeBack(t, "u1")).response);
  }
  issuer.idTokenClaims = {};
  const { response, cookie, back } = await comeBack(t, "u1");
  assertEquals(response.headers.get("location"), "/panel/jobs");
  refused(await t.app.request(back.href, { headers: { cookie } }));
  const nobody = await t.app.request(back.href);
  assertEquals(
    nobody.headers.get("location"),
    "/panel/sign-in?fault=refused&next=%2Fpanel%2Fmodels",
  );
  // Another one's browser has a cookie of its own: the answer is not for it.
  const other = (await t.app.request(START)).headers.get("set-cookie")!.split(";")[0]!;
  refused(await t.app.request(back.href, { headers: { cookie: other } }));
  refused((await comeBack(t, "u1", changes.at(-1)!)).response);
  const page = await (await t.app.request("/panel/sign-in?fault=refused")).text();
  assertStringIncludes(page, "did not succeed");
});

Deno.test("what the token leaves out is asked for, and believed of the same user alone", async () => {
  await using issuer = await startIssuer();
  await using t = await TestGateway.start({}, trustIn(issuer).gateway);
  issuer.people.set("u3", {});
  issuer.told.set("u3", { preferred_username: "cleo", groups: [] });
  const cookie = sessionOf((await comeBack(t, "u3")).response);
  const session = await t.app.request("/panel/session", { headers: { cookie } });
  assertEquals((await session.json()).user, "cleo");
  issuer.told.set("u3", { sub: "u1", preferred_username: "ada", groups: [] });
  const { response } = await comeBack(t, "u3");
  assertMatch(response.headers.get("location")!, /fault=refused/);
});

Deno.test("while the provider is away one is told so, and keys still sign in", async () => {
  await using issuer = await startIssuer();
  await using t = await TestGateway.start({}, trustIn(issuer).gateway);
  issuer.away = true;
  const begun = await t.app.request(START);
  assertMatch(begun.headers.get("location")!, /fault=away/);
  const page = await t.app.request("/panel/sign-in?fault=away&signed-out");
  assertStringIncludes(await page.text(), "cannot be reached now");
  const byKey = await t.app.request("/panel/sign-in", formOf({ key: t.keys.ada }));
  assertEquals(byKey.status, 303);
});

Deno.test("without a provider there is no such sign-in", async () => {
  await using t = await TestGateway.start();
  assertEquals((await t.app.request(START)).status, 404);
  assertEquals((await t.app.request("/panel/oidc/callback?code=x&state=y")).status, 404);
  const page = await (await t.app.request("/panel/sign-in")).text();
  assert(!page.includes("oidc"));
});

testWhere(browser, "one signs in with the provider in a browser, and out of both", async () => {
  await using issuer = await startIssuer();
  await using site = await TestSite.start(trustIn(issuer).gateway);
  await site.t.addModel("esol", { visibility: "private", readers: ["team:chemistry"] });
  await using visit = chromium.visit(site.url);
  const page = await visit.open();
  await page.goto("/panel/models/esol");
  assertEquals(await chromium.barriers(page), []);
  await chromium.picture(page, "single-sign-on");
  await page.getByRole("link", { name: "Sign in with the works" }).click();
  await page.getByRole("link", { name: "Go on as u1" }).click();
  await page.getByRole("heading", { name: "esol" }).first().waitFor();
  assertEquals(new URL(page.url()).pathname, "/panel/models/esol");
  await page.getByText("ada", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign out of the works too" }).click();
  await page.getByRole("heading", { name: "Signed out" }).waitFor();
  await page.goto("/panel/models");
  await page.getByLabel("API key").waitFor();
  assertEquals(chromium.takeComplaints().filter((text) => text.includes(site.url)), []);
});
