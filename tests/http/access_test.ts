import { assert, assertEquals } from "@std/assert";
import { problemOf, TestGateway } from "./test_gateway.ts";

Deno.test("a private model does not exist for those who may not read it, on any route", async () => {
  await using t = await TestGateway.start();
  await t.addModel("secret", { visibility: "private", readers: ["team:chemistry"] });
  const body = { model: "secret", input: { smiles: "C" } };
  const routes: [string, string, unknown?][] = [
    ["GET", "/v1/models/secret"],
    ["PATCH", "/v1/models/secret", { description: "mine now" }],
    ["DELETE", "/v1/models/secret"],
    ["GET", "/v1/models/secret/versions"],
    ["GET", "/v1/models/secret/versions/latest"],
    ["POST", "/v1/models/secret/versions", {
      version: "2",
      backend: { kind: "echo" },
      inputSchema: true,
    }],
    ["POST", "/v1/models/secret/predict", { input: { smiles: "C" } }],
    ["POST", "/v1/jobs", body],
    ["GET", "/v1/jobs?model=secret"],
    ["GET", "/v1/dead-letters?model=secret"],
  ];
  for (const [method, path, content] of routes) {
    const hidden = await t.call(method, path, { as: "cleo", body: content });
    const missing = await t.call(method, path.replace("secret", "nothing"), {
      as: "cleo",
      body: content === body ? { ...body, model: "nothing" } : content,
    });
    const problem = await problemOf(hidden, 404, "not-found");
    const same = await problemOf(missing, 404, "not-found");
    assertEquals(
      JSON.stringify(problem),
      JSON.stringify(same).replaceAll("nothing", "secret"),
      `${method} ${path}`,
    );
  }
  const list = await (await t.call("GET", "/v1/models?query=secret", { as: "cleo" })).json();
  assertEquals(list.items, []);
  const metrics = await (await t.call("GET", "/metrics", { as: "cleo" })).text();
  assert(!metrics.includes("secret"));
  const readers = await (await t.call("GET", "/v1/models?query=secret", { as: "ben" })).json();
  assertEquals(readers.items.length, 1);
});

Deno.test("readers may read and run, and are told that the rest is not theirs", async () => {
  await using t = await TestGateway.start();
  await t.addModel("shared", { visibility: "private", readers: ["user:ben"] });
  await t.submit("shared", {}, "ben");
  const patch = await t.call("PATCH", "/v1/models/shared", {
    as: "ben",
    body: { description: "b" },
  });
  await problemOf(patch, 403, "forbidden");
  await problemOf(await t.call("DELETE", "/v1/models/shared", { as: "ben" }), 403, "forbidden");
});

Deno.test("others' jobs do not exist; owners of the model see what tells nothing of the input", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol", {}, "ben");
  const error = { code: "invalid_input", message: "cannot parse CCO" };
  await t.settleOne("esol", async (claim) => {
    await t.queue.log(claim.lease, "read CCO");
    await t.queue.progress(claim.lease, { fraction: 0.5, message: "halfway through CCO" });
    return { state: "failed", error, deadLetter: false };
  });
  for (const path of ["", "/result", "/events", "/deliveries"]) {
    const response = await t.call("GET", `/v1/jobs/${id}${path}`, { as: "cleo" });
    await problemOf(response, 404, "not-found");
  }
  for (const path of ["/cancel", "/requeue"]) {
    const response = await t.call("POST", `/v1/jobs/${id}${path}`, { as: "cleo" });
    await problemOf(response, 404, "not-found");
  }
  const seen = await (await t.call("GET", `/v1/jobs/${id}`)).text();
  assert(seen.includes('"code":"invalid_input"') && !seen.includes("CCO"), seen);
  assert(!seen.includes("inputDigest"));
  await problemOf(await t.call("GET", `/v1/jobs/${id}/result`), 403, "forbidden");
  await problemOf(await t.call("GET", `/v1/jobs/${id}/deliveries`), 403, "forbidden");
  const events = await (await t.call("GET", `/v1/jobs/${id}/events`)).text();
  assert(events.includes("event: failed") && !events.includes("CCO"), events);
  const own = await (await t.call("GET", `/v1/jobs/${id}`, { as: "ben" })).text();
  assert(own.includes("cannot parse CCO"));
});

Deno.test("without a valid key, nothing under /v1 answers", async () => {
  await using t = await TestGateway.start();
  const values = [undefined, "Bearer ", "Bearer wrong", `Basic ${t.keys.ada}`, t.keys.ada];
  for (const authorization of values) {
    for (const [method, path] of [["GET", "/v1/models"], ["POST", "/v1/jobs"], ["GET", "/v1/x"]]) {
      const headers = new Headers(authorization === undefined ? {} : { authorization });
      const response = await t.app.request(path!, { method, headers });
      assert(response.headers.get("www-authenticate")?.startsWith("Bearer realm="));
      await problemOf(response, 401, "unauthorized");
    }
  }
  const lower = { authorization: `bearer ${t.keys.ada}` };
  assertEquals((await t.app.request("/v1/models", { headers: lower })).status, 200);
});
