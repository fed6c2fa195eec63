import { assert, assertEquals } from "@std/assert";
import { HttpBackend } from "../../actors/backends/http.ts";
import { OpenInferenceBackend } from "../../actors/backends/open_inference.ts";
import { RegisteredBackend } from "../../actors/backends/registered.ts";
import type { BackendChecks } from "../../http/gateway.ts";
import { Catalog } from "../../registry/catalog.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { type Call, problemOf, TestGateway, type User } from "./test_gateway.ts";

const TRITON = {
  name: "Triton",
  kind: "http",
  description: "Triton of the chemistry group.",
  instances: [{ url: "http://triton-0.example:8000", weight: 2 }, {
    url: "http://triton-1.example:8000/base",
  }],
  balance: "least_in_flight",
  credentials: { from: { env: "BACKEND_TRITON_TOKEN" } },
  health: { path: "/v2/health/ready", intervalSeconds: 5 },
  limits: { concurrentCalls: 8 },
};

class Site implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();

  private constructor(readonly t: TestGateway) {}

  static async open(allowedHosts?: readonly string[]): Promise<Site> {
    const options = allowedHosts ? { allowedHosts } : {};
    const services = [new HttpBackend(options), new OpenInferenceBackend(options)];
    const late: { registered?: RegisteredBackend } = {};
    const backends: BackendChecks = {
      kinds: () => ["echo", "http", "open_inference", "registered"],
      check: (reference) => {
        if (reference.kind === "registered") return late.registered!.check(reference);
        return services.find(({ kind }) => kind === reference.kind)?.check(reference) ?? [];
      },
      checkService: (service) => late.registered!.checkService(service),
    };
    const t = await TestGateway.start({}, { backends });
    const registered = late.registered = new RegisteredBackend({
      catalog: t.gateway.catalog,
      kinds: new Map(services.map((service) => [service.kind, service])),
    });
    const site = new Site(t);
    site.#stack.use(t);
    site.#stack.use(registered);
    for (const service of services) site.#stack.use(service);
    return site;
  }

  call(method: string, path: string, call: Call = {}): Promise<Response> {
    return this.t.call(method, `/v1/backends${path}`, { as: "root", ...call });
  }

  async register(more: Record<string, unknown> = {}): Promise<void> {
    const response = await this.call("POST", "", { body: { ...TRITON, ...more } });
    assertEquals(response.status, 201, await response.text());
  }

  addOn(name: string, backend: string, as: User = "ada"): Promise<Response> {
    const version = {
      version: "1",
      backend: { kind: "registered", backend, model: "esol", path: "/{model}" },
      inputSchema: true,
    };
    return this.t.call("POST", "/v1/models", {
      as,
      body: { name, description: `The model ${name}`, version },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

Deno.test("a backend is registered, read, listed, changed and deleted", async () => {
  await using site = await Site.open();
  const created = await site.call("POST", "", { body: { ...TRITON, reason: "new cluster" } });
  assertEquals([created.status, created.headers.get("location")], [201, "/v1/backends/Triton"]);
  const { updatedAt: _, ...shown } = await created.json();
  assertEquals(shown, { ...TRITON, usedBy: [], updatedBy: "user:root" });
  const again = await site.call("POST", "", { body: { ...TRITON, name: "TRITON" } });
  await problemOf(again, 409, "name-taken");

  await site.register({ name: "alpha" });
  const page = await (await site.call("GET", "?limit=1")).json();
  assertEquals([page.items[0].name, page.nextCursor], ["alpha", "alpha"]);
  const rest = await (await site.call("GET", "?limit=1&cursor=alpha")).json();
  assertEquals([rest.items[0].name, rest.nextCursor], ["Triton", undefined]);

  const patch = { balance: null, health: null, instances: [{ url: "http://new.example" }] };
  const patched = await (await site.call("PATCH", "/triton", { body: patch })).json();
  assertEquals([patched.balance, patched.health, patched.instances, patched.limits], [
    undefined,
    undefined,
    [{ url: "http://new.example" }],
    TRITON.limits,
  ]);
  const gone = await site.call("DELETE", "/triton?reason=old");
  assertEquals(gone.status, 204);
  await problemOf(await site.call("GET", "/triton"), 404, "not-found");
  const changes = await site.t.gateway.registry.changes(0, 1000);
  assertEquals(
    changes.filter(({ subject }) => subject === "backend:Triton").map((change) => [
      change.action,
      change.actor,
      change.reason,
    ]),
    [
      ["set_backend", "user:root", "new cluster"],
      ["set_backend", "user:root", undefined],
      ["delete_backend", "user:root", "old"],
    ],
  );
});

Deno.test("superusers register backends; others see what they may use, and no address", async () => {
  await using site = await Site.open();
  await site.register();
  await site.register({ name: "closed", users: ["user:ben"] });
  for (
    const [method, path, body] of [
      ["POST", "", { ...TRITON, name: "mine" }],
      ["PATCH", "/triton", { description: "mine" }],
      ["DELETE", "/triton", undefined],
    ] as const
  ) {
    await problemOf(await site.call(method, path, { as: "ada", body }), 403, "forbidden");
  }
  const seen = await (await site.call("GET", "/triton", { as: "ada" })).text();
  assert(!/example|BACKEND_|user:root|health/.test(seen), seen);
  assertEquals(JSON.parse(seen).kind, "http");

  // One that is not theirs does not exist for them, in any way.
  const names = async (as: User) =>
    (await (await site.call("GET", "", { as })).json()).items.map((item: { name: string }) =>
      item.name
    );
  assertEquals([await names("ada"), await names("ben")], [["Triton"], ["closed", "Triton"]]);
  for (const method of ["GET", "PATCH", "DELETE"]) {
    const body = method === "PATCH" ? { description: "mine" } : undefined;
    const hidden = await site.call(method, "/closed", { as: "ada", body });
    const missing = await site.call(method, "/nothing", { as: "ada", body });
    assertEquals(
      (await hidden.text()).replaceAll("closed", "nothing"),
      await missing.text(),
      method,
    );
  }
  const refused = await problemOf(await site.addOn("a", "closed"), 422, "invalid-definition");
  const missing = await problemOf(await site.addOn("a", "nothing"), 422, "invalid-definition");
  assertEquals(refused, missing);
  assertEquals(refused.errors, [{
    pointer: "/version/backend/backend",
    expected: "the name of a registered backend",
  }]);
  assertEquals((await site.addOn("b", "closed", "ben")).status, 201);
  assertEquals((await site.addOn("c", "closed", "root")).status, 201);
});

Deno.test("a backend in use is not deleted, and its models are named", async () => {
  await using site = await Site.open();
  await site.register();
  assertEquals((await site.addOn("esol", "TRITON")).status, 201);
  assertEquals((await site.addOn("logp", "triton", "ben")).status, 201);
  const refused = await site.call("DELETE", "/triton");
  const { detail, errors } = await problemOf(refused, 409, "in-use");
  assertEquals(detail, "versions of models run on Triton: esol, logp");
  assertEquals(errors?.[0]?.parameter, "backend");
  const usedBy = async (as: User) =>
    (await (await site.call("GET", "/triton", { as })).json()).usedBy;
  assertEquals([await usedBy("root"), await usedBy("ada"), await usedBy("cleo")], [
    ["esol", "logp"],
    ["esol"],
    [],
  ]);
  await site.t.call("DELETE", "/v1/models/esol");
  await site.t.call("DELETE", "/v1/models/logp", { as: "ben" });
  assertEquals((await site.call("DELETE", "/triton")).status, 204);
});

Deno.test("what cannot be honoured is refused with its field, and nothing is changed", async () => {
  await using site = await Site.open();
  await site.register();
  const url = "http://a.example";
  const faults: [Record<string, unknown>, string][] = [
    [{ kind: "echo" }, "/kind"],
    [{ instances: [] }, "/instances"],
    [{ instances: [{ url: "ftp://a.example" }] }, "/instances/0/url"],
    [{ instances: [{ url: "http://user:secret@a.example" }] }, "/instances/0/url"],
    [{ instances: [{ url: "http://a.example/?key=secret" }] }, "/instances/0/url"],
    [{ instances: [{ url, weight: 0 }] }, "/instances/0/weight"],
    [{ instances: [{ url }, { url }] }, "/instances"],
    [{ balance: "random" }, "/balance"],
    [{ credentials: { from: { env: "HOME" } } }, "/credentials/from"],
    [{ credentials: { from: { file: "../../etc/passwd" } } }, "/credentials/from"],
    [{ credentials: { value: "secret" } }, "/credentials"],
    [{ health: { path: "ready" } }, "/health/path"],
    [{ users: ["ada"] }, "/users/0"],
    [{ limits: { concurrentCalls: 0 } }, "/limits/concurrentCalls"],
  ];
  for (const [more, pointer] of faults) {
    const body = { ...TRITON, name: "other", ...more };
    const response = await site.call("POST", "", { body });
    const { errors } = await problemOf(response, 422, "invalid-request");
    const found = errors!.map((error) => error.pointer ?? "");
    assert(found.some((at) => at.startsWith(pointer)), `${JSON.stringify(more)}: ${found}`);
  }
  await problemOf(
    await site.call("PATCH", "/triton", { body: { kind: "mlflow" } }),
    422,
    "invalid-request",
  );
  const page = await (await site.call("GET", "")).json();
  assertEquals(page.items.length, 1);
});

Deno.test("instances are on hosts that operator and policy allow, whenever the policy was set", async () => {
  await using site = await Site.open(["a.example", "b.example"]);
  const on = (url: string) => ({ ...TRITON, name: "pool", instances: [{ url }] });
  const other = await site.call("POST", "", { body: on("http://c.example") });
  const { errors } = await problemOf(other, 422, "invalid-definition");
  assertEquals(errors?.[0]?.pointer, "/instances/0/url");
  assertEquals((await site.call("POST", "", { body: on("http://a.example") })).status, 201);
  assertEquals((await site.addOn("esol", "pool")).status, 201);

  const policy = { allowedBackendHosts: ["b.example"] };
  const set = await site.t.call("PUT", "/v1/policies", { as: "root", body: policy });
  assertEquals(set.status, 200);
  const moved = await site.call("PATCH", "/pool", {
    body: { instances: [{ url: "http://a.example/new" }] },
  });
  const forbidden = await problemOf(moved, 422, "policy-violated");
  assertEquals(forbidden.errors?.[0]?.pointer, "/instances/0/url");
  await problemOf(await site.addOn("logp", "pool"), 422, "policy-violated");
  const job = { model: "esol", input: 1 };
  await problemOf(await site.t.call("POST", "/v1/jobs", { body: job }), 422, "policy-violated");

  const patch = { instances: [{ url: "http://b.example" }] };
  assertEquals((await site.call("PATCH", "/pool", { body: patch })).status, 200);
  assertEquals((await site.t.call("POST", "/v1/jobs", { body: job })).status, 202);
});

Deno.test("another gateway and its workers know of a change within a second", async () => {
  await using site = await Site.open();
  const elsewhere = new Catalog(site.t.database);
  await elsewhere.start();
  try {
    await site.register();
    const known = () => Promise.resolve(elsewhere.document("backend", "triton"));
    await eventually(known, "the backend elsewhere");
    await site.call("PATCH", "/triton", { body: { description: "moved" } });
    await eventually(
      async () => ((await known())?.value as { description?: string }).description === "moved",
      "the change elsewhere",
    );
  } finally {
    await elsewhere.stop();
  }
});

Deno.test("metrics tell how instances stand to who may use the backend, without their addresses", async () => {
  const states = [
    { url: "http://a.example", well: true, circuit: "closed" as const, inFlight: 2 },
    { url: "http://b.example", well: true, circuit: "open" as const, inFlight: 0 },
    { url: "http://c.example", well: false, circuit: "closed" as const, inFlight: 0 },
  ];
  const instances = () => [
    { name: "triton", backend: {}, states },
    { name: "closed", backend: { users: ["user:ben"] }, states: states.slice(0, 1) },
  ];
  await using t = await TestGateway.start({}, { instances });
  const linesFor = async (as: User) =>
    (await (await t.call("GET", "/metrics", { as })).text()).split("\n")
      .filter((line) => line.startsWith("model_gateway_backend_"));
  const up = (backend: string, instance: number, value: number) =>
    `model_gateway_backend_instance_up{backend="${backend}",instance="${instance}"} ${value}`;
  const ada = await linesFor("ada");
  assertEquals(ada.slice(0, 3), [up("triton", 0, 1), up("triton", 1, 0), up("triton", 2, 0)]);
  assertEquals(
    ada[3],
    'model_gateway_backend_calls_in_flight{backend="triton",instance="0"} 2',
  );
  assertEquals(ada.filter((line) => /closed|example/.test(line)), []);
  assert((await linesFor("ben")).includes(up("closed", 0, 1)));
  const anyone = await (await t.app.request("/metrics")).text();
  assertEquals(/backend="/.test(anyone), false);
});
