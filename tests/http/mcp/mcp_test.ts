/**
 * The official clients do the whole round: v2 in both eras of the protocol, and v1.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { TestGateway } from "../test_gateway.ts";
import { type Answer, type AnyClient, CLIENT_KINDS, connect } from "./clients.ts";

const NUMBERS = { type: "object", properties: { value: { type: "number" } } };

async function seed(t: TestGateway): Promise<void> {
  for (const name of ["one", "two"]) {
    await t.addModel(name, {
      description: `Aqueous solubility, way ${name}`,
      tags: ["solubility"],
      version: { outputSchema: NUMBERS, units: "log mol/l" },
    });
    t.work(name, ({ input }) => ({
      state: "completed",
      result: JSON.stringify({ value: JSON.parse(input).smiles.length }),
    }));
  }
  await t.addModel("secret", { visibility: "private", owners: undefined });
}

// deno-lint-ignore no-explicit-any
function good({ isError, content, structuredContent }: Answer): any {
  if (isError) throw new Error(content[0]!.text);
  assertEquals(JSON.parse(content[0]!.text!), structuredContent);
  return structuredContent;
}

async function refused(kind: string, answer: Promise<Answer>): Promise<string> {
  const { isError, content } = await answer;
  assert(isError, content[0]!.text);
  const problem = JSON.parse(content[0]!.text!);
  assertEquals(problem.type, `urn:model-gateway:problem:${kind}`);
  return content[0]!.text!;
}

async function scoped(t: TestGateway, user: string, scopes: string[]): Promise<string> {
  const { key } = await t.gateway.registry.createKey("system", { user, scopes });
  await t.gateway.catalog.refresh();
  return key;
}

async function round(t: TestGateway, agent: AnyClient, approver: AnyClient): Promise<void> {
  const names = (await agent.tools()).map(({ name }) => name);
  for (const name of ["search_models", "submit_job", "wait_for_job", "set_access"]) {
    assert(names.includes(name), name);
  }
  assert(!names.includes("apply_plan"));
  const { models } = good(await agent.call("search_models", { query: "is it soluble in water?" }));
  assertEquals(models.map(({ name }: { name: string }) => name), ["one", "two"]);
  const submission = { model: "one", input: { smiles: "CCO" } };
  const { job } = good(await agent.call("submit_job", submission));
  const told: string[] = [];
  const answer = good(
    await agent.call("wait_for_job", { id: job.id }, {
      onprogress: ({ message }) => told.push(message ?? ""),
    }),
  );
  assertEquals([answer.job.status, answer.result], ["completed", { value: 3 }]);
  assert(told.length > 0, "no progress was told");
  assertEquals(JSON.parse(await agent.read(`gateway://jobs/${job.id}`)).id, job.id);
  assertMatch(await agent.read("gateway://models/one"), /^# one\n[^]*"smiles"[^]*$/);

  const yaml = "name: both\ndescription: Both\nchildren: {a: one, b: two}\nformula: (a + b) / 2\n";
  const verified = good(
    await agent.call("verify_consensus", { yaml, input: { smiles: "CCCC" } }),
  );
  assertEquals([verified.valid, verified.sample.trace.value], [true, 4]);
  assertEquals(good(await agent.call("register_consensus", { yaml })).status, "done");

  await refused("not-found", agent.call("get_model", { model: "secret" }));
  const wrong = await refused(
    "invalid-input",
    agent.call("submit_job", { model: "one", input: { smiles: "" } }),
  );
  assertMatch(wrong, /\/input\/smiles/);
  await refused("invalid-request", agent.call("get_job", { id: "x" }));

  const { status, plan } = good(await agent.call("delete_consensus", { model: "both" }));
  assertEquals(status, "needs_confirmation");
  const { id, digest } = plan;
  await refused("forbidden", agent.call("apply_plan", { id, digest }));
  assert(t.gateway.catalog.model("both"));
  const applied = good(await approver.call("apply_plan", { id, digest }));
  assertEquals(applied.plan.status, "applied");
  assertEquals(t.gateway.catalog.model("both"), undefined);
  await refused("plan-ended", approver.call("apply_plan", { id, digest }));
}

for (const kind of CLIENT_KINDS) {
  Deno.test(`${kind}: list, search, submit, wait, consensus, denied, confirmation; every call in the trail`, async () => {
    await using t = await TestGateway.start();
    await seed(t);
    const agent = await connect(t, kind, t.keys.ben);
    const approver = await connect(t, kind, await scoped(t, "ben", ["approve"]).catch(() => ""))
      .catch(() => undefined);
    assertEquals(approver, undefined, "a key that may not read speaks to nobody");
    const reading = await connect(t, kind, await scoped(t, "ben", ["approve", "read"]));
    await round(t, agent, reading);
    const events = await t.outbox.unaudited(1000);
    const calls = events.filter(({ action }) => action.startsWith("tool."));
    assertEquals(calls.length, 12);
    for (const { actor, client } of events) {
      assertEquals([actor, client], ["user:ben", "test-agent/1.0"]);
    }
    assertEquals(calls.filter(({ errorCode }) => errorCode !== undefined).length, 5);
    await Promise.all([agent.close(), reading.close()]);
  });

  Deno.test(`${kind}: one tool for each model that was asked for, in one call; changes of the lists are told`, async () => {
    await using t = await TestGateway.start();
    await seed(t);
    const agent = await connect(t, kind, t.keys.ben, "/mcp?models=one,secret&tools=search_models");
    const tools = await agent.tools();
    assertEquals(tools.map(({ name }) => name), ["search_models", "run_one"]);
    const schema = t.gateway.catalog.resolve("one")!.version.inputSchema;
    assertEquals(tools[1]!.inputSchema, schema as object);
    const answer = good(await agent.call("run_one", { smiles: "CCO" }));
    assertEquals(answer.result, { value: 3 });
    assertMatch(
      await refused("invalid-input", agent.call("run_one", { smile: "CCO" })),
      /smiles/,
    );
    const told = new Set<string>();
    await agent.onListChanged((kind) => told.add(kind));
    const until = async (kind: string, act: () => Promise<unknown>) => {
      told.clear();
      const deadline = Date.now() + 60_000;
      await act();
      while (!told.has(kind) && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert(told.has(kind), `nothing was told of ${kind}`);
    };
    await until("resources", () => t.addModel("new"));
    assert(!told.has("tools"));
    await until("tools", async () => {
      const body = { description: "Another way" };
      await (await t.call("PATCH", "/v1/models/one", { body })).body?.cancel();
    });
    assertMatch((await agent.tools())[1]!.description!, /Another way/);
    told.clear();
    await t.addModel("hidden", { visibility: "private" });
    await until("resources", () => t.addModel("shown"));
    assertEquals((await agent.resources()).map(({ uri }) => uri), [
      "gateway://models/new",
      "gateway://models/one",
      "gateway://models/shown",
      "gateway://models/two",
    ]);
    await agent.close();
  });
}

Deno.test("a client that goes away ends the wait, and the job runs on", async () => {
  await using t = await TestGateway.start();
  await t.addModel("slow");
  const agent = await connect(t, "v2, protocol of 2026", t.keys.ada);
  const { job } = good(await agent.call("submit_job", { model: "slow", input: { smiles: "C" } }));
  const gone = new AbortController();
  const waiting = agent.call("wait_for_job", { id: job.id, timeoutSeconds: 300 }, {
    signal: gone.signal,
    onprogress: () => gone.abort(),
  });
  await waiting.then(() => assert(false, "it was answered"), () => {});
  await t.settleOne("slow");
  const answer = good(await agent.call("wait_for_job", { id: job.id }));
  assertEquals(answer.result, { smiles: "C" });
  await agent.close();
});

Deno.test("without a valid key, from another site's page or with an unknown toolset nothing is answered", async () => {
  await using t = await TestGateway.start();
  const post = (headers: Record<string, string>, path = "/mcp", body = "{}") =>
    Promise.resolve(t.app.request(`http://gateway.test${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    }));
  const own = { authorization: `Bearer ${t.keys.ada}` };
  const none = await post({});
  assertEquals(none.status, 401);
  assertMatch(none.headers.get("www-authenticate")!, /^Bearer /);
  assertEquals((await post({ authorization: "Bearer mgk_x" })).status, 401);
  assertEquals((await post({ ...own, origin: "https://evil.example" })).status, 403);
  assertEquals((await post(own, "/mcp?tools=everything")).status, 422);
  assertEquals((await post(own, "/mcp?models=../x")).status, 422);
  const broken = await post(own, "/mcp", "{");
  assertEquals([broken.status, (await broken.json()).error.code], [400, -32700]);
  assertEquals((await post({ ...own, "content-type": "text/plain" })).status, 415);
  const long = JSON.stringify({ a: "x".repeat(2 * 1024 * 1024) });
  assertEquals((await post(own, "/mcp", long)).status, 413);
});

Deno.test("who subscribes to jobs hears how they come on; of others' jobs nothing", async () => {
  await using t = await TestGateway.start();
  await t.addModel("slow");
  const id = await t.submit("slow");
  const listen = async (key: string) => {
    const client = new Client({ name: "a", version: "1" }, {
      versionNegotiation: { mode: "auto" },
    });
    const url = new URL("http://gateway.test/mcp");
    await client.connect(
      new StreamableHTTPClientTransport(url, {
        fetch: (url, init) => Promise.resolve(t.app.request(new Request(url, init))),
        requestInit: { headers: { authorization: `Bearer ${key}` } },
      }),
    );
    const told: string[] = [];
    client.setNotificationHandler(
      "notifications/resources/updated",
      ({ params }) => void told.push(params.uri),
    );
    const uris = [`gateway://jobs/${id}`, "gateway://models/slow"];
    await client.listen({ resourceSubscriptions: uris });
    return { client, told };
  };
  const [ada, cleo] = [await listen(t.keys.ada), await listen(t.keys.cleo)];
  await t.settleOne("slow");
  const deadline = Date.now() + 60_000;
  const until = async (done: () => boolean) => {
    while (!done() && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert(done());
  };
  await until(() => ada.told.length > 0);
  assertEquals(ada.told[0], `gateway://jobs/${id}`);
  const body = { description: "Slower" };
  await (await t.call("PATCH", "/v1/models/slow", { body })).body?.cancel();
  await until(() => cleo.told.length > 0 && ada.told.includes("gateway://models/slow"));
  assertEquals(cleo.told, ["gateway://models/slow"]);
  await Promise.all([ada.client.close(), cleo.client.close()]);
});

Deno.test("quotas hold for tools, and a refused submission says which", async () => {
  await using t = await TestGateway.start();
  await t.addModel("one");
  const body = { jobsInFlight: 1 };
  const set = await t.call("PUT", "/v1/quotas/user:ben", { as: "root", body });
  assertEquals(set.status, 200, await set.text());
  const agent = await connect(t, "v1", t.keys.ben, "/mcp?models=one");
  const submission = { model: "one", input: { smiles: "C" } };
  good(await agent.call("submit_job", submission));
  const text = await refused("quota-exceeded", agent.call("submit_job", submission));
  assertMatch(text, /user:ben may have 1 jobs in flight/);
  await refused("quota-exceeded", agent.call("run_one", { smiles: "C" }));
  const batch = good(
    await agent.call("submit_batch", { model: "one", inputs: [{ smiles: "C" }, { smiles: "CC" }] }),
  );
  assertEquals([batch.jobs.length, batch.refused.length], [0, 2]);
  await agent.close();
});

Deno.test("a revoked key hears of nothing more", async () => {
  await using t = await TestGateway.start();
  const { key, record } = await t.gateway.registry.createKey("system", { user: "ada" });
  await t.gateway.catalog.refresh();
  const agent = await connect(t, "v2, protocol of 2026", key);
  let told = 0;
  await agent.onListChanged(() => told++);
  await t.addModel("first");
  const deadline = Date.now() + 60_000;
  while (told === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(told > 0);
  await t.gateway.registry.revokeKey("system", record.id);
  await t.gateway.catalog.refresh();
  const before = told;
  const other = await connect(t, "v2, protocol of 2026", t.keys.ada);
  let toldOther = 0;
  await other.onListChanged(() => toldOther++);
  await t.addModel("second");
  while (toldOther === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(toldOther > 0);
  await Promise.all([agent.close(), other.close()]);
  assertEquals(told, before);
});
