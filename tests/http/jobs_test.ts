import { assert, assertEquals, assertExists } from "@std/assert";
import { problemOf, TestGateway } from "./test_gateway.ts";

Deno.test("GET /v1/jobs/{id} tells the whole life of a job", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol");
  await t.settleOne("esol");
  const job = await (await t.call("GET", `/v1/jobs/${id}`)).json();
  assertEquals([job.status, job.attempt, job.submitter], ["completed", 1, "user:ada"]);
  assertEquals(job.history.map((step: { status: string }) => step.status), [
    "queued",
    "running",
    "completed",
  ]);
  assert(job.submittedAt <= job.startedAt && job.startedAt <= job.finishedAt);
});

Deno.test("GET /v1/jobs/{id}?wait= answers as soon as the job ends", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol");
  const waiting = t.call("GET", `/v1/jobs/${id}?wait=60`);
  await t.settleOne("esol");
  assertEquals((await (await waiting).json()).status, "completed");
});

Deno.test("GET /v1/jobs/{id}?wait= is cut to the gateway's limit and to the server's stop", async () => {
  await using t = await TestGateway.start({ maxWaitSeconds: 0.02 });
  await t.addModel("esol");
  const id = await t.submit("esol");
  const cut = await (await t.call("GET", `/v1/jobs/${id}?wait=3600`)).json();
  assertEquals(cut.status, "queued");

  await using u = await TestGateway.start();
  await u.addModel("esol");
  const other = await u.submit("esol");
  const waiting = u.call("GET", `/v1/jobs/${other}?wait=60`);
  u.stop();
  assertEquals((await (await waiting).json()).status, "queued");
});

Deno.test("GET /v1/jobs/{id}/result: 409 while unfinished, then the result as it was computed", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol");
  const early = await t.call("GET", `/v1/jobs/${id}/result`);
  assertEquals(early.headers.get("retry-after"), "1");
  const problem = await problemOf(early, 409, "job-unfinished");
  assertEquals(problem.job, { id, status: "queued" });
  const result = '{"value":-3.2000000000000001,"nested":[null,"\\u00e9"]}';
  await t.settleOne("esol", () => ({ state: "completed", result }));
  const response = await t.call("GET", `/v1/jobs/${id}/result`);
  assertEquals(
    await response.text(),
    `{"id":"${id}","status":"completed","model":"esol","version":"1.0","result":${result}}`,
  );
});

Deno.test("GET /v1/jobs/{id}/result of a job without one says why", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const error = { code: "invalid_input", message: "not a molecule" };
  const failed = await t.submit("esol");
  await t.settleOne("esol", () => ({ state: "failed", error, deadLetter: false }));
  const problem = await problemOf(
    await t.call("GET", `/v1/jobs/${failed}/result`),
    422,
    "job-failed",
  );
  assertEquals([problem.error, problem.job], [error, { id: failed, status: "failed" }]);
  const cancelled = await t.submit("esol");
  await t.call("POST", `/v1/jobs/${cancelled}/cancel`);
  await problemOf(await t.call("GET", `/v1/jobs/${cancelled}/result`), 422, "job-cancelled");
});

Deno.test("POST /v1/jobs/{id}/cancel: at once, by the worker, twice, and too late", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const cancel = (id: string) => t.call("POST", `/v1/jobs/${id}/cancel`);
  const waiting = await t.submit("esol");
  for (const _ of [1, 2]) {
    const response = await cancel(waiting);
    assertEquals([response.status, (await response.json()).status], [200, "cancelled"]);
  }
  const running = await t.submit("esol");
  const { tag } = t.gateway.catalog.model("esol")!;
  const [claim] = await t.queue.claim(tag, "worker-1", 1, 1000);
  const asked = await cancel(running);
  assertEquals([asked.status, (await asked.json()).cancelRequested], [202, true]);
  assertEquals(await t.queue.heartbeat([claim!.lease]), ["cancel"]);
  await t.queue.settle(claim!.lease, { state: "cancelled" });
  const done = await t.submit("esol");
  await t.settleOne("esol");
  await problemOf(await cancel(done), 409, "job-final");
});

