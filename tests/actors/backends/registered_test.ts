import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { callOf, testBackend } from "../../contracts/backend_contract.ts";
import { eventually } from "../../contracts/job_queue_store.ts";
import { ModelServer } from "./model_server.ts";
import { endOf, RegisteredBench } from "./registered_bench.ts";

/** Addresses where nobody listens any more. */
function nobody(): string {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return `http://127.0.0.1:${listener.addr.port}`;
}

const SAFE = { safeToRepeat: true };

async function times<T>(count: number, body: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(await body());
  return all;
}

testBackend({
  name: "registered",
  async open() {
    const bench = await RegisteredBench.open();
    const [quick, slow] = [bench.server(), bench.server()];
    slow.conduct = "hang";
    for (const [name, server] of [["quick", quick], ["slow", slow]] as const) {
      const value = { kind: "http", instances: [{ url: server.url }] };
      await bench.registry.setDocument("user:root", "backend", name, value);
    }
    await bench.catalog.refresh();
    return { backend: bench.backend, close: () => bench[Symbol.asyncDispose]() };
  },
  good: () => ({ kind: "registered", backend: "Quick", path: "/score/{model}", model: "esol" }),
  bad: [
    [{ kind: "registered" }, "/backend"],
    [{ kind: "registered", backend: "nobody" }, "/backend"],
    [{ kind: "registered", backend: "quick", url: "http://x" }, "/url"],
    [{ kind: "registered", backend: "quick", headers: {} }, "/headers"],
    [{ kind: "registered", backend: "quick", path: "/a/../../b" }, "/path"],
    [{ kind: "registered", backend: "quick", path: "/%2E./b" }, "/path"],
    [{ kind: "registered", backend: "quick", path: "{model}", model: ".." }, "/model"],
    [{ kind: "registered", backend: "quick", path: "/a b" }, "/path"],
    [{ kind: "registered", backend: "quick", model: 4 }, "/model"],
    [{ kind: "registered", backend: "quick", safeToRepeat: 1 }, "/safeToRepeat"],
    [{ kind: "registered", backend: "quick", retries: 1 }, "/retries"],
  ],
  input: { value: 4 },
  output: { value: 4 },
  slow: () => ({ kind: "registered", backend: "slow" }),
  failing: {
    reference: () => ({ kind: "registered", backend: "nobody" }),
    input: {},
    code: "backend_unavailable",
    retry: true,
  },
});

Deno.test("calls are shared out by weight, over all versions that name the backend", async () => {
  await using bench = await RegisteredBench.open();
  const servers = [bench.server(), bench.server(), bench.server()];
  await bench.register([], {
    instances: servers.map(({ url }, i) => ({ url, weight: i + 1 })),
  });
  let call = 0;
  await times(60, () => bench.call({ path: `/v${++call % 7}` }));
  assertEquals(servers.map(({ calls }) => calls.length), [10, 20, 30]);
});

Deno.test("an instance that dies loses no call, and is left alone until its time is up", async () => {
  await using bench = await RegisteredBench.open();
  const [dying, other] = [bench.server(), bench.server()];
  await bench.register([dying, other], { circuitBreaker: { failures: 2, openSeconds: 30 } });
  assertEquals((await times(4, () => bench.call(SAFE))).map(endOf), Array(4).fill("ok"));
  await dying.die();
  assertEquals((await times(20, () => bench.call(SAFE))).map(endOf), Array(20).fill("ok"));
  assertEquals([dying.calls.length, other.calls.length], [2, 22]);
  assertEquals(bench.standing(), ["open", "closed"]);
  assert(bench.backend.answers({ kind: "registered", backend: "pool" }));
});

Deno.test("a call that never left goes to another instance, safe to repeat or not", async () => {
  await using bench = await RegisteredBench.open();
  const alive = bench.server();
  await bench.register([nobody(), alive], { circuitBreaker: { failures: 100 } });
  assertEquals((await times(6, () => bench.call())).map(endOf), Array(6).fill("ok"));
  assertEquals(alive.calls.length, 6);
  await bench.register([nobody(), nobody()]);
  const result = await bench.call();
  assert(!result.ok && result.retry);
  assertEquals(result.error.code, "backend_unreachable");
});

Deno.test("a host that nobody knows is a clear failure that tells no address", async () => {
  await using bench = await RegisteredBench.open();
  await bench.register(["http://no-such-host.invalid:8000/secret-path"]);
  const result = await bench.call();
  assert(!result.ok && result.retry);
  assertEquals(result.error.code, "backend_unreachable");
  assert(result.error.message.startsWith("the backend could not be reached: "));
  assert(!result.error.message.includes("secret-path"), result.error.message);
});

