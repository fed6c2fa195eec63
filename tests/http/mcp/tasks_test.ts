/**
 * The tasks extension, by its own official requester and by plain requests.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  createTaskSessionFromClient,
  resultFromTaskOutcome,
} from "@modelcontextprotocol/ext-tasks/client";
import { TestGateway } from "../test_gateway.ts";

const VERSION = "2026-07-28";
const INFO = { name: "test-agent", version: "1.0" };
const META = "io.modelcontextprotocol/";
const TASKS = `${META}tasks`;
const URL_ = "http://gateway.test/mcp?models=slow";

// deno-lint-ignore no-explicit-any
type Json = any;

/** Sends a request of the protocol as it goes over the wire. */
async function send(
  t: TestGateway,
  key: string,
  message: { method: string; params: Json; id?: unknown },
  framed = false,
): Promise<Json> {
  const { method, params } = message;
  const meta = {
    [`${META}protocolVersion`]: VERSION,
    [`${META}clientInfo`]: INFO,
    [`${META}clientCapabilities`]: { extensions: { [TASKS]: {} } },
  };
  const body = {
    jsonrpc: "2.0",
    id: message.id ?? 1,
    method,
    params: framed ? params : { ...params, _meta: meta },
  };
  const response = await t.app.request(URL_, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": VERSION,
      "mcp-method": method,
      "mcp-name": params.name ?? params.taskId ?? "",
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const data = text.split("\n").findLast((line) => line.startsWith("data: "));
  return JSON.parse(data ? data.slice(6) : text);
}

const run = { method: "tools/call", params: { name: "run_slow", arguments: { smiles: "CCO" } } };

Deno.test("a long run becomes a task where the client takes one; its end, cancellation and failure are told", async () => {
  await using t = await TestGateway.start();
  await t.addModel("slow");
  const { ada, cleo } = t.keys;
  const runs = await Promise.all([1, 2, 3].map((id) => send(t, ada, { ...run, id })));
  for (const { result } of runs) {
    assertEquals([result.resultType, result.status], ["task", "working"]);
  }
  const get = (taskId: string, key = ada) =>
    send(t, key, { method: "tasks/get", params: { taskId } });
  for (const { result } of runs) {
    assertEquals((await get(result.taskId)).result.status, "working");
    assertEquals((await get(result.taskId, cleo)).error.code, -32602);
  }
  assertEquals((await get("nonsense")).error.code, -32602);
  const taskId = (await t.settleOne("slow")).lease.jobId;
  const ended = (await get(taskId)).result;
  assertEquals([ended.resultType, ended.status], ["complete", "completed"]);
  assertEquals(ended.result.structuredContent.result, { smiles: "CCO" });

  const [second, third] = runs.map(({ result }) => result.taskId).filter((id) => id !== taskId);
  const cancel = { method: "tasks/cancel", params: { taskId: second } };
  assert("error" in await send(t, cleo, cancel));
  assertEquals((await send(t, ada, cancel)).result.resultType, "complete");
  assertEquals((await get(second)).result.status, "cancelled");
  assertEquals((await send(t, ada, cancel)).result.resultType, "complete");

  const error = { code: "backend_error", message: "no such atom" };
  await t.settleOne("slow", () => ({ state: "failed", error, deadLetter: false }));
  const failed = (await get(third)).result;
  assertEquals([failed.status, failed.result.isError], ["completed", true]);
  assert(failed.result.content[0].text.includes("no such atom"));
});

Deno.test("the extension's official requester drives a long run to its result", async () => {
  await using t = await TestGateway.start();
  await t.addModel("slow");
  const client = new Client(INFO, { versionNegotiation: { mode: "auto" } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(URL_), {
      fetch: (url, init) => Promise.resolve(t.app.request(new Request(url, init))),
      requestInit: { headers: { authorization: `Bearer ${t.keys.ada}` } },
    }),
  );
  let id = 0;
  const session = createTaskSessionFromClient(client, {
    endpointId: "test",
    rawDispatch: (request: Json) => send(t, t.keys.ada, { ...request, id: ++id }, true),
    v2RequestFraming: { protocolVersion: VERSION, clientInfo: INFO, clientCapabilities: {} },
  } as Json);
  const execution = await session.callTool("run_slow", { smiles: "CCO" });
  await t.settleOne("slow");
  const { outcome } = await execution.settle();
  const result = resultFromTaskOutcome(outcome) as Json;
  assertEquals(result.structuredContent.result, { smiles: "CCO" });
  await session.close();
  await client.close();
});

Deno.test("without the extension a long run is answered as unfinished, with the id to wait by", async () => {
  await using t = await TestGateway.start();
  await t.addModel("slow");
  const id = await t.submit("slow");
  const message = {
    method: "tools/call",
    params: {
      name: "wait_for_job",
      arguments: { id, timeoutSeconds: 0 },
      _meta: {
        [`${META}protocolVersion`]: VERSION,
        [`${META}clientInfo`]: INFO,
        [`${META}clientCapabilities`]: {},
      },
    },
  };
  const { result } = await send(t, t.keys.ada, message, true);
  assertEquals(result.resultType ?? "complete", "complete");
  assertEquals([result.structuredContent.finished, result.structuredContent.job.id], [false, id]);
});
