import { assertEquals } from "@std/assert";
import { problemOf, SMILES_SCHEMA, TestGateway } from "./test_gateway.ts";

async function setPolicy(t: TestGateway, body: Record<string, unknown>): Promise<void> {
  const response = await t.call("PUT", "/v1/policies", { as: "root", body });
  assertEquals(response.status, 200, await response.text());
}

async function pointers(response: Response): Promise<(string | undefined)[]> {
  const { errors } = await problemOf(response, 422, "policy-violated");
  return errors!.map(({ pointer }) => pointer);
}

const version = (backend: Record<string, unknown>) => ({
  version: "1.0",
  backend: { kind: "echo", ...backend },
  inputSchema: SMILES_SCHEMA,
});

Deno.test("a policy is everybody's to read and a superuser's to set", async () => {
  await using t = await TestGateway.start();
  assertEquals(await (await t.call("GET", "/v1/policies")).json(), {});
  const body = { maxInputBytes: 2048, allowedBackendHosts: ["*.example"] };
  await problemOf(await t.call("PUT", "/v1/policies", { body }), 403, "forbidden");
  await setPolicy(t, { ...body, reason: "audit 7" });
  const { updatedAt: _, ...seen } = await (await t.call("GET", "/v1/policies")).json();
  assertEquals(seen, { ...body, updatedBy: "user:root" });
  for (const wrong of [{ maxInputBytes: 1 }, { allowedBackendHosts: ["http://x"] }, { x: 1 }]) {
    const put = await t.call("PUT", "/v1/policies", { as: "root", body: wrong });
    await problemOf(put, 422, "invalid-request");
  }
});

Deno.test("a registration that breaks the policy is refused with the field", async () => {
  await using t = await TestGateway.start();
  await setPolicy(t, {
    maxRunTimeoutSeconds: 60,
    maxRetentionSeconds: 3600,
    allowedBackendHosts: ["models.example", "*.lab.example:8080", "*.chem.example"],
    allowedCommands: ["logp"],
  });
  const register = (name: string, more: Record<string, unknown>) =>
    t.call("POST", "/v1/models", { body: { name, description: "A model", ...more } });
  const settings = { runTimeoutSeconds: 61, retentionSeconds: 3600 };
  assertEquals(await pointers(await register("a", { settings })), ["/settings/runTimeoutSeconds"]);
  const elsewhere = version({ url: "https://models.example.evil/run" });
  assertEquals(await pointers(await register("a", { version: elsewhere })), [
    "/version/backend/url",
  ]);
  assertEquals((await t.call("GET", "/v1/models/a")).status, 404);

  const inside = version({ url: "https://a.chem.example/run" });
  assertEquals((await register("a", { version: inside })).status, 201);
  const add = (backend: Record<string, unknown>) =>
    t.call("POST", "/v1/models/a/versions", { body: { ...version(backend), version: "2" } });
  const nested = { instances: [{ baseUrl: "http://models.example" }, { baseUrl: "http://b" }] };
  assertEquals(await pointers(await add(nested)), ["/backend/instances/1/baseUrl"]);
  const patch = await t.call("PATCH", "/v1/models/a", { body: { settings } });
  assertEquals(await pointers(patch), ["/settings/runTimeoutSeconds"]);
});

Deno.test("a submission that breaks the policy is refused, and older models are cut to it", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { version: version({ url: "https://old.example/run" }) });
  await t.addModel("logp");
  await setPolicy(t, {
    maxInputBytes: 1024,
    maxRunTimeoutSeconds: 60,
    allowedBackendHosts: ["new.example"],
  });
  const submit = (model: string, more: Record<string, unknown> = {}) =>
    t.call("POST", "/v1/jobs", { body: { model, input: { smiles: "CCO" }, ...more } });
  assertEquals(await pointers(await submit("esol")), ["/version"]);
  // Two bytes a character, and 13 around them.
  const umlauts = (count: number) => ({ input: { smiles: "\u00e4".repeat(count) } });
  assertEquals(await pointers(await submit("logp", umlauts(600))), ["/input"]);
  assertEquals((await submit("logp", umlauts(500))).status, 202);
  assertEquals(await pointers(await submit("logp", { runTimeoutSeconds: 61 })), [
    "/runTimeoutSeconds",
  ]);
  const accepted = await submit("logp");
  const { id } = await accepted.json();
  const job = await (await t.call("GET", `/v1/jobs/${id}`)).json();
  assertEquals(job.limits.runTimeoutSeconds, 60);
  assertEquals(job.limits.queueTimeoutSeconds, 86_400);
  await setPolicy(t, {});
  assertEquals((await submit("esol")).status, 202);
});
