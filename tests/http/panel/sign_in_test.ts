import { assert, assertEquals, assertMatch } from "@std/assert";
import { Seal } from "../../../http/panel/session.ts";
import { SignInLimit } from "../../../http/panel/sign_in_limit.ts";
import { TestGateway } from "../test_gateway.ts";
import { cookieOf, formOf, signIn } from "./session.ts";

Deno.test("a sign-in sets a sealed cookie that no script reads and no other site sends", async () => {
  await using t = await TestGateway.start();
  const response = await t.app.request("/panel/sign-in", formOf({ key: t.keys.ada }));
  assertEquals(response.status, 303);
  assertEquals(response.headers.get("location"), "/panel/models");
  const cookie = response.headers.get("set-cookie")!;
  assertMatch(cookie, /HttpOnly/);
  assertMatch(cookie, /SameSite=Lax/);
  assert(!cookie.includes("Secure") && !cookie.includes(t.keys.ada));
});

Deno.test("behind TLS the cookie is Secure and of this host alone", async () => {
  await using t = await TestGateway.start();
  const response = await t.app.request("/panel/sign-in", {
    ...formOf({ key: t.keys.ada }),
    headers: { "x-forwarded-proto": "https", "content-type": "application/x-www-form-urlencoded" },
  });
  assertMatch(response.headers.get("set-cookie")!, /^__Host-.*Secure/);
});

Deno.test("another gateway with the same secret reads the session, one with another does not", async () => {
  await using t = await TestGateway.start();
  const seal = new Seal("one", "session");
  const sealed = seal.close({ bearer: "x" });
  assertEquals(new Seal("one", "session").open(sealed), { bearer: "x" });
  assertEquals(new Seal("two", "session").open(sealed), undefined);
  assertEquals(new Seal("one", "other").open(sealed), undefined);
  const changed = sealed.slice(0, -2) + (sealed.endsWith("AA") ? "BB" : "AA");
  assertEquals(seal.open(changed), undefined);
  const forged = await t.app.request("/panel", { headers: { cookie: `model-gateway=${sealed}` } });
  assertMatch(forged.headers.get("location")!, /^\/panel\/sign-in/);
});

Deno.test("revoking the key ends the session", async () => {
  await using t = await TestGateway.start();
  const cookie = await signIn(t, "ada");
  assertEquals((await t.app.request("/panel", { headers: { cookie } })).status, 303);
  const { keyId } = t.gateway.catalog.principal(t.keys.ada)!;
  await t.gateway.registry.revokeKey("system", keyId!);
  await t.gateway.catalog.refresh();
  const after = await t.app.request("/panel/x", { headers: { cookie } });
  assertEquals(after.headers.get("location"), "/panel/sign-in?next=%2Fpanel%2Fx");
});

Deno.test("a form without the session's token, or from another site, changes nothing", async () => {
  await using t = await TestGateway.start();
  const { cookie, csrf } = await cookieOf(t, "ada");
  const send = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    t.app.request("/panel/sign-out", formOf(fields, { cookie, ...headers }));
  assertEquals((await send({})).status, 403);
  assertEquals((await send({ csrf: "wrong" })).status, 403);
  assertEquals((await send({ csrf }, { "sec-fetch-site": "cross-site" })).status, 403);
  assertEquals((await send({ csrf }, { origin: "https://evil.example" })).status, 403);
  const done = await send({ csrf }, { "sec-fetch-site": "same-origin" });
  assertEquals(done.headers.get("location"), "/panel/sign-in");
  assertMatch(done.headers.get("set-cookie")!, /Max-Age=0/);
});

Deno.test("a wrong key is refused, and after ten of them the address has to wait", async () => {
  await using t = await TestGateway.start();
  for (let i = 0; i < 10; i++) {
    const refused = await t.app.request("/panel/sign-in", formOf({ key: "mgk_wrong" }));
    assertEquals(refused.status, 401);
    await refused.body?.cancel();
  }
  const limited = await t.app.request("/panel/sign-in", formOf({ key: t.keys.ada }));
  assertEquals(limited.status, 429);
  assert(Number(limited.headers.get("retry-after")) > 0);
});

Deno.test("SignInLimit gives tries back with time, to each address its own", () => {
  let now = 0;
  const limit = new SignInLimit(() => now);
  for (let i = 0; i < 10; i++) limit.failed("a");
  assertEquals(limit.wait("a"), 6);
  assertEquals(limit.wait("b"), 0);
  now += 6000;
  assertEquals(limit.wait("a"), 0);
  limit.failed("a");
  assert(limit.wait("a") > 0);
});

Deno.test("a sign-in leads on to pages of the gateway alone", async () => {
  await using t = await TestGateway.start();
  for (
    const [next, to] of [
      ["/panel/jobs?a=1", "/panel/jobs?a=1"],
      ["https://evil.example", "/panel/models"],
      ["//evil.example", "/panel/models"],
      ["/panel\\evil", "/panel/models"],
      ["/panelx", "/panel/models"],
    ]
  ) {
    const response = await t.app.request(
      "/panel/sign-in",
      formOf({ key: t.keys.ada, next: next! }),
    );
    assertEquals(response.headers.get("location"), to);
  }
});

Deno.test("scripts of the pages reach the API by the session and its token, others do not", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const { cookie, csrf } = await cookieOf(t, "ben");
  const path = "/panel/api/v1/jobs";
  const submit = (headers: Record<string, string>) =>
    t.app.request(path, {
      method: "POST",
      headers: { cookie, "content-type": "application/json", ...headers },
      body: JSON.stringify({ model: "esol", input: { smiles: "CCO" } }),
    });
  const accepted = await submit({ "x-csrf-token": csrf });
  assertEquals(accepted.status, 202);
  const { id } = await accepted.json();
  assertEquals((await t.queue.get(id))!.submitter, "user:ben");
  assertEquals((await submit({})).status, 403);
  assertEquals((await t.app.request(path, { headers: { cookie } })).status, 403);
  const list = await t.app.request(path, { headers: { cookie, "x-csrf-token": csrf } });
  assertEquals((await list.json()).items.length, 1);
  const who = await t.app.request("/panel/session", { headers: { cookie } });
  assertEquals(await who.json(), { user: "ben", csrf });
  assertEquals(await (await t.app.request("/panel/session")).json(), null);
});

Deno.test("the admin pages are not there for others than superusers", async () => {
  await using t = await TestGateway.start();
  const ada = await signIn(t, "ada");
  const root = await signIn(t, "root");
  assertEquals((await t.app.request("/admin", { headers: { cookie: ada } })).status, 404);
  assertEquals((await t.app.request("/admin", { headers: { cookie: root } })).status, 303);
  assertEquals((await t.app.request("/admin/nothing", { headers: { cookie: root } })).status, 404);
});
