import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { checkSubmission, isPlain } from "../../http/submission.ts";
import { SubmissionSchema } from "../../http/wire/submission.ts";
import { problemOf, SMILES_SCHEMA, TestGateway } from "./test_gateway.ts";

const INPUT = { smiles: "CN1C=NC2=C1C(=O)N(C(=O)N2C)C" };

Deno.test("POST /v1/jobs answers 202 with the job, its place and the version that answers", async () => {
  await using t = await TestGateway.start();
  await t.addModel("Esol");
  const response = await t.call("POST", "/v1/jobs", { body: { model: "esol", input: INPUT } });
  assertEquals(response.status, 202);
  const job = await response.json();
  assertEquals(response.headers.get("location"), `/v1/jobs/${job.id}`);
  assertEquals([job.status, job.model, job.version, job.lane], [
    "queued",
    "Esol",
    "1.0",
    "interactive",
  ]);
  assertMatch(job.submittedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertMatch(job.inputDigest, /^sha256:[0-9a-f]{64}$/);
  const read = await (await t.call("GET", job.links.self)).json();
  for (const field of Object.keys(job)) assertEquals(read[field], job[field], field);
});

Deno.test("POST /v1/jobs refuses an input that breaks the schema, and queues nothing", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const body = { model: "esol", input: { smiles: 5, extra: true } };
  const problem = await problemOf(await t.call("POST", "/v1/jobs", { body }), 422, "invalid-input");
  const pointers = problem.errors?.map(({ pointer }) => pointer) ?? [];
  assert(pointers.includes("/input/smiles"), pointers.join());
  const { waiting } = await t.queue.measure(t.gateway.catalog.model("esol")!.tag);
  assertEquals(waiting.interactive, 0);
});

Deno.test("POST /v1/jobs refuses unknown fields, also those named like an object's own", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  for (const field of ["colour", "__proto__", "constructor", "toString"]) {
    const body = `{"model":"esol","input":${JSON.stringify(INPUT)},"${field}":{"a":1}}`;
    const problem = await problemOf(
      await t.call("POST", "/v1/jobs", { body }),
      422,
      "invalid-request",
    );
    assertEquals(problem.errors?.[0]?.pointer, `/${field}`);
  }
  assertEquals(({} as Record<string, unknown>).a, undefined);
});

Deno.test("POST /v1/jobs takes the last of doubled fields", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const body = `{"model":"nothing","model":"esol","input":${JSON.stringify(INPUT)}}`;
  const job = await (await t.call("POST", "/v1/jobs", { body })).json();
  assertEquals(job.model, "esol");
});

Deno.test("POST /v1/jobs says where a model or version that is not there was named", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const post = (body: unknown) => t.call("POST", "/v1/jobs", { body });
  const model = await problemOf(await post({ model: "esal", input: INPUT }), 404, "not-found");
  assertEquals(model.errors?.[0]?.pointer, "/model");
  const version = await problemOf(
    await post({ model: "esol", version: "9", input: INPUT }),
    404,
    "not-found",
  );
  assertEquals(version.errors?.[0]?.pointer, "/version");
});

Deno.test("options below the model's settings hold, those above are cut", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { settings: { maxAttempts: 2, runTimeoutSeconds: 10 } });
  const id = await t.submit("esol", {
    lane: "batch",
    maxAttempts: 50,
    runTimeoutSeconds: 5,
    retentionSeconds: 60,
  });
  const job = await (await t.call("GET", `/v1/jobs/${id}`)).json();
  assertEquals(job.lane, "batch");
  assertEquals(job.limits, {
    maxAttempts: 2,
    runTimeoutSeconds: 5,
    queueTimeoutSeconds: 24 * 3600,
    retentionSeconds: 60,
  });
});

Deno.test("an idempotency key gives the first answer again, also after completion", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const headers = { "idempotency-key": "order-17" };
  const send = (body: unknown, as: "ada" | "ben" = "ada") =>
    t.call("POST", "/v1/jobs", { as, body, headers });
  const first = await send({ model: "esol", input: INPUT });
  const answer = await first.text();
  assertEquals(first.headers.get("idempotency-replayed"), null);
  await t.settleOne("esol");
  await t.call("POST", "/v1/models/esol/versions", {
    body: { version: "2.0", backend: { kind: "echo" }, inputSchema: SMILES_SCHEMA },
  });
  const second = await send({ input: INPUT, model: "ESOL" });
  assertEquals([second.status, await second.text()], [202, answer]);
  assertEquals(second.headers.get("idempotency-replayed"), "true");
  assertEquals(second.headers.get("location"), first.headers.get("location"));
  const { waiting } = await t.queue.measure(t.gateway.catalog.model("esol")!.tag);
  assertEquals(waiting.interactive, 0);
});

Deno.test("an idempotency key with another body is a conflict that names the first job", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const headers = { "idempotency-key": "order-17" };
  const post = (body: unknown, as: "ada" | "ben" = "ada") =>
    t.call("POST", "/v1/jobs", { as, body, headers });
  const { id } = await (await post({ model: "esol", input: INPUT })).json();
  for (
    const other of [
      { model: "esol", input: { smiles: "C" } },
      { model: "esol", input: INPUT, version: "1.0" },
      { model: "esol", input: INPUT, lane: "batch" },
    ]
  ) {
    const problem = await problemOf(await post(other), 409, "idempotency-conflict");
    assertEquals(problem.job?.id, id);
  }
  const bens = await post({ model: "esol", input: { smiles: "C" } }, "ben");
  assertEquals(bens.status, 202);
  assertNotEquals((await bens.json()).id, id);
});

Deno.test("an idempotency key has 1 to 255 visible characters", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  for (const key of ["", "a b", "x".repeat(256), "caf\u00e9"]) {
    const response = await t.call("POST", "/v1/jobs", {
      body: { model: "esol", input: INPUT },
      headers: { "idempotency-key": key },
    });
    const problem = await problemOf(response, 422, "invalid-request");
    assertEquals(problem.errors?.[0]?.header, "Idempotency-Key");
  }
});

Deno.test("the trace context and the callback go with the job", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const response = await t.call("POST", "/v1/jobs", {
    body: { model: "esol", input: INPUT, callback: { url: "https://hooks.example/x" } },
    headers: { traceparent },
  });
  const job = await t.queue.get((await response.json()).id);
  assertEquals(job?.traceparent, traceparent);
  assertEquals(job?.callback, {
    url: "https://hooks.example/x",
    events: ["completed", "failed", "cancelled", "expired"],
  });
});

Deno.test("checkSubmission()'s short way accepts nothing that the schema refuses", () => {
  const bodies: unknown[] = [
    { model: "esol", input: null },
    { model: "esol", input: 0, version: "1.0", lane: "batch" },
    { model: "esol", input: {}, lane: "fast" },
    { model: "a b", input: {} },
    { model: "esol" },
    { model: "esol", input: {}, version: "-" },
    { model: "esol", input: {}, version: null },
    { model: ["esol"], input: {} },
    { model: "esol", input: {}, maxAttempts: 1 },
    JSON.parse('{"model":"esol","input":1,"__proto__":1}'),
    [],
    null,
    "esol",
  ];
  let plain = 0;
  for (const body of bodies) {
    if (!isPlain(body)) continue;
    plain++;
    assertEquals(SubmissionSchema.safeParse(body).success, true, JSON.stringify(body));
    assertEquals(checkSubmission(body), body);
  }
  assertEquals(plain, 2);
});
