import { assertEquals } from "@std/assert";
import { eventually } from "./contracts/job_queue_store.ts";
import { Client, Program } from "./faults/program.ts";
import { startPostgres } from "./services/postgres.ts";
import { startSingleRedis } from "./services/redis.ts";
import { canStart, testWhere } from "./services/shared.ts";
import { type Span, SpanReceiver } from "./span_receiver.ts";

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;

/** A model's service, which remembers the trace contexts that it was called with. */
function startService(seen: (string | null)[]): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    seen.push(request.headers.get("traceparent"));
    return Response.json(request.url.endsWith("/fail") ? null : { ok: true }, {
      status: request.url.endsWith("/fail") ? 422 : 200,
    });
  });
}

/** Submits a job in a trace of its own and answers the spans of the trace, by their kinds. */
async function tracedJob(
  client: Client,
  receiver: SpanReceiver,
  model: string,
): Promise<{ readonly traceId: string; readonly caller: string; readonly byKind: Span[][] }> {
  const traceId = crypto.randomUUID().replaceAll("-", "");
  const caller = "b7ad6b7169203331";
  const url = client.urls()[0]!;
  const response = await fetch(`${url}/v1/models/${model}/predict`, {
    method: "POST",
    headers: {
      authorization: "Bearer mgk_test_admin_key_0123456789",
      "content-type": "application/json",
      traceparent: `00-${traceId}-${caller}-01`,
    },
    body: JSON.stringify({ input: {} }),
  });
  await response.body?.cancel();
  const kinds = [SERVER, PRODUCER, CONSUMER, CLIENT];
  const byKind = await eventually(() => {
    const found = kinds.map((kind) => receiver.trace(traceId).filter((span) => span.kind === kind));
    return Promise.resolve(found.every((spans) => spans.length > 0) && found);
  }, "spans of all kinds");
  return { traceId, caller, byKind };
}

async function checkTrace(client: Client, receiver: SpanReceiver) {
  const seen: (string | null)[] = [];
  await using service = startService(seen);
  const at = `http://127.0.0.1:${service.addr.port}`;
  await client.register("traced", { kind: "http", url: `${at}/` });
  await client.register("refused", { kind: "http", url: `${at}/fail` });

  const { traceId, caller, byKind } = await tracedJob(client, receiver, "traced");
  const [[server], [producer], [consumer], [call]] = byKind as [[Span], [Span], [Span], [Span]];
  assertEquals(byKind.map((spans) => spans.length), [1, 1, 1, 1]);
  assertEquals([server.name, server.attributes["http.route"]], [
    "POST /v1/models/:model/predict",
    "/v1/models/:model/predict",
  ]);
  assertEquals([producer.name, consumer.name], ["send traced", "process traced"]);
  assertEquals(
    [server, producer, consumer, call].map((span) => span.parentSpanId),
    [caller, server.spanId, producer.spanId, consumer.spanId],
  );
  assertEquals(seen, [`00-${traceId}-${call.spanId}-01`]);
  const { attributes } = consumer;
  assertEquals(attributes["mg.job.id"], producer.attributes["mg.job.id"]);
  assertEquals(
    ["mg.model", "mg.version", "mg.job.outcome"].map((name) => attributes[name]),
    ["traced", "1", "completed"],
  );

  const failed = await tracedJob(client, receiver, "refused");
  const process = failed.byKind[2]![0]!;
  assertEquals([process.attributes["mg.job.outcome"], process.status?.code], ["failed", 2]);
}

Deno.test("a job on the embedded default is one trace, from the caller to the backend", async () => {
  const data = await Deno.makeTempDir();
  try {
    await using receiver = new SpanReceiver();
    await using program = await Program.start(["--data", data], receiver.environment);
    await checkTrace(new Client(() => [program.url]), receiver);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

const [redisCan, postgresCan] = [await canStart("redis"), await canStart("postgres")];

testWhere(
  redisCan.available ? postgresCan : redisCan,
  "a job over processes of their own is one trace, from the caller to the backend",
  async () => {
    await using redis = await startSingleRedis();
    await using postgres = await startPostgres();
    await using receiver = new SpanReceiver();
    const env = { REDIS_URL: redis.url, DATABASE_URL: postgres.url, ...receiver.environment };
    await using stack = new AsyncDisposableStack();
    const gateway = stack.use(await Program.start(["--role", "gateway"], env));
    stack.use(await Program.start(["--role", "worker"], env));
    await checkTrace(new Client(() => [gateway.url]), receiver);
  },
);
