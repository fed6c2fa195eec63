import { assert, assertEquals } from "@std/assert";
import { HttpBackend } from "../../../actors/backends/http.ts";
import type { BackendResult } from "../../../actors/backend.ts";
import { callOf, testBackend } from "../../contracts/backend_contract.ts";

/** What the server of these tests does at each path. */
const HANDLERS: Record<string, (request: Request) => Response | Promise<Response>> = {
  "/double": async (request) => Response.json({ value: 2 * (await request.json()).value }),
  "/seen": async (request) =>
    Response.json({
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: await request.json(),
    }),
  "/nested": () => Response.json({ a: { "b/c": [{ score: 7 }] } }),
  "/hang": () => new Promise(() => {}),
  "/slow-body": () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{"a":')),
      }),
    ),
  "/garbage": () => new Response("<html>no</html>"),
  "/huge": () => new Response("[" + "1,".repeat(200_000) + "1]"),
  "/redirect": () => new Response(null, { status: 302, headers: { location: "/double" } }),
  "/500": () => new Response("boom\n  boom", { status: 500 }),
  "/429": () => new Response("", { status: 429 }),
  "/400": () => new Response('{"detail":"no such atom"}', { status: 400 }),
};

function serve(): { url: string; close(): Promise<void> } {
  const stop = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen: () => {} },
    (request) => HANDLERS[new URL(request.url).pathname]!(request),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async close() {
      stop.abort();
      await server.finished;
    },
  };
}

let url = "";

function open(options: ConstructorParameters<typeof HttpBackend>[0] = {}) {
  const server = serve();
  url = server.url;
  return { backend: new HttpBackend(options), close: server.close };
}

testBackend({
  name: "http",
  open,
  good: () => ({ kind: "http", url: `${url || "http://127.0.0.1:1"}/double` }),
  bad: [
    [{ kind: "http" }, "/url"],
    [{ kind: "http", url: "ftp://x" }, "/url"],
    [{ kind: "http", url: "http://user:secret@x/" }, "/url"],
    [{ kind: "http", url: "http://x", method: "GET" }, "/method"],
    [{ kind: "http", url: "http://x", headers: { "a b": "c" } }, "/headers/a b"],
    [{ kind: "http", url: "http://x", headers: { a: { env: "NOT_SET" } } }, "/headers/a"],
    [{ kind: "http", url: "http://x", request: { deep: ["$input.["] } }, "/request/deep/0"],
    [{ kind: "http", url: "http://x", response: "a.[" }, "/response"],
    [{ kind: "http", url: "http://x", response: 5 }, "/response"],
    [{ kind: "http", url: "http://x", retries: 5 }, "/retries"],
  ],
  input: { value: 4 },
  output: { value: 8 },
  slow: () => ({ kind: "http", url: `${url}/hang` }),
  failing: {
    reference: () => ({ kind: "http", url: `${url}/400` }),
    input: {},
    code: "backend_rejected",
    retry: false,
  },
});

async function runAt(
  path: string,
  settings: Record<string, unknown> = {},
  options: ConstructorParameters<typeof HttpBackend>[0] = {},
  input: unknown = {},
): Promise<BackendResult> {
  const { backend, close } = open(options);
  try {
    return await backend.run(callOf({ kind: "http", url: url + path, ...settings }, input));
  } finally {
    await backend[Symbol.asyncDispose]();
    await close();
  }
}

const ENDS: readonly [string, string, boolean][] = [
  ["/500", "backend_failed", true],
  ["/429", "backend_failed", true],
  ["/400", "backend_rejected", false],
  ["/garbage", "backend_bad_response", true],
  ["/redirect", "backend_redirected", false],
  ["/huge", "backend_response_too_large", false],
];
for (const [path, code, retry] of ENDS) {
  Deno.test(`an http backend's ${path} ends as ${code}`, async () => {
    const result = await runAt(path, {}, { maxResponseBytes: 100_000 });
    assert(!result.ok);
    assertEquals([result.error.code, result.retry], [code, retry]);
  });
}

Deno.test("an http backend that nobody serves may be tried again, and its URL is not told", async () => {
  const backend = new HttpBackend();
  const secret = "http://127.0.0.1:1/token-abc";
  const result = await backend.run(callOf({ kind: "http", url: secret }, {}));
  assert(!result.ok && result.retry);
  assertEquals(result.error.code, "backend_unreachable");
  assert(!result.error.message.includes("token-abc"), result.error.message);
  await backend[Symbol.asyncDispose]();
});

Deno.test("an answer that breaks off may be tried again", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    const half = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"value": 1';
    await connection.write(new TextEncoder().encode(half));
    connection.close();
  })();
  const backend = new HttpBackend();
  const address = `http://127.0.0.1:${listener.addr.port}/`;
  const result = await backend.run(callOf({ kind: "http", url: address }, {}));
  assert(!result.ok && result.retry);
  assertEquals(result.error.code, "backend_bad_response");
  await serving;
  listener.close();
  await backend[Symbol.asyncDispose]();
});

Deno.test("a body that never ends is stopped by the signal", async () => {
  const { backend, close } = open();
  const stop = new AbortController();
  const running = backend.run(callOf({ kind: "http", url: `${url}/slow-body` }, {}, stop.signal));
  setTimeout(() => stop.abort(), 80);
  assertEquals((await running).ok, false);
  await backend[Symbol.asyncDispose]();
  await close();
});

Deno.test("request and response are mapped, and the delivery is told", async () => {
  const settings = {
    method: "PUT",
    headers: { "x-team": "adme", authorization: { env: "BACKEND_TOKEN" } },
    request: { mol: "$input.smiles", id: "$job.id", price: "$$5", list: ["$input.n", null, 2] },
  };
  const options = {
    environment: (name: string) => name === "BACKEND_TOKEN" ? "Bearer t" : undefined,
  };
  const result = await runAt("/seen", settings, options, { smiles: "CCO", n: 3 });
  assert(result.ok);
  const seen = result.output as { method: string; headers: Record<string, string>; body: unknown };
  const id = "01a1fb3a-52b2-88a9-8100-0abc851cdae3";
  assertEquals(seen.method, "PUT");
  assertEquals(seen.body, { mol: "CCO", id, price: "$5", list: [3, null, 2] });
  assertEquals([seen.headers["x-team"], seen.headers.authorization], ["adme", "Bearer t"]);
  assertEquals(seen.headers["idempotency-key"], `${id}:1`);
  assert(seen.headers.traceparent!.startsWith("00-0af"));
});

Deno.test("a response is picked by JMESPath or by JSON Pointer", async () => {
  for (const response of ['a."b/c"[0].score', "/a/b~1c/0/score"]) {
    assertEquals(await runAt("/nested", { response }), { ok: true, output: 7 });
  }
  const nothing = await runAt("/nested", { response: "/a/nothing" });
  assert(!nothing.ok);
  assertEquals(nothing.error.code, "backend_bad_response");
});

Deno.test("an operator's list of hosts binds", () => {
  const backend = new HttpBackend({ allowedHosts: ["models.example.com", "10.0.0.5:8000"] });
  const check = (address: string) => backend.check({ kind: "http", url: address }).length;
  assertEquals(check("https://models.example.com/x"), 0);
  assertEquals(check("http://10.0.0.5:8000/x"), 0);
  assertEquals(check("http://10.0.0.5/x"), 1);
  assertEquals(check("https://models.example.com.evil.org/"), 1);
});
