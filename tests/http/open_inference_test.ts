import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeElements } from "../../actors/open_inference/binary.ts";
import { eventually } from "../contracts/job_queue_store.ts";
import { type Answer, type Call, TestGateway, type User } from "./test_gateway.ts";

const DESCRIBED = {
  type: "object",
  properties: { value: { type: "number" }, atoms: { type: "integer" } },
  required: ["value"],
};
const SMILES = { name: "smiles", datatype: "BYTES", shape: [3], data: ["C", "CC", "CCC"] };
const ONE = { inputs: [{ ...SMILES, shape: [1], data: ["CCO"] }] };

/** The length of the text, as a number and an integer. */
const lengths: Answer = ({ input }) => {
  const { length } = (JSON.parse(input) as { smiles: string }).smiles;
  return { state: "completed", result: JSON.stringify({ value: length / 2, atoms: length }) };
};

function infer(t: TestGateway, body: unknown, call: Call & { path?: string } = {}) {
  return t.call("POST", `/v2/models/${call.path ?? "esol"}/infer`, { body, ...call });
}

/** The words of an error, after a look at its form. */
async function errorOf(response: Response, status: number): Promise<string> {
  const text = await response.text();
  assertEquals(response.status, status, text);
  assertEquals(response.headers.get("content-type"), "application/json");
  const body = JSON.parse(text);
  assertEquals(Object.keys(body), ["error"]);
  return body.error;
}

async function jobsOf(t: TestGateway, as: User = "ada"): Promise<{ id: string; status: string }[]> {
  return (await (await t.call("GET", "/v1/jobs?model=esol", { as })).json()).items;
}

Deno.test("server and health are told to anyone, models to those who may read them", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { visibility: "private", version: { outputSchema: DESCRIBED } });
  const open = async (path: string) => await (await t.app.request(path)).json();
  assertEquals(await open("/v2"), {
    name: "model-gateway",
    version: "0.1.0",
    extensions: ["binary_tensor_data"],
  });
  assertEquals(await open("/v2/health/live"), { live: true });
  assertEquals(await open("/v2/health/ready"), { ready: true });
  const metadata = {
    name: "esol",
    versions: ["1.0"],
    platform: "model-gateway",
    inputs: [{ name: "smiles", datatype: "BYTES", shape: [-1] }],
    outputs: [
      { name: "value", datatype: "FP64", shape: [-1] },
      { name: "atoms", datatype: "INT64", shape: [-1], parameters: { optional: true } },
    ],
  };
  for (const path of ["esol", "ESOL/versions/1.0", "esol/versions/latest"]) {
    const read = await (await t.call("GET", `/v2/models/${path}`)).json();
    assertEquals(read, metadata);
    const ready = await (await t.call("GET", `/v2/models/${path}/ready`)).json();
    assertEquals(ready, { name: "esol", ready: true });
  }
  // For who may not read it, it is not there: on every path, in the same words.
  for (const path of ["", "/ready", "/versions/1.0", "/versions/1.0/ready", "/infer"]) {
    const method = path === "/infer" ? "POST" : "GET";
    const body = method === "POST" ? ONE : undefined;
    const hidden = await t.call(method, `/v2/models/esol${path}`, { as: "cleo", body });
    const missing = await t.call(method, `/v2/models/nothing${path}`, { as: "cleo", body });
    const words = await errorOf(hidden, 404);
    assertEquals(words.replaceAll("esol", "nothing"), await errorOf(missing, 404), path);
    const anyone = await t.app.request(`/v2/models/esol${path}`, { method });
    assertMatch(await errorOf(anyone, 401), /^An API key is needed: /);
  }
});

Deno.test("a model whose backend does not answer is not ready, and neither is a server without a queue", async () => {
  const backends = { kinds: () => ["echo"], check: () => [], answers: () => false };
  const ready = () => Promise.resolve([{ name: "queue", ok: false }]);
  await using t = await TestGateway.start({}, { backends, ready });
  await t.addModel("esol");
  const model = await t.call("GET", "/v2/models/esol/ready");
  assertEquals([model.status, await model.json()], [400, { name: "esol", ready: false }]);
  const server = await t.app.request("/v2/health/ready");
  assertEquals([server.status, await server.json()], [400, { ready: false }]);
});

