import { assert, assertEquals } from "@std/assert";
import { problemOf, SMILES_SCHEMA, TestGateway, type User } from "./test_gateway.ts";

const ONE = { version: "1.0", backend: { kind: "echo" }, inputSchema: SMILES_SCHEMA };
const TWO = { ...ONE, version: "2.0", units: "log10(mol/l)" };

const MANIFEST = {
  name: "esol",
  description: "Solubility",
  tags: ["adme"],
  settings: { maxAttempts: 2 },
  visibility: "public",
  readers: ["team:chemistry"],
  versions: [ONE, TWO],
  defaultVersion: "1.0",
  aliases: { champion: "1.0", next: "2.0" },
  route: { split: [{ version: "champion", weight: 90 }, { version: "next", weight: 10 }] },
  quota: { jobsInFlight: 100 },
};

async function post(t: TestGateway, body: unknown, as: User = "ada") {
  const response = await t.call("POST", "/v1/apply", { as, body });
  const text = await response.text();
  assertEquals(response.status, 200, text);
  return JSON.parse(text);
}

async function actionsOf(t: TestGateway, manifest: unknown, more = {}): Promise<string[]> {
  const { models } = await post(t, { manifests: [manifest], ...more });
  return models[0].steps.map(({ action, subject }: { action: string; subject: string }) =>
    `${action} ${subject}`
  );
}

Deno.test("a manifest makes a whole model; applied again it changes nothing", async () => {
  await using t = await TestGateway.start();
  const body = { manifests: [MANIFEST], reason: "first" };
  const dry = await post(t, { ...body, dryRun: true });
  assertEquals([dry.dryRun, dry.summary.created], [true, 1]);
  await problemOf(await t.call("GET", "/v1/models/esol"), 404, "not-found");
  const made = await post(t, body);
  assertEquals(made, { ...dry, dryRun: false });
  const model = await (await t.call("GET", "/v1/models/esol")).json();
  assertEquals(
    [model.version, model.aliases, model.settings, model.visibility, model.owners],
    ["1.0", MANIFEST.aliases, { maxAttempts: 2 }, "public", ["user:ada"]],
  );
  const route = await (await t.call("GET", "/v1/models/esol/route")).json();
  assertEquals(route.route, MANIFEST.route);
  const changes = await t.gateway.registry.changes(0, 100);
  assert(
    changes.slice(4).every(({ actor, reason }) => actor === "user:ada" && reason === "first"),
    JSON.stringify(changes.map(({ action, reason }) => [action, reason])),
  );
  const again = await post(t, body);
  assertEquals(again.models, [{ model: "esol", outcome: "unchanged", steps: [] }]);
  assertEquals((await t.gateway.registry.changes(0, 100)).length, changes.length);
});

Deno.test("only what differs is changed, and what is not named stays", async () => {
  await using t = await TestGateway.start();
  await post(t, { manifests: [MANIFEST] });
  const steps = await actionsOf(t, {
    name: "ESOL",
    settings: { concurrency: 8 },
    versions: [TWO, { ...ONE, version: "3.0" }],
    aliases: { champion: "2.0" },
    route: null,
    readers: [],
  });
  assertEquals(steps, [
    "update_model model",
    "add_version version 3.0",
    "set_alias alias champion",
    "delete_route route",
    "delete_alias alias next",
    "set_access access",
  ]);
  const model = await (await t.call("GET", "/v1/models/esol")).json();
  assertEquals(
    [model.name, model.description, model.version, model.aliases, model.settings, model.readers],
    ["esol", "Solubility", "1.0", { champion: "2.0" }, { concurrency: 8 }, []],
  );
  assertEquals(await actionsOf(t, { name: "esol", defaultVersion: null, quota: null }), [
    "set_default_version default version",
    "delete_quota quota",
  ]);
});

Deno.test("a version that is there has to be the same, and every place that is not is named", async () => {
  await using t = await TestGateway.start();
  await post(t, { manifests: [MANIFEST] });
  const other = { ...ONE, backend: { kind: "echo", delayMs: 5 }, units: "mol/l" };
  const body = { manifests: [{ name: "esol", description: "new", versions: [TWO, other] }] };
  const refused = await t.call("POST", "/v1/apply", { body });
  const problem = await problemOf(refused, 422, "manifest-refused");
  assertEquals(problem.errors?.map(({ pointer }) => pointer), [
    "/manifests/0/versions/1/backend/delayMs",
    "/manifests/0/versions/1/units",
  ]);
  assertEquals(t.gateway.catalog.model("esol")?.description, "Solubility");
});

