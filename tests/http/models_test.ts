import { assert, assertEquals, assertExists } from "@std/assert";
import { problemOf, SMILES_SCHEMA, TestGateway } from "./test_gateway.ts";

const VERSION = { version: "1.0", backend: { kind: "echo" }, inputSchema: SMILES_SCHEMA };

Deno.test("POST /v1/models registers a model with its first version, private and the caller's", async () => {
  await using t = await TestGateway.start();
  const response = await t.call("POST", "/v1/models", {
    body: { name: "Esol", description: "Solubility", tags: ["admet"], version: VERSION },
  });
  assertEquals(response.status, 201);
  assertEquals(response.headers.get("location"), "/v1/models/Esol");
  const model = await response.json();
  assertEquals(model.name, "Esol");
  assertEquals(model.version, "1.0");
  assertEquals(model.visibility, "private");
  assertEquals(model.owners, ["user:ada"]);
  const read = await (await t.call("GET", "/v1/models/esol")).json();
  assertEquals(read, model);
});

Deno.test("POST /v1/models refuses a name taken in another case", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const response = await t.call("POST", "/v1/models", {
    as: "ben",
    body: { name: "ESOL", description: "another" },
  });
  await problemOf(response, 409, "name-taken");
});

Deno.test("POST /v1/models names every field at fault at once", async () => {
  await using t = await TestGateway.start();
  const body = { name: "a b", description: "", tags: "x", colour: "red" };
  const problem = await problemOf(
    await t.call("POST", "/v1/models", { body }),
    422,
    "invalid-request",
  );
  assertEquals(
    new Set(problem.errors?.map(({ pointer }) => pointer)),
    new Set(["/name", "/description", "/tags", "/colour"]),
  );
});

Deno.test("POST /v1/models refuses an unknown backend and settings that it cannot honour", async () => {
  await using t = await TestGateway.start();
  const post = (backend: unknown) =>
    t.call("POST", "/v1/models", {
      body: { name: "m", description: "d", version: { ...VERSION, backend } },
    });
  const unknown = await problemOf(await post({ kind: "abacus" }), 422, "invalid-definition");
  assertEquals(unknown.errors, [{
    pointer: "/version/backend/kind",
    expected: "one of echo, consensus",
  }]);
  const wrong = await problemOf(
    await post({ kind: "echo", delayMs: "soon" }),
    422,
    "invalid-definition",
  );
  assertEquals(wrong.errors?.[0]?.pointer, "/version/backend/delayMs");
});

Deno.test("POST /v1/models refuses an input schema that is none, and registers nothing", async () => {
  await using t = await TestGateway.start();
  const version = { ...VERSION, inputSchema: { type: "molecule" } };
  const body = { name: "m", description: "d", version };
  const problem = await problemOf(
    await t.call("POST", "/v1/models", { body }),
    422,
    "invalid-definition",
  );
  assert(
    problem.errors?.[0]?.pointer?.startsWith("/version/inputSchema"),
    problem.errors?.[0]?.pointer,
  );
  await problemOf(await t.call("GET", "/v1/models/m"), 404, "not-found");
});

Deno.test("POST /v1/models lets only superusers register for others", async () => {
  await using t = await TestGateway.start();
  const body = { name: "m", description: "d", owners: ["user:ben"] };
  await problemOf(await t.call("POST", "/v1/models", { body }), 403, "forbidden");
  assertEquals((await t.call("POST", "/v1/models", { as: "root", body })).status, 201);
  const team = { name: "n", description: "d", owners: ["team:chemistry"] };
  assertEquals((await t.call("POST", "/v1/models", { body: team })).status, 201);
});

Deno.test("GET /v1/models finds by words in name, tags and description, the best first", async () => {
  await using t = await TestGateway.start();
  await t.addModel("bbb", { description: "Blood-brain barrier; uses solubility" });
  await t.addModel("esol", { description: "Delaney 2004", tags: ["solubility"] });
  await t.addModel("solubility-ng", { description: "The new one" });
  await t.addModel("logp", { description: "Crippen" });
  const names = async (query: string) => {
    const response = await t.call("GET", `/v1/models?query=${encodeURIComponent(query)}`);
    return (await response.json()).items.map((model: { name: string }) => model.name);
  };
  assertEquals(await names("solubility"), ["solubility-ng", "esol", "bbb"]);
  assertEquals(await names("SOLUB barrier"), ["bbb"]);
  assertEquals(await names("delaney"), ["esol"]);
  assertEquals(await names("nothing like it"), []);
  assertEquals(await names("***"), []);
  assertEquals(await names(""), ["bbb", "esol", "logp", "solubility-ng"]);
});

