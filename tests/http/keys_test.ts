import { assert, assertEquals, assertMatch } from "@std/assert";
import { problemOf, TestGateway } from "./test_gateway.ts";
import { cookieOf, formOf } from "./panel/session.ts";

interface Key {
  readonly id: string;
  readonly key: string;
  readonly user: string;
  readonly scopes?: string[];
  readonly oldSecretUntil?: string;
}

async function makeKey(
  t: TestGateway,
  body: Record<string, unknown>,
  as: "root" | "ada" = "ada",
): Promise<Key> {
  const response = await t.call("POST", "/v1/keys", { as, body });
  const text = await response.text();
  assertEquals(response.status, 201, text);
  return JSON.parse(text);
}

function by(t: TestGateway, key: string, method: string, path: string, body?: unknown) {
  return Promise.resolve(t.app.request(path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }));
}

Deno.test("a key is shown once, works at once, and is refused from its end on", async () => {
  await using t = await TestGateway.start();
  const made = await makeKey(t, { label: "laptop", teams: ["chemistry"] });
  assertMatch(made.key, /^mgk_[0-9A-Za-z]{32}$/);
  assertEquals((await by(t, made.key, "GET", "/v1/models")).status, 200);
  const list = await (await t.call("GET", "/v1/keys?query=laptop")).text();
  assertEquals(JSON.parse(list).items.map(({ id }: Key) => id), [made.id]);
  assert(!list.includes(made.key));
  const { user, teams, keyId } = await (await by(t, made.key, "GET", "/v1/identity")).json();
  assertEquals([user, teams, keyId], ["ada", ["chemistry"], made.id]);
  assertEquals((await t.call("DELETE", `/v1/keys/${made.id}?reason=lost`)).status, 204);
  await problemOf(await by(t, made.key, "GET", "/v1/models"), 401, "unauthorized");
  const [change] = (await t.gateway.registry.changes(0, 100)).slice(-1);
  assertEquals([change!.action, change!.actor, change!.reason], [
    "revoke_key",
    "user:ada",
    "lost",
  ]);
  assert(!JSON.stringify(change).includes(made.key));
  const past = { expiresAt: "2001-01-01T00:00:00Z" };
  const refused = await t.call("POST", "/v1/keys", { body: past });
  const { errors } = await problemOf(refused, 422, "invalid-request");
  assertEquals(errors![0]!.pointer, "/expiresAt");
});

Deno.test("users make and see keys of their own, with no more rights than they have", async () => {
  await using t = await TestGateway.start();
  const more = [
    { user: "ben" },
    { superuser: true },
    { teams: ["sales"] },
    { scopes: ["approve"] },
  ];
  for (const body of more) {
    await problemOf(await t.call("POST", "/v1/keys", { body }), 403, "forbidden");
  }
  const narrow = await makeKey(t, { scopes: ["read", "access:write"] });
  for (const scopes of [undefined, ["admin"], ["read", "run"]]) {
    const wider = await by(t, narrow.key, "POST", "/v1/keys", { ...(scopes && { scopes }) });
    await problemOf(wider, 403, "forbidden");
  }
  const narrower = await by(t, narrow.key, "POST", "/v1/keys", { scopes: ["read"] });
  assertEquals(narrower.status, 201);
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const ending = await makeKey(t, { expiresAt: soon });
  await problemOf(await by(t, ending.key, "POST", "/v1/keys", {}), 403, "forbidden");
  assertEquals((await by(t, ending.key, "POST", "/v1/keys", { expiresAt: soon })).status, 201);
  const users = async (as: "root" | "ada" | "cleo") =>
    new Set((await (await t.call("GET", "/v1/keys", { as })).json()).items.map((k: Key) => k.user));
  assertEquals(await users("ada"), new Set(["ada"]));
  assertEquals(await users("root"), new Set(["root", "ada", "ben", "cleo"]));
});

