import { assertEquals, assertMatch } from "@std/assert";
import { problemOf, TestGateway } from "./test_gateway.ts";

const BODY = { input: { smiles: "CCO" } };

Deno.test("predict answers the result with the version that computed it", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  t.work("esol");
  const response = await t.call("POST", "/v1/models/ESOL/predict", { as: "ben", body: BODY });
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("preference-applied"), "wait=30");
  const { id, ...answer } = await response.json();
  assertMatch(response.headers.get("location")!, new RegExp(`^/v1/jobs/${id}$`));
  assertEquals(answer, {
    status: "completed",
    model: "esol",
    version: "1.0",
    result: { smiles: "CCO" },
  });
});

Deno.test("predict answers 202 with the job when the time is up, and the job goes on", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const response = await t.call("POST", "/v1/models/esol/predict", {
    body: BODY,
    headers: { prefer: "respond-async, wait=0" },
  });
  assertEquals(response.status, 202);
  assertEquals(response.headers.get("preference-applied"), "wait=0");
  const job = await response.json();
  assertEquals([job.status, job.attempt], ["queued", 0]);
  await t.settleOne("esol");
  assertEquals((await t.call("GET", `/v1/jobs/${job.id}/result`)).status, 200);
});

Deno.test("predict says which job failed and why", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const error = { code: "invalid_input", message: "not a molecule" };
  t.work("esol", () => ({ state: "failed", error, deadLetter: false }));
  const response = await t.call("POST", "/v1/models/esol/predict", { body: BODY });
  const problem = await problemOf(response, 422, "job-failed");
  assertEquals([problem.error, problem.job?.status], [error, "failed"]);
});

Deno.test("predict with a known idempotency key answers the first job's result", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  t.work("esol");
  const predict = () =>
    t.call("POST", "/v1/models/esol/predict", {
      body: BODY,
      headers: { "idempotency-key": "k" },
    });
  const first = await (await predict()).text();
  const second = await predict();
  assertEquals(await second.text(), first);
  assertEquals(second.headers.get("idempotency-replayed"), "true");
});

Deno.test("predict checks names, access, fields and input before anything is queued", async () => {
  await using t = await TestGateway.start();
  await t.addModel("mine", { visibility: "private" });
  const predict = (path: string, body: unknown, as: "ada" | "ben" = "ada") =>
    t.call("POST", `/v1/models/${path}/predict`, { as, body });
  await problemOf(await predict("mine", BODY, "ben"), 404, "not-found");
  await problemOf(await predict("a%20b", BODY), 404, "not-found");
  await problemOf(await predict("mine", { ...BODY, model: "mine" }), 422, "invalid-request");
  await problemOf(await predict("mine", { input: {} }), 422, "invalid-input");
  await problemOf(await predict("mine", { ...BODY, version: "7" }), 404, "not-found");
});