Deno.test("GET /v1/models pages through all models, each once", async () => {
  await using t = await TestGateway.start();
  for (const name of ["a", "b", "c", "d", "e"]) await t.addModel(name);
  const seen: string[] = [];
  let cursor = "";
  do {
    const page = await (await t.call("GET", `/v1/models?limit=2${cursor}`)).json();
    seen.push(...page.items.map((model: { name: string }) => model.name));
    cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
  } while (cursor !== "");
  assertEquals(seen, ["a", "b", "c", "d", "e"]);
  await problemOf(await t.call("GET", "/v1/models?cursor=x"), 422, "invalid-request");
});

Deno.test("PATCH /v1/models/{model} changes what is there and keeps the rest", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { tags: ["old"], settings: { maxAttempts: 2 } });
  const response = await t.call("PATCH", "/v1/models/ESOL", { body: { tags: ["new"] } });
  assertEquals(response.status, 200);
  const model = await response.json();
  assertEquals([model.tags, model.description, model.settings], [
    ["new"],
    "The model esol",
    { maxAttempts: 2 },
  ]);
  const unknown = await t.call("PATCH", "/v1/models/esol", { body: { owners: ["user:ben"] } });
  const problem = await problemOf(unknown, 422, "invalid-request");
  assertEquals(problem.errors?.[0]?.pointer, "/owners");
});

Deno.test("DELETE /v1/models/{model} is refused while jobs are unfinished, unless forced", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol");
  await problemOf(await t.call("DELETE", "/v1/models/esol"), 409, "in-use");
  assertEquals((await t.call("DELETE", "/v1/models/esol?force=true")).status, 204);
  await problemOf(await t.call("GET", "/v1/models/esol"), 404, "not-found");
  await problemOf(await t.call("GET", `/v1/jobs/${id}`), 404, "not-found");
  await t.addModel("esol");
  assertExists(t.gateway.catalog.model("esol"));
});

Deno.test("versions: added ones answer by default, latest first in the list, and are read by alias", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const added = await t.call("POST", "/v1/models/esol/versions", {
    body: { ...VERSION, version: "1.1", units: "log mol/l", example: { smiles: "C" } },
  });
  assertEquals(added.status, 201);
  assertEquals(added.headers.get("location"), "/v1/models/esol/versions/1.1");
  const list = await (await t.call("GET", "/v1/models/esol/versions")).json();
  assertEquals(list.items.map((v: { version: string }) => v.version), ["1.1", "1.0"]);
  assertEquals(list.items.map((v: { isDefault: boolean }) => v.isDefault), [true, false]);
  for (const alias of ["default", "latest", "1.1"]) {
    const version = await (await t.call("GET", `/v1/models/esol/versions/${alias}`)).json();
    assertEquals([version.version, version.units], ["1.1", "log mol/l"]);
  }
  const page = await (await t.call("GET", "/v1/models/esol/versions?limit=1")).json();
  const rest = await (await t.call("GET", `/v1/models/esol/versions?cursor=${page.nextCursor}`))
    .json();
  assertEquals(rest.items.map((v: { version: string }) => v.version), ["1.0"]);
  await problemOf(await t.call("GET", "/v1/models/esol/versions/2"), 404, "not-found");
  const again = await t.call("POST", "/v1/models/esol/versions", { body: VERSION });
  await problemOf(again, 409, "name-taken");
});

Deno.test("a version's backend settings are shown to those who may edit the model alone", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { version: { backend: { kind: "echo", token: "secret" } } });
  const read = async (as: "ada" | "ben") =>
    (await (await t.call("GET", "/v1/models/esol/versions/1.0", { as })).json()).backend;
  assertEquals(await read("ada"), { kind: "echo", token: "secret" });
  assertEquals(await read("ben"), { kind: "echo" });
});

Deno.test("names that cannot exist are not found, whatever they hold", async () => {
  await using t = await TestGateway.start();
  for (const name of ["..", "a%20b", "%E0%A4%A", "%00", "a".repeat(64), "-a", "__proto__"]) {
    const response = await t.call("GET", `/v1/models/x${name}`);
    assertEquals(response.status, 404, name);
    await response.body?.cancel();
  }
});