Deno.test("GET /v1/jobs filters by model, status, submitter and lane, and pages, newest first", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  await t.addModel("logp");
  const first = await t.submit("esol");
  const batch = await t.submit("esol", { lane: "batch" });
  const logp = await t.submit("logp");
  const bens = await t.submit("esol", {}, "ben");
  await t.call("POST", `/v1/jobs/${first}/cancel`);
  const ids = async (query: string, as: "ada" | "ben" | "cleo" | "root" = "ada") => {
    const response = await t.call("GET", `/v1/jobs${query}`, { as });
    return (await response.json()).items.map((job: { id: string }) => job.id);
  };
  assertEquals(await ids(""), [logp, batch, first]);
  assertEquals(await ids("", "root"), [bens, logp, batch, first]);
  assertEquals(await ids("?model=esol"), [bens, batch, first]);
  assertEquals(await ids("?model=esol", "ben"), [bens]);
  assertEquals(await ids("?submitter=user:ben"), [bens]);
  assertEquals(await ids("?submitter=user:ada", "ben"), []);
  assertEquals(await ids("?lane=batch"), [batch]);
  assertEquals(await ids("?status=cancelled"), [first]);
  assertEquals(await ids("?status=cancelled&status=queued&model=esol"), [bens, batch, first]);
  const page = await (await t.call("GET", "/v1/jobs?limit=2")).json();
  assertExists(page.nextCursor);
  const rest = await (await t.call("GET", `/v1/jobs?limit=2&cursor=${page.nextCursor}`)).json();
  assertEquals(rest.items.map((job: { id: string }) => job.id), [first]);
  assertEquals(rest.nextCursor, undefined);
  const wrong = await t.call("GET", "/v1/jobs?status=done&colour=red");
  const problem = await problemOf(wrong, 422, "invalid-request");
  assertEquals(new Set(problem.errors?.map((e) => e.parameter)), new Set(["status", "colour"]));
});

Deno.test("dead letters are listed, requeued by those who may, and then are none", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const error = { code: "backend_error", message: "500 for CCO" };
  const id = await t.submit("esol", {}, "ben");
  await t.settleOne("esol", () => ({ state: "failed", error, deadLetter: true }));
  const list = async (as: "ada" | "ben" | "cleo") =>
    (await (await t.call("GET", "/v1/dead-letters?model=esol", { as })).json()).items;
  assertEquals((await list("ben"))[0].error, error);
  assertEquals((await list("ada")).map((job: { id: string }) => job.id), [id]);
  assertEquals(await list("cleo"), []);
  const path = `/v1/jobs/${id}/requeue`;
  await problemOf(await t.call("POST", path, { as: "cleo" }), 404, "not-found");
  const response = await t.call("POST", path);
  assertEquals([response.status, (await response.json()).status], [202, "queued"]);
  await problemOf(await t.call("POST", path), 409, "not-dead-lettered");
  assertEquals(await list("ben"), []);
});

Deno.test("a job's callbacks are listed and delivered again", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const id = await t.submit("esol", {
    callback: { url: "https://hooks.example/x", events: ["started", "completed"] },
  }, "ben");
  await t.settleOne("esol");
  const list = async () =>
    (await (await t.call("GET", `/v1/jobs/${id}/deliveries`, { as: "ben" })).json()).items;
  const [, completed] = await list();
  assertEquals([completed.type, completed.state, completed.url], [
    "completed",
    "due",
    "https://hooks.example/x",
  ]);
  const tried = { at: Date.now(), status: 500, tookMs: 3 };
  await t.queue.recordDelivery(completed.id, tried, { state: "dead" });
  assertEquals((await list())[1].state, "dead");
  const path = `/v1/deliveries/${completed.id}/redeliver`;
  await problemOf(await t.call("POST", path, { as: "cleo" }), 404, "not-found");
  await problemOf(await t.call("POST", path, { as: "ada" }), 403, "forbidden");
  const response = await t.call("POST", path, { as: "ben" });
  assertEquals([response.status, (await response.json()).state], [202, "due"]);
  await problemOf(
    await t.call("POST", `/v1/deliveries/${id}.99/redeliver`, { as: "ben" }),
    404,
    "not-found",
  );
});
