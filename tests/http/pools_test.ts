import { assertEquals } from "@std/assert";
import { queueName } from "../../actors/redis_keys.ts";
import { newJobId } from "../../actors/job_id.ts";
import { problemOf, SMILES_SCHEMA, TestGateway } from "./test_gateway.ts";

async function models(t: TestGateway, ...names: string[]): Promise<void> {
  for (const name of names) {
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: SMILES_SCHEMA };
    const body = { name, description: name, version };
    assertEquals((await t.call("POST", "/v1/models", { body })).status, 201);
  }
}

Deno.test("a pool is set, read, listed and deleted by superusers, and by nobody else", async () => {
  await using t = await TestGateway.start();
  await models(t, "esol", "logp");
  const body = { models: ["esol"], scaling: "graceful", maxWorkers: 4, reason: "more of it" };
  for (
    const [method, path] of [["PUT", "/gpu"], ["GET", "/gpu"], ["GET", ""], ["DELETE", "/gpu"]]
  ) {
    const call = { ...(method === "PUT" && { body }) };
    await problemOf(await t.call(method!, `/v1/pools${path}`, call), 403, "forbidden");
  }
  const put = await t.call("PUT", "/v1/pools/gpu", { as: "root", body });
  assertEquals(put.status, 200);
  const { updatedAt: _, ...pool } = await put.json();
  assertEquals(pool, {
    name: "gpu",
    models: ["esol"],
    scaling: "graceful",
    maxWorkers: 4,
    updatedBy: "user:root",
  });
  await t.call("PUT", "/v1/pools/cpu", { as: "root", body: { models: ["logp"] } });
  const page = await (await t.call("GET", "/v1/pools?limit=1", { as: "root" })).json();
  assertEquals([page.items[0].name, page.nextCursor], ["cpu", "cpu"]);
  const rest = await (await t.call("GET", "/v1/pools?cursor=cpu", { as: "root" })).json();
  assertEquals(rest.items.map(({ name }: { name: string }) => name), ["gpu"]);
  assertEquals((await t.call("DELETE", "/v1/pools/gpu", { as: "root" })).status, 204);
  await problemOf(await t.call("GET", "/v1/pools/gpu", { as: "root" }), 404, "not-found");
});

Deno.test("a pool with a fault is refused with the field, and changes nothing", async () => {
  await using t = await TestGateway.start();
  await models(t, "esol", "logp");
  await t.call("PUT", "/v1/pools/first", { as: "root", body: { models: ["esol"] } });
  const faults: [Record<string, unknown>, string][] = [
    [{ models: ["Esol"] }, "/models/0"],
    [{ models: ["logp", "none"] }, "/models/1"],
    [{ models: ["logp", "LOGP"] }, "/models/1"],
    [{ models: [] }, "/models"],
    [{ models: ["logp"], scaling: "fast" }, "/scaling"],
    [{ models: ["logp"], minWorkers: 3, maxWorkers: 2 }, "/minWorkers"],
    [{ models: ["logp"], resources: { memory: "much" } }, "/resources/memory"],
    [{ models: ["logp"], commands: { x: "relative" } }, "/commands/x"],
    [{ models: ["logp"], secrets: [{ name: "No" }] }, "/secrets/0/name"],
    [
      { models: ["logp"], volumes: [{ claim: "a", mountPath: "/../etc x" }] },
      "/volumes/0/mountPath",
    ],
  ];
  for (const [body, pointer] of faults) {
    const put = await t.call("PUT", "/v1/pools/second", { as: "root", body });
    const { errors } = await problemOf(put, 422, "invalid-request");
    assertEquals(errors!.map((error) => error.pointer), [pointer], JSON.stringify(body));
  }
  const again = await t.call("PUT", "/v1/pools/FIRST", { as: "root", body: { models: ["logp"] } });
  await problemOf(again, 409, "name-taken");
  assertEquals((await t.call("GET", "/v1/pools/second", { as: "root" })).status, 404);
});

Deno.test("a model's backlog counts what waits and runs, for those who may read it", async () => {
  await using t = await TestGateway.start();
  await models(t, "esol");
  const { tag } = t.gateway.catalog.model("esol")!;
  for (let i = 0; i < 3; i++) {
    const job = await t.call("POST", "/v1/jobs", {
      body: { model: "esol", input: { smiles: "C" } },
    });
    assertEquals(job.status, 202);
  }
  await t.queue.claim(tag, newJobId(tag, Date.now()), 1, 0);
  const read = await (await t.call("GET", "/v1/models/esol/backlog")).json();
  const { oldestWaitingSeconds: _, ...counts } = read;
  assertEquals(counts, {
    queue: queueName(tag),
    work: 3,
    waiting: { interactive: 2, batch: 0 },
    running: 1,
    delayed: 0,
  });
  await problemOf(await t.call("GET", "/v1/models/esol/backlog", { as: "cleo" }), 404, "not-found");
});