Deno.test("each row of a batch is a job, and the outputs come in the order of the rows", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { version: { outputSchema: DESCRIBED } });
  t.work("esol", lengths);
  const body = { id: "batch-7", inputs: [SMILES], parameters: { lane: "batch" } };
  const response = await infer(t, body);
  const answer = await response.json();
  assertEquals(response.status, 200, JSON.stringify(answer));
  const { parameters, ...rest } = answer;
  assertEquals(rest, {
    model_name: "esol",
    model_version: "1.0",
    id: "batch-7",
    outputs: [
      { name: "value", datatype: "FP64", shape: [3], data: [0.5, 1, 1.5] },
      { name: "atoms", datatype: "INT64", shape: [3], data: [1, 2, 3] },
    ],
  });
  const ids = parameters.jobs.split(",") as string[];
  const job = await (await t.call("GET", `/v1/jobs/${ids[1]}`)).json();
  assertEquals([ids.length, job.lane, job.status], [3, "batch", "completed"]);
  const result = await (await t.call("GET", `/v1/jobs/${ids[1]}/result`)).json();
  assertEquals(result.result, { value: 1, atoms: 2 });

  const one = await infer(t, { inputs: [SMILES], outputs: [{ name: "atoms" }] }, {
    path: "esol/versions/1.0",
  });
  assertEquals((await one.json()).outputs.map(({ name }: { name: string }) => name), ["atoms"]);
});

Deno.test("a model that takes a list of objects gets the batch as one job", async () => {
  await using t = await TestGateway.start();
  const items = { type: "object", properties: { smiles: { type: "string" } } };
  const outputSchema = { type: "array", items: DESCRIBED };
  const version = { inputSchema: { type: "array", items }, outputSchema };
  await t.addModel("esol", { version });
  const seen: unknown[] = [];
  t.work("esol", ({ input }) => {
    const rows = JSON.parse(input) as { smiles: string }[];
    seen.push(rows);
    const values = rows.map(({ smiles }) => ({ value: smiles.length }));
    return { state: "completed", result: JSON.stringify(values) };
  });
  const answer = await (await infer(t, { inputs: [SMILES] })).json();
  assertEquals(answer.outputs, [
    { name: "value", datatype: "FP64", shape: [3], data: [1, 2, 3] },
  ]);
  assertEquals(seen, [[{ smiles: "C" }, { smiles: "CC" }, { smiles: "CCC" }]]);
});

Deno.test("binary tensors are taken, and answered where they are asked for", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol", { version: { outputSchema: DESCRIBED } });
  t.work("esol", lengths);
  const bytes = encodeElements("BYTES", SMILES.data);
  const { data: _, ...head } = SMILES;
  const text = JSON.stringify({
    inputs: [{ ...head, parameters: { binary_data_size: bytes.length } }],
    parameters: { binary_data_output: true },
  });
  const send = (length: number | string) =>
    t.app.request("/v2/models/esol/infer", {
      method: "POST",
      headers: {
        authorization: `Bearer ${t.keys.ada}`,
        "inference-header-content-length": String(length),
      },
      body: new Blob([text, bytes]),
    });
  const response = await send(text.length);
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "application/octet-stream");
  const body = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get("inference-header-content-length"));
  const { outputs } = JSON.parse(new TextDecoder().decode(body.subarray(0, length)));
  assertEquals(outputs, [
    { name: "value", datatype: "FP64", shape: [3], parameters: { binary_data_size: 24 } },
    { name: "atoms", datatype: "INT64", shape: [3], parameters: { binary_data_size: 24 } },
  ]);
  const rest = body.slice(length);
  assertEquals([...new Float64Array(rest.buffer, 0, 3)], [0.5, 1, 1.5]);
  assertEquals([...new BigInt64Array(rest.buffer, 24, 3)], [1n, 2n, 3n]);
  assertMatch(
    await errorOf(await send("9999"), 422),
    /Inference-Header-Content-Length: the length/,
  );
  assertMatch(await errorOf(await send(text.length - 1), 400), /^The body is not valid JSON/);
});

