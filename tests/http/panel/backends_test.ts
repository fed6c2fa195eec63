import { assert, assertEquals, assertMatch } from "@std/assert";
import { backendFields, backendFrom, type ShownBackend } from "../../../http/panel/backend_form.ts";
import type { InstanceState } from "../../../actors/balance/instance_pool.ts";
import { TestGateway } from "../test_gateway.ts";
import { cookieOf, formOf } from "./session.ts";

const SHOWN: ShownBackend = {
  description: "Ours",
  balance: "least_in_flight",
  instances: [{ url: "http://a.example", weight: 2 }, { url: "http://b.example" }],
  credentials: { from: { secret: "triton", key: "token" }, header: "X-Key", scheme: "Token" },
  health: { path: "/ready", intervalSeconds: 5 },
  circuitBreaker: { failures: 3 },
  limits: { concurrentCalls: 8, callSeconds: 0.5 },
  users: ["team:chemistry"],
};

Deno.test("a backend that is shown in the form and sent unchanged is the same", () => {
  assertEquals(backendFrom({ ...backendFields(SHOWN) }, SHOWN), { ...SHOWN });
  for (const from of [{ env: "BACKEND_KEY" }, { file: "triton/token" }]) {
    const shown = { ...SHOWN, credentials: { from } };
    assertEquals(backendFrom({ ...backendFields(shown) }, shown), { ...shown });
  }
  // What the form has no field for stays as it was.
  const health = { path: "/ready", unhealthyAfter: 7 };
  const form = { ...backendFields({ health }), healthSeconds: "3" };
  assertEquals(backendFrom(form, { health }).health, { ...health, intervalSeconds: 3 });
});

Deno.test("what is emptied in the form is taken away, and what never was is not sent", () => {
  const empty = { ...backendFields(), instances: "http://a.example" };
  const instances = [{ url: "http://a.example" }];
  assertEquals(backendFrom(empty), { instances });
  assertEquals(backendFrom(empty, SHOWN), {
    description: null,
    balance: null,
    instances,
    credentials: null,
    health: null,
    circuitBreaker: null,
    limits: null,
    users: null,
  });
  assertEquals(backendFrom({ ...empty, concurrentCalls: "many" }).limits, {
    concurrentCalls: "many",
  });
});

Deno.test("an administrator registers, looks at, changes and deletes a backend", async () => {
  const state: InstanceState = {
    url: "http://a.example",
    well: false,
    circuit: "half_open",
    inFlight: 3,
  };
  const backends = { kinds: () => ["echo", "registered"], check: () => [], states: () => [state] };
  await using t = await TestGateway.start({}, { backends });
  const { cookie, csrf } = await cookieOf(t, "root");
  const get = async (path: string) =>
    await (await t.app.request(path, { headers: { cookie } })).text();
  const post = (path: string, fields: Record<string, string>) =>
    t.app.request(path, formOf({ ...fields, csrf }, { cookie }));
  const fields = {
    name: "triton",
    kind: "open_inference",
    instances: "http://a.example 2\nhttp://b.example",
    secret: "env BACKEND_KEY",
    healthPath: "/ready",
    reason: "new cluster",
  };
  const made = await post("/admin/backends", fields);
  assertEquals([made.status, made.headers.get("location")], [303, "/admin/backends"]);
  const { value } = t.gateway.catalog.document("backend", "triton")!;
  assertEquals(value, {
    kind: "open_inference",
    instances: [{ url: "http://a.example", weight: 2 }, { url: "http://b.example" }],
    credentials: { from: { env: "BACKEND_KEY" } },
    health: { path: "/ready" },
  });
  assertMatch(await get("/admin/backends"), /triton[\s\S]*open_inference[\s\S]*0 of 2/);
  const version = { backend: { kind: "registered", backend: "triton" } };
  await t.addModel("esol", { version });
  const page = await get("/admin/backends/triton");
  for (const words of ["failing", "half open", "/panel/models/esol", "env BACKEND_KEY"]) {
    assert(page.includes(words), words);
  }

  const { name: _n, kind: _k, ...changed } = fields;
  const patched = await post("/admin/backends/triton", { ...changed, healthPath: "" });
  assertEquals(patched.status, 303);
  const after = t.gateway.catalog.document("backend", "triton")!.value as ShownBackend;
  assertEquals([after.health, after.instances?.length], [undefined, 2]);
  const wrong = await post("/admin/backends/triton", { ...changed, instances: "ftp://a" });
  assertMatch(await wrong.text(), /an http or https URL/);
  const used = await post("/admin/backends/triton/delete", {});
  assertMatch(await used.text(), /versions of models run on triton: esol/);
  await t.call("DELETE", "/v1/models/esol");
  assertEquals((await post("/admin/backends/triton/delete", {})).status, 303);
  assertEquals(t.gateway.catalog.document("backend", "triton"), undefined);

  const ada = await cookieOf(t, "ada");
  const hidden = await t.app.request("/admin/backends", { headers: { cookie: ada.cookie } });
  assertEquals(hidden.status, 404);
});

Deno.test("definitions with backends are exported, reset and imported again", async () => {
  const backends = { kinds: () => ["echo", "registered"], check: () => [] };
  await using t = await TestGateway.start({}, { backends });
  const instances = [{ url: "http://a.example" }];
  const body = { name: "triton", kind: "http", instances, users: ["user:ada"] };
  assertEquals((await t.call("POST", "/v1/backends", { as: "root", body })).status, 201);
  await t.addModel("esol", { version: { backend: { kind: "registered", backend: "triton" } } });
  const { cookie, csrf } = await cookieOf(t, "root");
  const path = "/admin/database/definitions.json";
  const exported = await (await t.app.request(path, { headers: { cookie } })).text();
  const reset = formOf({ confirmation: "delete everything", csrf }, { cookie });
  assertEquals((await t.app.request("/admin/database/reset", reset)).status, 303);
  assertEquals(t.gateway.catalog.document("backend", "triton"), undefined);
  const upload = new FormData();
  upload.set("csrf", csrf);
  upload.set("file", new File([exported], "definitions.json"));
  const imported = await t.app.request("/admin/database/import", {
    method: "POST",
    headers: { cookie },
    body: upload,
  });
  assertMatch(await imported.text(), /1 models, 1 versions and 1 settings were added; 0/);
  assertEquals(t.gateway.catalog.document("backend", "triton")!.value, {
    kind: "http",
    instances,
    users: ["user:ada"],
  });
});
