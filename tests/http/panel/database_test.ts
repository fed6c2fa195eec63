import { assert, assertEquals, assertMatch } from "@std/assert";
import { TestGateway } from "../test_gateway.ts";
import { cookieOf, formOf } from "./session.ts";

const CONSENSUS = "name: agreed\nchildren: {a: one, b: two}\nscheme: mean\n";

/** A superuser at the admin pages. */
async function administrator(t: TestGateway) {
  const { cookie, csrf } = await cookieOf(t, "root");
  return {
    get: (path: string) => t.app.request(path, { headers: { cookie } }),
    post: (path: string, fields: Record<string, string>) =>
      t.app.request(path, formOf({ ...fields, csrf }, { cookie })),
    upload(path: string, text: string) {
      const body = new FormData();
      body.set("csrf", csrf);
      body.set("file", new File([text], "definitions.json"));
      return t.app.request(path, { method: "POST", headers: { cookie }, body });
    },
  };
}

async function withModels(t: TestGateway): Promise<void> {
  const version = { outputSchema: { type: "object" } };
  await t.addModel("two", { version, readers: ["user:ben"], visibility: "private" });
  await t.addModel("one", { version });
  const made = await t.call("POST", "/v1/consensus", {
    body: CONSENSUS,
    headers: { "content-type": "application/yaml" },
  });
  assertEquals(made.status, 201, await made.text());
  await t.gateway.registry.setAlias("user:ada", "two", "best", "1.0");
  await t.gateway.registry.setLifecycle("user:ada", "one", "1.0", {});
  await t.gateway.registry.setDocument("user:root", "query", "all", { sql: "SELECT 1" });
  const quota = await t.call("PUT", "/v1/quotas/user:ben", {
    as: "root",
    body: { jobsInFlight: 3 },
  });
  assertEquals(quota.status, 200, await quota.text());
  const route = { split: [{ version: "1.0", weight: 100 }] };
  const routed = await t.call("PUT", "/v1/models/one/route", { body: route });
  assertEquals(routed.status, 200, await routed.text());
}

Deno.test("definitions that were exported and reset are the same again after their import", async () => {
  await using t = await TestGateway.start();
  await withModels(t);
  const root = await administrator(t);
  const exported = await (await root.get("/admin/database/definitions.json")).text();
  const before = JSON.parse(exported);
  assertEquals(before.models.length, 3);
  const wrong = await root.post("/admin/database/reset", { confirmation: "yes" });
  assertEquals(wrong.status, 422);
  const gone = await root.post("/admin/database/reset", { confirmation: "delete everything" });
  assertEquals(gone.status, 303, await gone.text());
  assertEquals([...t.gateway.catalog.models()], []);
  const changes = await t.gateway.registry.changes(0, 100);
  const deletions = changes.filter(({ action }) => action.startsWith("delete_"));
  assertEquals(deletions.map(({ actor }) => actor), Array(6).fill("user:root"));

  const report = await (await root.upload("/admin/database/import", exported)).text();
  assertMatch(report, /3 models, 3 versions and 3 settings were added; 0/);
  const after = JSON.parse(await (await root.get("/admin/database/definitions.json")).text());
  assertEquals({ ...after, exportedAt: 0 }, { ...before, exportedAt: 0 });
  const again = await (await root.upload("/admin/database/import", exported)).text();
  assertMatch(again, /0 models, 0 versions and 0 settings were added; 6/);
});

Deno.test("a reset is refused while jobs are unfinished, unless they are dropped", async () => {
  await using t = await TestGateway.start();
  await withModels(t);
  await t.submit("one");
  const root = await administrator(t);
  const confirmation = "delete everything";
  const refused = await root.post("/admin/database/reset", { confirmation });
  assertEquals(refused.status, 409);
  assertMatch(await refused.text(), /one.*expected no unfinished jobs/s);
  assertEquals([...t.gateway.catalog.models()].length, 3);
  const forced = await root.post("/admin/database/reset", { confirmation, force: "on" });
  assertEquals(forced.status, 303);
  assertEquals([...t.gateway.catalog.models()].length, 0);
});

Deno.test("an import names what it refuses and changes nothing for a file of another form", async () => {
  await using t = await TestGateway.start();
  const root = await administrator(t);
  for (const text of ["{", "{}", '{"format": 2, "models": [], "documents": []}']) {
    const refused = await root.upload("/admin/database/import", text);
    assert(refused.status === 400 || refused.status === 422, text);
    await refused.body?.cancel();
  }
  const version = { version: "1", backend: { kind: "none" }, inputSchema: true };
  const models = [{ definition: { name: "x", description: "x" }, versions: [version] }];
  const text = JSON.stringify({ format: 1, models, documents: [] });
  const report = await (await root.upload("/admin/database/import", text)).text();
  assertMatch(report, /1 models, 0 versions.*x 1: .*\/backend\/kind: expected one of/s);
});

Deno.test("a question is answered, saved and refused on the page", async () => {
  await using t = await TestGateway.start();
  await withModels(t);
  const root = await administrator(t);
  const sql = "SELECT name FROM models ORDER BY name";
  const answer = await (await root.post("/admin/database/select", { sql })).text();
  assertMatch(answer, /3 rows.*agreed.*one.*two/s);
  const secret = await root.post("/admin/database/select", { sql: "SELECT sha256 FROM api_keys" });
  assertMatch(await secret.text(), /may not be used here/);
  const saved = await root.post("/admin/database/queries", { name: "names", sql });
  assertMatch(await (await root.get(saved.headers.get("location")!)).text(), /ORDER BY name/);
});

Deno.test("nobody but a superuser gets to the database, by whatever method", async () => {
  await using t = await TestGateway.start();
  const { cookie, csrf } = await cookieOf(t, "ada");
  const paths = ["", "/definitions.json", "/select", "/reset", "/import", "/refresh", "/queries"];
  for (const path of paths.map((path) => `/admin/database${path}`)) {
    assertEquals((await t.app.request(path, { headers: { cookie } })).status, 404, path);
    const sent = await t.app.request(path, formOf({ csrf }, { cookie }));
    assertEquals(sent.status, 404, path);
  }
});
