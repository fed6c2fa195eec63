import { assertEquals } from "@std/assert";
import { problemOf, SMILES_SCHEMA, TestGateway } from "./test_gateway.ts";

async function start(): Promise<TestGateway> {
  const t = await TestGateway.start();
  await t.addModel("esol", {
    version: {
      backend: { kind: "echo", token: "old" },
      example: { smiles: "C" },
      documentation: "Delaney.\nFitted in 2004.\n",
      units: "mol/l",
      resources: { cpu: 1 },
      outputSchema: {
        type: "object",
        required: ["value"],
        properties: { value: { type: "number" } },
      },
    },
  });
  const added = await t.call("POST", "/v1/models/esol/versions", {
    body: {
      version: "2.0",
      backend: { kind: "echo", token: "new" },
      inputSchema: {
        ...SMILES_SCHEMA,
        properties: { ...SMILES_SCHEMA.properties, salt: { type: "boolean" } },
        required: ["salt", "smiles"],
      },
      documentation: "Delaney.\nFitted in 2026.\n",
      units: "log10(mol/l)",
      resources: { cpu: 1, memory: "1Gi" },
      outputSchema: {
        type: "object",
        required: ["value"],
        properties: { value: { type: "string" } },
      },
      tags: ["salts"],
    },
  });
  assertEquals(added.status, 201);
  return t;
}

const COMPARE = "/v1/models/esol/compare?from=1.0&to=2.0";

Deno.test("two versions are compared place by place, and what breaks callers is said in words", async () => {
  await using t = await start();
  const compared = await (await t.call("GET", COMPARE)).json();
  assertEquals(compared, {
    model: "esol",
    from: "1.0",
    to: "2.0",
    changes: [
      { pointer: "/backend/token", kind: "changed", from: "old", to: "new" },
      { pointer: "/inputSchema/properties/salt", kind: "added", to: { type: "boolean" } },
      { pointer: "/inputSchema/required", kind: "added", to: "salt" },
      {
        pointer: "/outputSchema/properties/value/type",
        kind: "changed",
        from: "number",
        to: "string",
      },
      {
        pointer: "/documentation",
        kind: "changed",
        lines: ["- Fitted in 2004.", "+ Fitted in 2026."],
      },
      { pointer: "/units", kind: "changed", from: "mol/l", to: "log10(mol/l)" },
      { pointer: "/resources/memory", kind: "added", to: "1Gi" },
      { pointer: "/tags", kind: "added", to: "salts" },
      { pointer: "/example", kind: "removed", from: { smiles: "C" } },
    ],
    breaks: [
      "an input needs salt",
      "value of a result is string instead of number",
      "the value is in log10(mol/l) instead of mol/l",
    ],
    exampleAccepted: false,
  });
  const same = await (await t.call("GET", "/v1/models/esol/compare?from=2.0")).json();
  assertEquals([same.to, same.changes, same.breaks], ["2.0", [], []]);
});

Deno.test("readers compare without the backend's settings, strangers not at all", async () => {
  await using t = await start();
  const seen = await (await t.call("GET", COMPARE, { as: "cleo" })).text();
  assertEquals(seen.includes("token"), false);
  const access = { visibility: "private", owners: ["user:ada"], readers: [] };
  await t.call("PUT", "/v1/models/esol/access", { body: access });
  await problemOf(await t.call("GET", COMPARE, { as: "cleo" }), 404, "not-found");
  const unknown = await t.call("GET", "/v1/models/esol/compare?from=1.0&to=9");
  const problem = await problemOf(unknown, 404, "not-found");
  assertEquals(problem.errors?.[0]?.parameter, "to");
});