Deno.test("one manifest that is refused keeps all of them from being applied", async () => {
  await using t = await TestGateway.start();
  const wrong = [
    { ...MANIFEST, name: "a", defaultVersion: "9" },
    { ...MANIFEST, name: "b", route: { split: [{ version: "champion", weight: 90 }] } },
    { ...MANIFEST, name: "c", versions: [{ ...ONE, backend: { kind: "abacus" } }] },
    { ...MANIFEST, name: "d", owners: ["user:ben"] },
    { ...MANIFEST, name: "e", description: undefined },
    {
      ...MANIFEST,
      name: "f",
      versions: [{ ...ONE, lifecycle: { retiresAt: "2099-01-01T00:00:00Z" } }, TWO],
    },
  ];
  const good = { ...MANIFEST, name: "good" };
  const body = { manifests: [good, ...wrong, good] };
  const problem = await problemOf(
    await t.call("POST", "/v1/apply", { body }),
    422,
    "manifest-refused",
  );
  assertEquals(problem.errors?.map(({ pointer }) => pointer), [
    "/manifests/7/name",
    "/manifests/1/defaultVersion",
    "/manifests/2/route/split",
    "/manifests/3/versions/0/backend/kind",
    "/manifests/3/aliases/next",
    "/manifests/3/route/split/0/version",
    "/manifests/3/route/split/1/version",
    "/manifests/4/owners/0",
    "/manifests/5/description",
    "/manifests/6/versions/0/lifecycle/retiresAt",
    "/manifests/6/aliases/champion",
    "/manifests/6/route/split/0/version",
  ]);
  assertEquals([...t.gateway.catalog.models()], []);
});

Deno.test("versions go out of use and come back by their manifest", async () => {
  await using t = await TestGateway.start();
  await post(t, { manifests: [MANIFEST] });
  const lifecycle = { retiresAt: "2099-01-01T00:00:00Z", successor: "2.0" };
  const next = {
    name: "esol",
    versions: [{ ...ONE, lifecycle }, TWO],
    defaultVersion: "2.0",
    aliases: { champion: "2.0" },
    route: null,
  };
  // In an order in which nothing ever leads to a version that is to retire.
  assertEquals(await actionsOf(t, next), [
    "set_alias alias champion",
    "set_default_version default version",
    "delete_route route",
    "delete_alias alias next",
    "set_lifecycle version 1.0",
  ]);
  assertEquals(await actionsOf(t, next), []);
  const back = { ...next, versions: [{ ...ONE, lifecycle: null }, TWO], defaultVersion: "1.0" };
  assertEquals(await actionsOf(t, back), [
    "set_lifecycle version 1.0",
    "set_default_version default version",
  ]);
});

Deno.test("a consensus and its children come in one request, in any order", async () => {
  await using t = await TestGateway.start();
  const output = { type: "object", properties: { value: { type: "number" } } };
  const child = (name: string) => ({
    name,
    description: "A child",
    version: { ...ONE, outputSchema: output },
  });
  const consensus = {
    name: "agreed",
    description: "What both say",
    version: {
      version: "1.0",
      units: "log10(mol/l)",
      consensus: { children: { a: "child-a", b: "child-b" }, scheme: "mean" },
    },
  };
  const body = { manifests: [consensus, child("child-a"), child("child-b")] };
  const dry = await post(t, { ...body, dryRun: true });
  assertEquals(dry.models.map(({ model }: { model: string }) => model), [
    "child-a",
    "child-b",
    "agreed",
  ]);
  assert(dry.models[2].steps[1].unchecked.includes("child-a, child-b"));
  assertEquals((await post(t, body)).summary.created, 3);
  const again = await post(t, body);
  assertEquals(again.summary, { created: 0, changed: 0, unchanged: 3 });
  const { children } = consensus.version.consensus;
  const other = {
    ...consensus,
    version: { ...consensus.version, consensus: { children, scheme: "median" } },
  };
  const refused = await t.call("POST", "/v1/apply", { body: { manifests: [other] } });
  const problem = await problemOf(refused, 422, "manifest-refused");
  assertEquals(problem.errors?.[0]?.pointer, "/manifests/0/version/consensus");
  const lost = {
    ...other,
    version: { version: "2.0", consensus: { children: { a: "nothing" }, scheme: "mean" } },
  };
  const missing = await t.call("POST", "/v1/apply", { body: { manifests: [lost] } });
  const { errors } = await problemOf(missing, 422, "manifest-refused");
  assertEquals(errors?.[0]?.pointer, "/manifests/0/version/consensus/children/a");
});

Deno.test("who may not do a part of it does none of it, and hears of no hidden model", async () => {
  await using t = await TestGateway.start();
  await post(t, {
    manifests: [MANIFEST, { ...MANIFEST, name: "secret", visibility: "private", readers: [] }],
  });
  const refusal = async (manifest: unknown, as: User) => {
    const response = await t.call("POST", "/v1/apply", { as, body: { manifests: [manifest] } });
    return (await problemOf(response, 422, "manifest-refused")).errors?.[0];
  };
  for (
    const part of [
      { description: "new" },
      { versions: [ONE] },
      { defaultVersion: "2.0" },
      { aliases: {} },
      { route: null },
      { quota: null },
      { visibility: "private" },
    ]
  ) {
    const error = await refusal({ name: "esol", ...part }, "cleo");
    assertEquals(error?.pointer, "/manifests/0", JSON.stringify(part));
  }
  const hidden = await refusal({ name: "secret", description: "new" }, "cleo");
  assertEquals(hidden?.pointer, "/manifests/0/name");
  assertEquals((await post(t, { manifests: [MANIFEST] }, "root")).summary.unchanged, 1);
});
