/**
 * The tools of agents, called as the chat calls them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { AuditEvent } from "../../actors/audit/audit_event.ts";
import { AuditHead } from "../../actors/audit/audit_head.ts";
import { Auditor } from "../../actors/audit/auditor.ts";
import { toolCaller } from "../../http/agent_tools/caller.ts";
import { modelTool } from "../../http/agent_tools/model_tool.ts";
import { runTool, type ToolOutcome } from "../../http/agent_tools/run_tool.ts";
import { inputSchemaOf, outputSchemaOf } from "../../http/agent_tools/tool.ts";
import { AGENT_TOOLS } from "../../http/agent_tools/tools.ts";
import { problemOf, TestGateway, type User } from "./test_gateway.ts";

const CLIENT = "test-agent/1.0";

async function call(
  t: TestGateway,
  name: string,
  args: unknown,
  as: User | { key: string } = "ada",
): Promise<ToolOutcome> {
  const bearer = typeof as === "string" ? t.keys[as] : as.key;
  const principal = t.gateway.catalog.principal(bearer)!;
  const tool = AGENT_TOOLS.find((one) => one.name === name)!;
  const caller = toolCaller(t.app, t.gateway, { principal, bearer }, { client: CLIENT });
  return await runTool(tool, caller, args);
}

// deno-lint-ignore no-explicit-any
async function done(...args: Parameters<typeof call>): Promise<any> {
  const outcome = await call(...args);
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome.problem));
  return outcome.output;
}

async function refused(kind: string, ...args: Parameters<typeof call>) {
  const outcome = await call(...args);
  if (outcome.kind !== "refused") throw new Error(JSON.stringify(outcome.output));
  assertEquals(outcome.problem.type, `urn:model-gateway:problem:${kind}`);
  return outcome.problem;
}

async function keyWith(t: TestGateway, scopes: string[], user = "ada"): Promise<{ key: string }> {
  const body = { user, scopes, teams: [] };
  const made = await t.call("POST", "/v1/keys", { as: "root", body });
  return { key: (await made.json()).key };
}

const CONSENSUS = (name: string, more = "") =>
  `name: ${name}\ndescription: Both\nchildren: {a: one, b: two}\nformula: (a + b) / 2\n${more}`;

async function withTwo(t: TestGateway): Promise<void> {
  const outputSchema = { type: "object", properties: { value: { type: "number" } } };
  for (const name of ["one", "two"]) await t.addModel(name, { version: { outputSchema } });
}

Deno.test("each tool says what it takes and answers, strictly, and what it is for", () => {
  for (const tool of AGENT_TOOLS) {
    const schema = inputSchemaOf(tool);
    assertEquals([schema.type, schema.additionalProperties], ["object", false], tool.name);
    for (const [field, inner] of Object.entries(schema.properties as Record<string, object>)) {
      const words = JSON.stringify(inner);
      assert(words.includes("description"), `${tool.name}: nothing is said of ${field}`);
    }
    assertEquals(outputSchemaOf(tool).type, "object", tool.name);
    assert(tool.description.length > 60, tool.name);
    assertMatch(tool.name, /^[a-z_]{3,40}$/);
    assert(!(tool.annotations.readOnlyHint && tool.annotations.destructiveHint), tool.name);
  }
  assertEquals(new Set(AGENT_TOOLS.map(({ name }) => name)).size, AGENT_TOOLS.length);
});

Deno.test("an agent finds a model, runs it, waits and has the result; what it sends wrong is named", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { description: "Aqueous solubility", tags: ["solubility"] });
  await t.addModel("logp", { description: "Octanol-water partition coefficient" });
  t.work("esol");
  const { models } = await done(t, "search_models", { query: "is aspirin soluble?" });
  assertEquals(models.map(({ name }: { name: string }) => name), ["esol"]);
  const { version } = await done(t, "get_model", { model: "ESOL" });
  assertEquals(version.inputSchema.required, ["smiles"]);
  const wrong = await refused("invalid-input", t, "submit_job", {
    model: "esol",
    input: { smile: "CCO" },
  });
  assert(wrong.errors!.some(({ pointer }) => pointer === "/input/smiles"), JSON.stringify(wrong));
  const { job } = await done(t, "submit_job", { model: "esol", input: { smiles: "CCO" } });
  const answer = await done(t, "wait_for_job", { id: job.id });
  assertEquals([answer.finished, answer.result], [true, { smiles: "CCO" }]);
  const { result } = await done(t, "get_job_result", { id: job.id });
  assertEquals(result, { smiles: "CCO" });
  const { jobs } = await done(t, "list_jobs", { status: ["completed"] });
  assertEquals(jobs.map(({ id }: { id: string }) => id), [job.id]);
  assertEquals((await done(t, "list_jobs", { shared: true }, "ben")).jobs, []);
  await t.call("PUT", `/v1/jobs/${job.id}/sharing`, { body: { with: ["user:ben"] } });
  const shared = await done(t, "list_jobs", { shared: true }, "ben");
  assertEquals(shared.jobs.map(({ id }: { id: string }) => id), [job.id]);
  const extra = await refused("invalid-request", t, "get_job", { id: job.id, verbose: true });
  assertEquals(extra.errors![0]!.pointer, "/verbose");
  const near = await refused("not-found", t, "submit_job", { model: "esoll", input: {} });
  assertMatch(near.detail!, /did you mean esol/);
});

Deno.test("a batch is queued whole or not at all, and its results come in order", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  t.work("esol");
  const inputs = ["C", "CC", "CCC"].map((smiles) => ({ smiles }));
  const bad = await done(t, "submit_batch", { model: "esol", inputs: [...inputs, { smiles: "" }] });
  assertEquals([bad.jobs, bad.refused[0].index], [[], 3]);
  assertEquals((await done(t, "list_jobs", {})).jobs, []);
  const batch = { model: "esol", inputs, idempotencyKey: "b1" };
  const made = await done(t, "submit_batch", batch);
  assertEquals(made.refused, []);
  assertEquals((await done(t, "submit_batch", batch)).jobs, made.jobs);
  const ids = made.jobs.map(({ id }: { id: string }) => id);
  const { jobs, unfinished } = await done(t, "get_batch_results", { ids });
  assertEquals(unfinished, 0);
  assertEquals(jobs.map(({ result }: { result: unknown }) => result), inputs);
});

Deno.test("what is not shared with the caller is not there, by any tool", async () => {
  await using t = await TestGateway.start();
  await t.addModel("secret", { visibility: "private", description: "Very secret solubility" });
  const id = await t.submit("secret");
  const attempts: [string, Record<string, unknown>][] = [
    ["get_model", { model: "secret" }],
    ["submit_job", { model: "secret", input: { smiles: "C" } }],
    ["submit_batch", { model: "secret", inputs: [{ smiles: "C" }] }],
    ["set_access", { model: "secret", visibility: "public" }],
    ["set_default_version", { model: "secret", version: null }],
    ["delete_consensus", { model: "secret" }],
    ["add_version", {
      model: "secret",
      version: { version: "2", backend: { kind: "echo" }, inputSchema: true },
    }],
    ["get_job", { id }],
    ["wait_for_job", { id }],
    ["get_job_result", { id }],
    ["cancel_job", { id }],
  ];
  for (const [name, args] of attempts) {
    const problem = await refused("not-found", t, name, args, "cleo");
    assert(!JSON.stringify(problem).includes("Very"), name);
  }
  assertEquals((await done(t, "search_models", { query: "secret" }, "cleo")).models, []);
});

Deno.test("deleting and sharing wait for a person: an agent's own key cannot confirm, one that may does, once", async () => {
  await using t = await TestGateway.start();
  await withTwo(t);
  const made = await done(t, "register_consensus", { yaml: CONSENSUS("both") });
  assertEquals([made.status, made.consensus.model], ["done", "both"]);
  const { status, plan } = await done(t, "delete_consensus", { model: "both" });
  assertEquals([status, plan.status], ["needs_confirmation", "open"]);
  assertMatch(plan.diff, /-name: both/);
  assert(t.gateway.catalog.model("both"));

  const { id, digest } = plan;
  await refused("forbidden", t, "apply_plan", { id, digest });
  const agent = await keyWith(t, ["read", "run", "models:write", "access:write"]);
  await refused("forbidden", t, "apply_plan", { id, digest }, agent);
  const approver = await keyWith(t, ["approve", "read"]);
  await refused("changed", t, "apply_plan", { id, digest: "0".repeat(64) }, approver);
  await refused(
    "not-found",
    t,
    "apply_plan",
    { id, digest },
    await keyWith(t, ["approve"], "cleo"),
  );
  const applied = await done(t, "apply_plan", { id, digest }, approver);
  assertEquals(applied.plan.status, "applied");
  assertEquals(t.gateway.catalog.model("both"), undefined);
  await refused("plan-ended", t, "apply_plan", { id, digest }, approver);
  assertEquals((await done(t, "get_plan", { id })).plan.decidedBy, "user:ada");
});

Deno.test("a plan that no longer fits, is rejected or past its time is not applied", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const approver = await keyWith(t, ["approve", "read"]);
  const share = async () =>
    (await done(t, "set_access", { model: "esol", readers: ["user:cleo"] })).plan;
  const { id, digest } = await share();
  const access = { visibility: "private", owners: ["user:ada"], readers: [] };
  assertEquals((await t.call("PUT", "/v1/models/esol/access", { body: access })).status, 200);
  await refused("changed", t, "apply_plan", { id, digest }, approver);
  const second = await share();
  const rejected = await t.app.request(`/v1/plans/${second.id}/reject`, {
    method: "POST",
    headers: { authorization: `Bearer ${approver.key}`, "content-type": "application/json" },
    body: JSON.stringify({ reason: "no" }),
  });
  assertEquals((await rejected.json()).status, "rejected");
  const again = { id: second.id, digest: second.digest };
  await refused("plan-ended", t, "apply_plan", again, approver);
  const third = await share();
  await t.database.query("UPDATE plans SET expires_at = 1 WHERE id = $1", [third.id]);
  await refused("plan-ended", t, "apply_plan", { id: third.id, digest: third.digest }, approver);
  assertEquals((await done(t, "get_plan", { id: third.id })).plan.status, "expired");
  assertEquals(t.gateway.catalog.model("esol")!.readers, []);
});

Deno.test("what a superuser confirms is done under the rights of who asked, and only while their key is valid", async () => {
  await using t = await TestGateway.start();
  await withTwo(t);
  const root = await keyWith(t, ["approve", "read"], "root");
  const superuser = { user: "root", superuser: true, scopes: ["approve", "read"] };
  const { key } = await t.gateway.registry.createKey("system", superuser);
  await t.gateway.catalog.refresh();
  const agent = await keyWith(t, ["read", "models:write", "access:write"]);
  const apply = (plan: { id: string; digest: string }, by = { key }) =>
    call(t, "apply_plan", { id: plan.id, digest: plan.digest }, by);

  const spec = CONSENSUS("both", "visibility: public\n");
  const { plan } = await done(t, "register_consensus", { yaml: spec }, agent);
  assertEquals((await apply(plan, root)).kind, "refused");
  assertEquals((await apply(plan)).kind, "done");
  const both = t.gateway.catalog.model("both")!;
  const [first] = t.gateway.catalog.versions("both");
  assertEquals([both.owners, first!.createdBy, first!.backend.superuser], [
    ["user:ada"],
    "user:ada",
    undefined,
  ]);
  const fresh = { name: "ours", description: "Ours", visibility: "public" };
  const made = (await done(t, "register_model", fresh, agent)).plan;
  assertEquals((await apply(made)).kind, "done");
  assertEquals(t.gateway.catalog.model("ours")!.owners, ["user:ada"]);

  const share = { model: "one", visibility: "private" };
  const lost = (await done(t, "set_access", { model: "both", visibility: "private" }, agent)).plan;
  const access = { visibility: "public", owners: ["user:cleo"], readers: [] };
  const moved = await t.call("PUT", "/v1/models/both/access", { as: "root", body: access });
  assertEquals(moved.status, 200);
  assertEquals((await apply(lost)).kind, "refused");

  const revoked = (await done(t, "set_access", share, agent)).plan;
  const { keyId } = t.gateway.catalog.principal(agent.key)!;
  await t.gateway.registry.revokeKey("system", keyId!);
  const refusal = await apply(revoked);
  assert(refusal.kind === "refused" && /valid no more/.test(refusal.problem.detail!));
  assertEquals(t.gateway.catalog.model("one")!.visibility, "public");
});

Deno.test("a private model is changed at once, a shared one by plan; a key without the scope makes no plan", async () => {
  await using t = await TestGateway.start();
  const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
  const mine = { name: "mine", description: "My own", version };
  assertEquals((await done(t, "register_model", mine)).status, "done");
  const more = { model: "mine", version: { ...version, version: "2" } };
  assertEquals((await done(t, "add_version", more)).version.version, "2");
  const moved = await done(t, "set_default_version", { model: "mine", version: "1" });
  assertEquals(moved.model.version, "1");
  const shared = { ...mine, name: "ours", visibility: "public" };
  const { plan } = await done(t, "register_model", shared);
  assertEquals(t.gateway.catalog.model("ours"), undefined);
  const approver = await keyWith(t, ["approve", "read"]);
  const { id, digest } = plan;
  const applied = await done(t, "apply_plan", { id, digest }, approver);
  assertEquals(applied.plan.status, "applied", applied.plan.outcome);
  for (
    const [tool, args] of [
      ["add_version", { model: "ours", version: { ...version, version: "2" } }],
      ["set_default_version", { model: "ours", version: "1" }],
      ["set_access", { model: "ours", visibility: "private" }],
    ] as const
  ) {
    const planned = (await done(t, tool, args)).plan;
    const reader = await keyWith(t, ["read", "run"]);
    await refused("forbidden", t, tool, args, reader);
    const end = await done(t, "apply_plan", { id: planned.id, digest: planned.digest }, approver);
    assertEquals(end.plan.status, "applied", `${tool}: ${end.plan.outcome}`);
  }
  const ours = t.gateway.catalog.model("ours")!;
  assertEquals([ours.visibility, ours.defaultVersion], ["private", "1"]);
  const changes = await t.gateway.registry.changes(0, 1000);
  assert(
    changes.some(({ reason }) => reason?.includes("through test-agent/1.0, confirmed by user:ada")),
  );
});

Deno.test("every call is in the trail, refused ones too, with the agent and the user", async () => {
  await using t = await TestGateway.start();
  await t.addModel("quiet", { settings: { auditInput: false } });
  await done(t, "search_models", { query: "esol" });
  await refused("invalid-request", t, "get_job", { id: "no" });
  await done(t, "submit_job", { model: "quiet", input: { smiles: "CCO" } });
  t.work("quiet");
  const bearer = t.keys.ada;
  const principal = t.gateway.catalog.principal(bearer)!;
  const caller = toolCaller(t.app, t.gateway, { principal, bearer }, { client: CLIENT });
  const quiet = modelTool(t.gateway.catalog.resolve("quiet")!);
  assertEquals((await runTool(quiet, caller, { smiles: "CCO" })).kind, "done");
  await done(t, "set_access", { model: "quiet", visibility: "private" });
  const { store, head } = { store: t.gateway.audit!.store, head: new AuditHead(t.database) };
  const auditor = new Auditor({
    ...{ queue: t.queue, catalog: t.gateway.catalog, registry: t.gateway.registry },
    ...{ outbox: t.outbox, store, head },
    isFirst: () => true,
    onFault: (_what, error) => {
      throw error;
    },
  });
  auditor.start();
  const deadline = Date.now() + 60_000;
  while ((await t.outbox.unaudited(1)).length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await auditor.stop();
  const { items } = await (await t.call("GET", "/v1/audit?limit=100", { as: "root" })).json();
  const ours = (items as AuditEvent[]).filter(({ action }) => /^(tool|plan)\./.test(action));
  ours.sort((a, b) => a.action < b.action ? -1 : 1);
  assertEquals(
    ours.map(({ action, actor, client, errorCode }) => [action, actor, client, errorCode]),
    [
      ["plan.made", "user:ada", CLIENT, undefined],
      ["tool.get_job", "user:ada", CLIENT, "invalid-request"],
      ["tool.run_quiet", "user:ada", CLIENT, undefined],
      ["tool.search_models", "user:ada", CLIENT, undefined],
      ["tool.set_access", "user:ada", CLIENT, undefined],
      ["tool.submit_job", "user:ada", CLIENT, undefined],
    ],
  );
  assertEquals(ours[1]!.input, '{"id":"no"}');
  for (const { model, input, inputDigest } of [ours[2]!, ours[5]!]) {
    assertEquals([model, input], ["quiet", undefined]);
    assert(inputDigest?.startsWith("sha256:"));
  }
  assertEquals(await t.outbox.unaudited(10), []);
  const metrics = await (await t.app.request("/metrics")).text();
  assertMatch(
    metrics,
    /^model_gateway_tool_calls_total\{tool="get_job",outcome="refused"\} 1$/m,
  );
});

Deno.test("the API confirms by the digest alone, and names what is wrong with it", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const { plan } = await done(t, "set_access", { model: "esol", visibility: "private" });
  const path = `/v1/plans/${plan.id}/apply`;
  const { digest } = plan;
  await problemOf(await t.call("POST", path, { body: { digest } }), 403, "forbidden");
  await problemOf(await t.call("GET", `/v1/plans/${plan.id}`, { as: "cleo" }), 404, "not-found");
  assertEquals((await (await t.call("GET", "/v1/plans?status=open")).json()).items.length, 1);
  assertEquals((await (await t.call("GET", "/v1/plans", { as: "ben" })).json()).items, []);
});