Deno.test("a batch with one wrong row, or tensors that do not fit, is refused whole", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const table: [unknown, RegExp][] = [
    [[], /\/: an object with inputs|expected an object with inputs/],
    [{}, /\/inputs: a list of tensors/],
    [{ inputs: [] }, /\/inputs: smiles: to be there/],
    [{ inputs: [{ ...SMILES, data: ["C", "", "CCC"] }] }, /\/inputs\/smiles \(row 1\): /],
    [{ inputs: [{ ...SMILES, data: ["C"] }] }, /\/inputs\/0: smiles: 3 elements, not 1/],
    [{ inputs: [{ ...SMILES, datatype: "FP8" }] }, /\/inputs\/0: smiles: a datatype of/],
    [{ inputs: [{ ...SMILES, shape: [0], data: [] }] }, /1 to 1000 rows/],
    [{ inputs: [SMILES], id: 5 }, /\/id: a string/],
    [{ inputs: [SMILES], parameters: [] }, /\/parameters: an object/],
    [{ inputs: [SMILES], parameters: { lane: "fast" } }, /\/lane: /],
    [{ inputs: [SMILES], outputs: [{}] }, /\/outputs\/0: an output \{name\}/],
  ];
  for (const [body, words] of table) {
    assertMatch(await errorOf(await infer(t, body), 422), words, JSON.stringify(body));
  }
  assertMatch(await errorOf(await infer(t, "{"), 400), /^The body is not valid JSON: /);
  const zipped = await infer(t, ONE, { headers: { "content-encoding": "gzip" } });
  assertMatch(await errorOf(zipped, 415), /Content-Encoding: a body that is not compressed/);
  assertMatch(await errorOf(await t.call("GET", "/v2/models/esol/infer"), 405), /takes POST/);
  assertMatch(await errorOf(await t.call("GET", "/v2/nothing"), 404), /^Not found: /);
  assertEquals(await jobsOf(t), []);
});

Deno.test("an inference is under the caller's quotas; a batch that has no room leaves no job behind", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const quota = await t.call("PUT", "/v1/quotas/user:ada", {
    as: "root",
    body: { jobsInFlight: 2 },
  });
  assertEquals(quota.status, 200);
  const refused = await infer(t, { inputs: [SMILES] });
  assert(refused.headers.get("retry-after"));
  assertMatch(await errorOf(refused, 429), /^A quota has no room: user:ada may have 2 jobs/);
  assertEquals((await jobsOf(t)).map(({ status }) => status), ["cancelled", "cancelled"]);
});

Deno.test("a job that fails is told in words; one that takes too long is cancelled", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const late = await infer(t, ONE, { headers: { prefer: "wait=0" } });
  assertMatch(await errorOf(late, 504), /^It did not end in time: the job [-0-9a-f]+ was queued/);
  assertEquals((await jobsOf(t)).map(({ status }) => status), ["cancelled"]);

  const hanging = infer(t, { inputs: [SMILES] });
  await eventually(async () => (await jobsOf(t)).length === 4, "three more jobs");
  const error = { code: "invalid_input", message: "no such atom" };
  for (const state of ["completed", "failed", "completed"] as const) {
    await t.settleOne(
      "esol",
      (claim) =>
        state === "failed" ? { state, error, deadLetter: false } : { state, result: claim.input },
    );
  }
  assertEquals(await errorOf(await hanging, 422), "The job failed: no such atom");
});

Deno.test("an idempotency key gives the same jobs again, row by row", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  t.work("esol", lengths);
  const headers = { "idempotency-key": "order-1" };
  const first = await (await infer(t, { inputs: [SMILES] }, { headers })).json();
  const again = await (await infer(t, { inputs: [SMILES] }, { headers })).json();
  assertEquals(again.parameters.jobs, first.parameters.jobs);
  assertEquals((await jobsOf(t)).length, 3);
  const other = await infer(t, { inputs: [{ ...SMILES, data: ["C", "CC", "N"] }] }, { headers });
  assertMatch(await errorOf(other, 409), /^The idempotency key was used/);
});

Deno.test("a loop of gateways ends with a refusal that says so", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  t.work("esol", lengths);
  const through = (...via: string[]) => infer(t, ONE, { headers: { via: via.join(", ") } });
  const own = "1.1 model-gateway";
  assertEquals((await through(own, "1.1 some-proxy", own)).status, 200);
  const refused = await through(own, own, "1.1 some-proxy", own);
  assertMatch(await errorOf(refused, 422), /^Gateways call each other in a loop: .* 3 gateways/);
});

Deno.test("when the caller hangs up, jobs that nobody can ask for are cancelled", async () => {
  await using t = await TestGateway.start();
  await t.addModel("esol");
  const gone = new AbortController();
  const asked = t.app.request("/v2/models/esol/infer", {
    method: "POST",
    headers: { authorization: `Bearer ${t.keys.ada}` },
    body: JSON.stringify({ inputs: [SMILES] }),
    signal: gone.signal,
  });
  await eventually(async () => (await jobsOf(t)).length === 3, "three jobs");
  gone.abort();
  await (await asked).body?.cancel();
  assertEquals((await jobsOf(t)).map(({ status }) => status), Array(3).fill("cancelled"));
});