Deno.test("what may have run is asked of another only where the version says that is safe", async () => {
  await using bench = await RegisteredBench.open();
  const [failing, other] = [bench.server(), bench.server()];
  failing.conduct = "fail";
  await bench.register([failing, other], { circuitBreaker: { failures: 100 } });
  assertEquals((await times(6, () => bench.call())).map(endOf), [
    ...["backend_failed", "ok", "backend_failed", "ok", "backend_failed", "ok"],
  ]);
  assertEquals(other.calls.length, 3);
  assertEquals((await times(6, () => bench.call(SAFE))).map(endOf), Array(6).fill("ok"));
  // A refusal of the input is the same everywhere: nobody else is asked.
  failing.conduct = "answer";
  failing.answer = () => ({});
  const refused = await times(2, () => bench.call({ ...SAFE, response: "n" }));
  assertEquals(refused.map(endOf).sort(), ["backend_bad_response", "ok"]);
});

Deno.test("a circuit opens for its instance alone, and one call tries whether it is well", async () => {
  await using bench = await RegisteredBench.open();
  const [failing, other] = [bench.server(), bench.server()];
  failing.conduct = "fail";
  await bench.register([failing, other], { circuitBreaker: { failures: 2, openSeconds: 10 } });
  await times(4, () => bench.call());
  assertEquals(bench.standing(), ["open", "closed"]);
  assertEquals((await times(10, () => bench.call())).map(endOf), Array(10).fill("ok"));
  assertEquals(failing.calls.length, 2);

  bench.now += 10_000;
  await times(10, () => bench.call());
  assertEquals([failing.calls.length, bench.standing()], [3, ["open", "closed"]]);

  failing.release();
  bench.now += 10_000;
  await times(10, () => bench.call());
  assertEquals(bench.standing(), ["closed", "closed"]);
  assert(failing.calls.length >= 7, `${failing.calls.length} calls`);
});

Deno.test("with every circuit open there is no call, and routes hear of it", async () => {
  await using bench = await RegisteredBench.open();
  const server = bench.server();
  server.conduct = "fail";
  await bench.register([server], { circuitBreaker: { failures: 1, openSeconds: 10 } });
  assertEquals((await times(3, () => bench.call())).map(endOf), [
    "backend_failed",
    "backend_unavailable",
    "backend_unavailable",
  ]);
  assertEquals(server.calls.length, 1);
  assert(!bench.backend.answers({ kind: "registered", backend: "pool" }));
  bench.now += 10_000;
  assert(bench.backend.answers({ kind: "registered", backend: "pool" }));
});

Deno.test("least in flight leaves a slow instance alone", async () => {
  await using bench = await RegisteredBench.open();
  const [slow, quick] = [bench.server(), bench.server()];
  slow.conduct = "hang";
  await bench.register([slow, quick], { balance: "least_in_flight" });
  const hanging = bench.call();
  await eventually(() => Promise.resolve(slow.inFlight === 1), "a call on the slow one");
  await times(10, () => bench.call());
  assertEquals([slow.calls.length, quick.calls.length], [1, 10]);
  slow.release();
  assertEquals(endOf(await hanging), "ok");
});

Deno.test("a call that takes too long on one instance goes to another, if that is safe", async () => {
  await using bench = await RegisteredBench.open();
  const [slow, quick] = [bench.server(), bench.server()];
  slow.conduct = "hang";
  await bench.register([slow], { limits: { callSeconds: 0.2 } });
  const result = await bench.call();
  assert(!result.ok && result.retry);
  assertEquals(result.error.message, "the backend took longer than 0.2 s");
  // Far more than the quick one takes on a busy machine.
  await bench.register([slow, quick], { limits: { callSeconds: 2 } });
  assertEquals(endOf(await bench.call(SAFE)), "ok");
  assertEquals([slow.calls.length, quick.calls.length], [2, 1]);
});

Deno.test("a cancelled call ends and tells nothing of its instance", async () => {
  await using bench = await RegisteredBench.open();
  const server = bench.server();
  server.conduct = "hang";
  await bench.register([server], { circuitBreaker: { failures: 1 } });
  const stop = new AbortController();
  const running = bench.call(SAFE, stop.signal);
  await eventually(() => Promise.resolve(server.inFlight === 1), "a call under way");
  stop.abort();
  assert(!(await running).ok);
  assertEquals(bench.backend.states("pool"), [
    { url: server.url, circuit: "closed", well: true, inFlight: 0 },
  ]);
});

Deno.test("an instance whose checks fail gets no calls until they pass again", async () => {
  await using bench = await RegisteredBench.open();
  const [sick, other] = [bench.server(), bench.server()];
  await bench.register([sick, other], {
    health: { path: "/ready", intervalSeconds: 0.1, unhealthyAfter: 2, healthyAfter: 2 },
  });
  assertEquals((await times(2, () => bench.call())).map(endOf), ["ok", "ok"]);
  sick.well = false;
  await eventually(
    () => Promise.resolve(bench.standing()[0] === "sick"),
    "the sick one to be left alone",
  );
  const before = sick.calls.length;
  await times(10, () => bench.call());
  assertEquals([sick.calls.length - before, other.calls.length], [0, 11]);
  sick.well = true;
  await eventually(() => Promise.resolve(bench.standing()[0] === "closed"), "it to be well again");
  await times(10, () => bench.call());
  assert(sick.calls.length > before);
});

