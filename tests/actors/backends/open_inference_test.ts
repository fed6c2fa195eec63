import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../actors/backend.ts";
import { OpenInferenceBackend } from "../../../actors/backends/open_inference.ts";
import { callOf, testBackend } from "../../contracts/backend_contract.ts";
import { ModelServer } from "./model_server.ts";

interface Request {
  readonly inputs: { name: string; data: number[]; shape: number[] }[];
}

/** As Triton would: the sum of each row. */
function sums({ inputs: [first] }: Request) {
  const [rows, columns] = first!.shape as [number, number];
  const data = Array.from(
    { length: rows },
    (_, i) => first!.data.slice(i * columns, (i + 1) * columns).reduce((a, b) => a + b, 0),
  );
  return {
    model_name: "sum",
    outputs: [{ name: "sum", datatype: "FP32", shape: [rows], data }],
  };
}

let url = "http://127.0.0.1:9";

function open(): { backend: Backend; server: ModelServer; close(): Promise<void> } {
  const server = new ModelServer();
  server.answer = (body) => sums(body as Request);
  url = server.url;
  return { backend: new OpenInferenceBackend(), server, close: () => server.die() };
}

const INPUTS = [{ name: "x", datatype: "FP32", shape: [-1, 2], value: "rows" }];
const good = () => ({ kind: "open_inference", url, model: "sum", inputs: INPUTS });
const bad = (more: Record<string, unknown>) => ({ ...good(), ...more });

testBackend({
  name: "open_inference",
  open,
  good,
  bad: [
    [bad({ url: "triton:8000" }), "/url"],
    [bad({ model: "" }), "/model"],
    [bad({ modelVersion: 1 }), "/modelVersion"],
    [bad({ inputs: [] }), "/inputs"],
    [bad({ inputs: [{ name: "x", datatype: "FP8" }] }), "/inputs/0/datatype"],
    [bad({ inputs: [{ name: "x", datatype: "FP32", shape: [-2] }] }), "/inputs/0/shape"],
    [bad({ inputs: [{ name: "x", datatype: "FP32", value: "a.[" }] }), "/inputs/0/value"],
    [bad({ inputs: [{ name: "x", datatype: "FP32", values: "a" }] }), "/inputs/0/values"],
    [bad({ outputs: [1] }), "/outputs"],
    [bad({ parameters: [] }), "/parameters"],
    [bad({ response: "a.[" }), "/response"],
    [bad({ retries: 2 }), "/retries"],
  ],
  input: { rows: [[1, 2], [3, 4]] },
  output: { sum: [3, 7] },
  failing: {
    reference: good,
    input: { rows: [["1", "2"]] },
    code: "input_mismatch",
    retry: false,
  },
});

Deno.test("a request to a model server is that of the protocol, with what the version sets", async () => {
  const { backend, server, close } = open();
  const reference = {
    ...good(),
    modelVersion: "3",
    outputs: ["sum"],
    parameters: { temperature: 0.5 },
    response: "sum[0]",
    inputs: [...INPUTS, { name: "smiles", datatype: "BYTES" }],
  };
  const result = await backend.run(callOf(reference, { rows: [[1, 2]], smiles: "CCO" }));
  assertEquals(result, { ok: true, output: 3 });
  const { path, headers, body } = server.calls[0]!;
  assertEquals(path, "/v2/models/sum/versions/3/infer");
  assertEquals(headers.get("via"), "1.1 model-gateway");
  assertEquals(body, {
    id: "01a1fb3a-52b2-88a9-8100-0abc851cdae3",
    inputs: [
      { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] },
      { name: "smiles", datatype: "BYTES", shape: [1], data: ["CCO"] },
    ],
    outputs: [{ name: "sum" }],
    parameters: { temperature: 0.5 },
  });
  await backend[Symbol.asyncDispose]();
  await close();
});

Deno.test("answers that break the protocol fail for good, and those of a server in trouble do not", async () => {
  const { backend, server, close } = open();
  const answers: [unknown, string][] = [
    [{}, "the backend answered no list of outputs"],
    [
      { outputs: [{ name: "y", datatype: "FP32", shape: [2], data: [1] }] },
      ": y: 2 elements, not 1",
    ],
  ];
  for (const [answer, message] of answers) {
    server.answer = () => answer;
    const result = await backend.run(callOf(good(), { rows: [[1, 2]] }));
    assert(!result.ok && !result.retry);
    assert(result.error.message.endsWith(message), result.error.message);
  }
  server.conduct = "fail";
  const failed = await backend.run(callOf(good(), { rows: [[1, 2]] }));
  assert(!failed.ok && failed.retry);
  await backend[Symbol.asyncDispose]();
  await close();
});