Deno.test("another user's key is not there, in the same words as one that never was", async () => {
  await using t = await TestGateway.start();
  const { id } = await makeKey(t, {});
  const none = crypto.randomUUID();
  for (const [method, end] of [["DELETE", ""], ["POST", "/rotate"]] as const) {
    const body = method === "POST" ? { body: {} } : {};
    const theirs = await t.call(method, `/v1/keys/${id}${end}`, { as: "cleo", ...body });
    const missing = await t.call(method, `/v1/keys/${none}${end}`, { as: "cleo", ...body });
    assertEquals(theirs.status, 404);
    assertEquals((await theirs.text()).replaceAll(id, none), await missing.text());
  }
  const narrow = await makeKey(t, { scopes: ["access:write"] });
  const wide = await by(t, narrow.key, "POST", `/v1/keys/${id}/rotate`, {});
  await problemOf(wide, 403, "forbidden");
});

Deno.test("a rotated key has two secrets for the grace, then the new one alone", async () => {
  await using t = await TestGateway.start();
  const works = async (key: string) => (await by(t, key, "GET", "/v1/models")).status === 200;
  const rotate = async (id: string, body: unknown): Promise<Key> =>
    await (await t.call("POST", `/v1/keys/${id}/rotate`, { body })).json();
  const first = await makeKey(t, {});
  const second = await rotate(first.id, { graceSeconds: 600 });
  assertEquals(second.id, first.id);
  assert(Date.parse(second.oldSecretUntil!) > Date.now());
  assert(await works(first.key) && await works(second.key));
  const third = await rotate(first.id, { graceSeconds: 0 });
  assert(!await works(first.key) && !await works(second.key) && await works(third.key));
});

Deno.test("a key is good for what its scopes name, on every route", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const job = { model: "esol", input: { smiles: "C" } };
  const tries: [scope: string, method: string, path: string, body: unknown, status: number][] = [
    ["read", "GET", "/v1/models/esol", undefined, 200],
    ["run", "POST", "/v1/jobs", job, 202],
    ["models:write", "PATCH", "/v1/models/esol", { description: "other" }, 200],
    ["access:write", "POST", "/v1/keys", { scopes: ["access:write"] }, 201],
    ["admin", "PUT", "/v1/policies", {}, 200],
  ];
  for (const [scope] of tries) {
    const as = scope === "admin" ? "root" : "ada";
    const { key } = await makeKey(
      t,
      { user: as, superuser: as === "root", scopes: [scope] },
      "root",
    );
    for (const [needed, method, path, body, status] of tries) {
      const response = await by(t, key, method, path, body);
      if (needed === scope || scope === "admin") {
        assertEquals(
          response.status,
          status,
          `${scope}: ${method} ${path} ${await response.text()}`,
        );
        continue;
      }
      assertEquals(
        response.headers.get("www-authenticate"),
        `Bearer realm="model-gateway", error="insufficient_scope", scope="${needed}"`,
      );
      await problemOf(response, 403, "forbidden");
    }
  }
  const document = await (await t.app.request("/openapi.json")).json();
  assertEquals(document.paths["/v1/jobs"].post.security, [{ apiKey: ["run"] }]);
  assertEquals(document.paths["/metrics"].get.security, [{}, { apiKey: ["read"] }]);
});

Deno.test("the pages of keys make, rotate and revoke by the same rules", async () => {
  await using t = await TestGateway.start();
  const { cookie, csrf } = await cookieOf(t, "ada");
  const send = (path: string, fields: Record<string, string>) =>
    Promise.resolve(t.app.request(path, formOf({ csrf, ...fields }, { cookie })));
  const secretOf = async (response: Response) => {
    const text = await response.text();
    assertEquals(response.status, 201, text);
    return /mgk_[0-9A-Za-z]{32}/.exec(text)![0];
  };
  const key = await secretOf(await send("/panel/keys", { label: "notebook", scopes: "read" }));
  const { keyId, teams } = t.gateway.catalog.principal(key)!;
  assertEquals(teams, ["chemistry"]);
  const page = await (await t.app.request("/panel/keys", { headers: { cookie } })).text();
  assert(page.includes("notebook") && !page.includes("Superuser"));
  const renewed = await secretOf(await send("/panel/keys/rotate", { id: keyId! }));
  assertEquals((await send("/panel/keys/revoke", { id: keyId! })).status, 303);
  assertEquals(t.gateway.catalog.principal(renewed), undefined);
  const { keyId: bens } = t.gateway.catalog.principal(t.keys.ben)!;
  assertEquals((await send("/panel/keys/revoke", { id: bens! })).status, 404);
});
