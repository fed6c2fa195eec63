import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApp } from "../../http/app.ts";
import { problemOf, TestGateway } from "./test_gateway.ts";

const routes = ["/v1/jobs", "/v1/models", "/v1/models/esol/predict"];

Deno.test("bodies that are not JSON are refused with the position of the fault", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  for (const path of routes) {
    const post = (body: string) => t.call("POST", path, { body });
    const problem = await problemOf(await post('{\n  "model": }'), 400, "invalid-json");
    assertEquals(problem.detail, "expected a JSON value at position 13 (line 2, column 12)");
    const empty = await problemOf(await post(" "), 400, "invalid-json");
    assertEquals(empty.detail, "the body is empty");
    await problemOf(await post("[".repeat(100_000)), 400, "invalid-json");
    await problemOf(await post("[".repeat(101) + "]".repeat(101)), 400, "invalid-json");
    await problemOf(await post(`{"a":"${"x".repeat(500_000)}`), 400, "invalid-json");
  }
  const latin = new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]);
  const response = await t.app.request("/v1/jobs", {
    method: "POST",
    headers: { authorization: `Bearer ${t.keys.ada}`, "content-type": "application/json" },
    body: latin,
  });
  assertEquals((await problemOf(response, 400, "invalid-json")).detail, "the body is not UTF-8");
});

Deno.test("brackets within strings are no nesting", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const smiles = "[".repeat(200) + '\\"' + "{".repeat(200) + "\\\\";
  const body = `{"model":"esol","input":{"smiles":"${smiles}"}}`;
  assertEquals((await t.call("POST", "/v1/jobs", { body })).status, 202);
});

Deno.test("bodies over the limit are refused, announced or not", async () => {
  await using t = await TestGateway.start({ maxBodyBytes: 1000 });
  await t.addModel("esol");
  for (const path of routes) {
    const announced = await t.call("POST", path, {
      body: "{}",
      headers: { "content-length": "1001" },
    });
    await problemOf(announced, 413, "body-too-large");
    await problemOf(await t.call("POST", path, { body: " ".repeat(1001) }), 413, "body-too-large");
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 100;
        controller.enqueue(new Uint8Array(100).fill(0x20));
      },
    });
    const response = await t.app.request(path, {
      method: "POST",
      headers: { authorization: `Bearer ${t.keys.ada}`, "content-type": "application/json" },
      body: stream,
    });
    await problemOf(response, 413, "body-too-large");
    assert(sent < 3000, `${sent} bytes were read`);
  }
});

Deno.test("bodies that are not announced as JSON are refused", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  for (const path of routes) {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]) {
      const response = await t.call("POST", path, {
        body: "{}",
        headers: { "content-type": type },
      });
      await problemOf(response, 415, "unsupported-media-type");
    }
  }
  const type = { "content-type": "Application/JSON; charset=utf-8" };
  const body = { model: "esol", input: { smiles: "C" } };
  assertEquals((await t.call("POST", "/v1/jobs", { body, headers: type })).status, 202);
});

Deno.test("paths without a route are 404, methods that a path does not take 405", async () => {
  await using t = await TestGateway.start();
  await problemOf(await t.call("GET", "/nowhere"), 404, "not-found");
  const response = await t.call("PUT", "/v1/models/esol");
  assertEquals(response.headers.get("allow"), "GET, HEAD, PATCH, DELETE");
  await problemOf(response, 405, "method-not-allowed");
  assertEquals((await t.call("HEAD", "/v1/models")).status, 200);
});

Deno.test("a queue that cannot be written is 503 with Retry-After, until it can", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const post = () =>
    t.call("POST", "/v1/jobs", { body: { model: "esol", input: { smiles: "C" } } });
  using other = new DatabaseSync(`${t.folder}/queue.db`);
  // A transaction that cannot commit.
  other.exec("ALTER TABLE counters RENAME TO counters_away");
  const response = await post();
  assertMatch(response.headers.get("retry-after") ?? "", /^\d+$/);
  const problem = await problemOf(response, 503, "unavailable");
  assertEquals(problem.detail, "the queue cannot be reached now; nothing was changed");
  other.exec("ALTER TABLE counters_away RENAME TO counters");
  assertEquals((await post()).status, 202);
});

Deno.test("while the registry cannot be written, jobs are taken and models read all the same", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.database.query("PRAGMA query_only = 1");
  const response = await t.call("POST", "/v1/models", { body: { name: "m", description: "d" } });
  const problem = await problemOf(response, 503, "unavailable");
  assertEquals(problem.detail, "the registry cannot be reached now; nothing was changed");
  assertEquals((await t.call("GET", "/v1/models/esol")).status, 200);
  const id = await t.submit("esol");
  await t.settleOne("esol");
  assertEquals((await t.call("GET", `/v1/jobs/${id}/result`)).status, 200);
});

Deno.test("a surprise is 500 with an instance that finds it in the log, and nothing else", async () => {
  await using t = await TestGateway.start();
  const app = createApp({
    ...t.gateway,
    ready: () => Promise.reject(new Error("password of the database: hunter2")),
  });
  const problem = await problemOf(await app.request("/readyz"), 500, "internal");
  assertMatch(problem.instance ?? "", /^urn:uuid:/);
  assert(!JSON.stringify(problem).includes("hunter2"));
  assertEquals(t.logged.map(({ instance }) => instance), [problem.instance]);
});