Deno.test("no more calls run at once than the backend takes, over all its versions", async () => {
  await using bench = await RegisteredBench.open();
  const servers = [bench.server(), bench.server()];
  await bench.register(servers, { limits: { concurrentCalls: 3 } });
  let most = 0;
  for (const server of servers) {
    server.answer = (body) => {
      most = Math.max(most, servers[0]!.inFlight + servers[1]!.inFlight);
      return body;
    };
  }
  const paths = Array.from({ length: 30 }, (_, i) => `/v${i % 3}`);
  const results = await Promise.all(paths.map((path) => bench.call({ path })));
  assertEquals(results.map(endOf), Array(30).fill("ok"));
  assertEquals(most, 3);
});

Deno.test("credentials come from the environment, a file or a mounted secret, and change at once", async () => {
  const folder = await Deno.makeTempDir();
  await using bench = await RegisteredBench.open({
    secrets: { folder, environment: (name) => name === "BACKEND_KEY" ? "from-env" : undefined },
  });
  const server = bench.server();
  const sent = async (credentials: Parameters<typeof bench.register>[1]) => {
    await bench.register([server], credentials);
    const result = await bench.call();
    assert(result.ok, JSON.stringify(result));
    const { headers } = server.calls.at(-1)!;
    return [headers.get("authorization"), headers.get("x-api-key")];
  };
  await Deno.mkdir(join(folder, "triton"));
  await Deno.writeTextFile(join(folder, "triton", "token"), "from-secret\n");
  const file = { from: { file: "triton/token" }, header: "X-Api-Key" };
  assertEquals(await sent({ credentials: { from: { env: "BACKEND_KEY" } } }), [
    "Bearer from-env",
    null,
  ]);
  assertEquals(
    await sent({ credentials: { from: { secret: "triton", key: "token" }, scheme: "Token" } }),
    ["Token from-secret", null],
  );
  assertEquals(await sent({ credentials: file }), [null, "from-secret"]);
  await Deno.writeTextFile(join(folder, "triton", "token"), "rotated");
  assertEquals(await sent({ credentials: file }), [null, "rotated"]);

  for (const from of [{ env: "OTHER" }, { file: "gone" }, { file: "../secret" }]) {
    const calls = server.calls.length;
    await bench.register([server], { credentials: { from } });
    const result = await bench.call();
    assert(!result.ok && result.retry);
    assertEquals([result.error.code, server.calls.length], ["backend_credentials_missing", calls]);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a change is in force with the next call; what is under way ends where it began", async () => {
  await using bench = await RegisteredBench.open();
  const [first, second] = [bench.server(), bench.server()];
  await bench.register([first]);
  first.conduct = "hang";
  const hanging = bench.call();
  await eventually(() => Promise.resolve(first.inFlight === 1), "a call on the first");
  await bench.register([second]);
  await times(3, () => bench.call());
  assertEquals([first.calls.length, second.calls.length], [1, 3]);
  first.release();
  assertEquals(endOf(await hanging), "ok");
  await bench.unregister();
  assertEquals(endOf(await bench.call()), "backend_unavailable");
  assertEquals(bench.backend.states("pool"), undefined);
});

Deno.test("a call that waited for its turn runs on the backend as it is by then", async () => {
  await using bench = await RegisteredBench.open();
  const [first, second] = [bench.server(), bench.server()];
  first.conduct = "hang";
  await bench.register([first], { limits: { concurrentCalls: 1 } });
  const [hanging, waiting] = [bench.call(), bench.call()];
  await eventually(() => Promise.resolve(first.inFlight === 1), "a call on the first");
  await bench.register([second], { limits: { concurrentCalls: 1 } });
  first.release();
  assertEquals([endOf(await hanging), endOf(await waiting)], ["ok", "ok"]);
  assertEquals([first.calls.length, second.calls.length], [1, 1]);
});

Deno.test("each kind of service is called with the model's name on it", async () => {
  await using bench = await RegisteredBench.open();
  const server = bench.server();
  const tensor = { name: "x", datatype: "FP64", shape: [1], data: [2] };
  server.answer = () => ({ outputs: [tensor], predictions: [2] });
  const inputs = [{ name: "x", datatype: "FP64" }];
  const settings = [
    ["open_inference", { model: "log p", inputs }, "/v2/models/log%20p/infer"],
    ["mlflow", { model: "logp", path: "/served/{model}" }, "/served/logp/invocations"],
    ["http", { model: "logp", path: "/score?model={model}" }, "/score?model=logp"],
  ] as const;
  for (const [kind, own, path] of settings) {
    await bench.register([server], { kind });
    const reference = { kind: "registered", backend: "pool", ...own };
    assertEquals(bench.backend.check(reference), []);
    const result = await bench.backend.run(callOf(reference, { x: 2 }));
    assert(result.ok, JSON.stringify(result));
    assertEquals(server.calls.at(-1)!.path, path);
  }
});

Deno.test("what is disposed of checks no instance any more", async () => {
  const server = new ModelServer();
  const bench = await RegisteredBench.open();
  await bench.register([server], { health: { path: "/ready", intervalSeconds: 0.1 } });
  await bench.call();
  await bench[Symbol.asyncDispose]();
  await server.die();
});
