import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../actors/backend.ts";
import { MlflowBackend } from "../../../actors/backends/mlflow.ts";
import { callOf, testBackend } from "../../contracts/backend_contract.ts";
import { ModelServer } from "./model_server.ts";

interface Split {
  readonly dataframe_split: { readonly columns: string[]; readonly data: number[][] };
}

let url = "http://127.0.0.1:9";

function open(): { backend: Backend; server: ModelServer; close(): Promise<void> } {
  const server = new ModelServer();
  server.answer = (body) => {
    const { data } = (body as Split).dataframe_split;
    return { predictions: data.map((row) => row.reduce((a, b) => a + b, 0)) };
  };
  url = server.url;
  return { backend: new MlflowBackend(), server, close: () => server.die() };
}

const good = () => ({ kind: "mlflow", url });
const bad = (more: Record<string, unknown>) => ({ ...good(), ...more });

testBackend({
  name: "mlflow",
  open,
  good,
  bad: [
    [bad({ url: "" }), "/url"],
    [bad({ format: "csv" }), "/format"],
    [bad({ columns: [1] }), "/columns"],
    [bad({ value: "a.[" }), "/value"],
    [bad({ params: 1 }), "/params"],
    [bad({ response: 1 }), "/response"],
    [bad({ retries: 2 }), "/retries"],
  ],
  input: [{ a: 1, b: 2 }, { b: 4, a: 3 }],
  output: [3, 7],
  failing: { reference: good, input: "text", code: "input_mismatch", retry: false },
});

Deno.test("an input is sent in the form that the version asks for", async () => {
  const { backend, server, close } = open();
  server.answer = () => ({ predictions: [7] });
  const table: [Record<string, unknown>, unknown, unknown, unknown][] = [
    [{}, { a: 1, b: 2 }, { dataframe_split: { columns: ["a", "b"], data: [[1, 2]] } }, 7],
    [
      { columns: ["b", "c"] },
      [{ a: 1, b: 2 }],
      { dataframe_split: { columns: ["b", "c"], data: [[2, null]] } },
      [7],
    ],
    [{ format: "dataframe_records" }, { a: 1 }, { dataframe_records: [{ a: 1 }] }, 7],
    [{ format: "instances", params: { t: 1 } }, [1], { instances: [1], params: { t: 1 } }, [7]],
    [{ format: "inputs", value: "x" }, { x: { t: [1] } }, { inputs: { t: [1] } }, [7]],
    [{ format: "inputs", response: "/0" }, 1, { inputs: 1 }, 7],
  ];
  for (const [settings, input, body, output] of table) {
    const reference = { ...good(), ...settings };
    assertEquals(await backend.run(callOf(reference, input)), { ok: true, output });
    assertEquals(server.calls.at(-1)!.body, body);
    assertEquals(server.calls.at(-1)!.path, "/invocations");
  }
  server.answer = () => ({ error_code: "BAD_REQUEST" });
  const result = await backend.run(callOf(good(), { a: 1 }));
  assert(!result.ok && !result.retry);
  await backend[Symbol.asyncDispose]();
  await close();
});
