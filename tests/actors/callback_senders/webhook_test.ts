import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { Webhook } from "standardwebhooks";
import { WebhookSender } from "../../../actors/callback_senders/webhook.ts";
import type { Job } from "../../../actors/job.ts";
import { newJobId } from "../../../actors/job_id.ts";
import type { Delivery } from "../../../actors/job_queue.ts";

const KEY = `whsec_${btoa("0123456789abcdefghijklmn")}`;
const OLD_KEY = `whsec_${btoa("nmlkjihgfedcba9876543210")}`;
const ID = newJobId(7);
const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const NEVER = new AbortController().signal;

function delivery(url: string, changes: Partial<Delivery> = {}): Delivery {
  return {
    id: `${ID}.1`,
    jobId: ID,
    url,
    type: "completed",
    at: AT,
    data: {},
    state: "due",
    attempts: [],
    ...changes,
  };
}

function job(changes: Partial<Job> = {}): Job {
  return {
    id: ID,
    model: "esol",
    version: "1.0",
    lane: "batch",
    state: "completed",
    submitter: "user:ada",
    input: '{"smiles":"CCO"}',
    limits: {
      maxAttempts: 3,
      runTimeoutSeconds: 1,
      queueTimeoutSeconds: 1,
      retentionSeconds: 1,
      backoffSeconds: 1,
      maxBackoffSeconds: 1,
    },
    attempt: 1,
    stalls: 0,
    submittedAt: AT - 10,
    result: '{"value":-0.24,"units":"log mol/l"}',
    deadLettered: false,
    cancelRequested: false,
    history: [{ state: "queued", at: AT - 10, attempt: 0 }],
    ...changes,
  };
}

interface Received {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A receiver that keeps what it gets and answers as it is told to. */
function receiver(answer: (request: Request) => Response | Promise<Response>) {
  const received: Received[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    received.push({
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
    return await answer(request);
  });
  const { port } = server.addr;
  return {
    url: `http://127.0.0.1:${port}/hook?x=1`,
    port,
    received,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A server below HTTP: what it is sent is read away; `talk` does the rest. */
function rawServer(talk: (connection: Deno.Conn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const talks: Promise<void>[] = [];
  const open = new Set<Deno.Conn>();
  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      talks.push(talk(connection).catch(() => {}));
    }
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // It has been closed by its talk.
        }
      }
      await accepting;
      await Promise.all(talks);
    },
  };
}

async function say(connection: Deno.Conn, text: string): Promise<void> {
  await connection.read(new Uint8Array(65_536));
  await connection.write(new TextEncoder().encode(text));
}

function sender(changes: Partial<ConstructorParameters<typeof WebhookSender>[0]> = {}) {
  return new WebhookSender({ keys: [KEY], allowPrivate: true, ...changes });
}

Deno.test("a callback is a CloudEvent that the standard library of Standard Webhooks verifies", async () => {
  await using target = receiver(() => new Response(null, { status: 204 }));
  const result = await sender().send(delivery(target.url), job(), NEVER);
  assertEquals({ ...result, tookMs: 0 }, { ok: true, status: 204, tookMs: 0 });
  const { method, headers, body } = target.received[0]!;
  assertEquals(method, "POST");
  assertEquals(headers["content-type"], "application/cloudevents+json");
  assertEquals(headers["webhook-id"], `${ID}.1`);
  assertEquals(new Webhook(KEY).verify(body, headers), {
    specversion: "1.0",
    id: `${ID}.1`,
    source: "model-gateway",
    type: "org.modelgateway.job.completed",
    subject: ID,
    time: "2026-01-02T03:04:05.678Z",
    datacontenttype: "application/json",
    data: {
      job: ID,
      model: "esol",
      version: "1.0",
      status: "completed",
      resultUrl: `/v1/jobs/${ID}/result`,
      result: { value: -0.24, units: "log mol/l" },
    },
  });
});

Deno.test("a receiver verifies with the new key or with the old one while keys are rotated, and with no other", async () => {
  await using target = receiver(() => new Response());
  await sender({ keys: [KEY, OLD_KEY] }).send(delivery(target.url), job(), NEVER);
  const { headers, body } = target.received[0]!;
  assertMatch(headers["webhook-signature"]!, /^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
  new Webhook(KEY).verify(body, headers);
  new Webhook(OLD_KEY).verify(body, headers);
  const other = `whsec_${btoa("another key, not known here")}`;
  assertThrows(() => new Webhook(other).verify(body, headers));
  assertThrows(() => new Webhook(KEY).verify(body.replace("esol", "evil"), headers));
  assertThrows(() => new Webhook(KEY).verify(body, { ...headers, "webhook-id": "else" }));
});

Deno.test("a retry has the same id and the same bytes, under a new timestamp", async () => {
  await using target = receiver(() => new Response(null, { status: 500 }));
  let now = Date.now() - 60_000;
  const retrying = sender({ now: () => now });
  const first = delivery(target.url, { type: "failed" });
  const error = { code: "invalid_input", message: "no such atom" };
  const failed = job({
    state: "failed",
    error,
    result: undefined,
    history: [{ state: "failed", at: AT - 1, attempt: 1, error }],
  });
  await retrying.send(first, failed, NEVER);
  now += 30_000;
  // Since then it was put back from the dead letters and has failed anew.
  const again = { code: "run_timeout", message: "too slow" };
  await retrying.send({ ...first, attempts: [{ at: now, tookMs: 1, status: 500 }] }, {
    ...failed,
    error: again,
    history: [...failed.history, { state: "failed", at: AT + 60_000, attempt: 1, error: again }],
  }, NEVER);
  const [one, two] = target.received;
  assertEquals(one!.body, two!.body);
  assertEquals(JSON.parse(one!.body).data.error, error);
  assertEquals(one!.headers["webhook-id"], two!.headers["webhook-id"]);
  assertEquals(
    Number(two!.headers["webhook-timestamp"]) - Number(one!.headers["webhook-timestamp"]),
    30,
  );
});

Deno.test("each kind of event says what it is about, whatever has become of the job since", async (t) => {
  await using target = receiver(() => new Response());
  const error = { code: "backend_error", message: "HTTP 500" };
  const base = { job: ID, model: "esol", version: "1.0" };
  const cases: [Partial<Delivery>, Partial<Job>, Record<string, unknown>][] = [
    [{ type: "started" }, {}, { ...base, status: "running" }],
    [{ type: "progress", data: { fraction: 0.5, message: "half" } }, {}, {
      ...base,
      status: "running",
      progress: { fraction: 0.5, message: "half" },
    }],
    [{ type: "retrying", data: { ...error } }, {}, { ...base, status: "retrying", error }],
    [{ type: "cancelled" }, { state: "cancelled" }, { ...base, status: "cancelled" }],
    [{ type: "expired" }, { state: "expired", error }, { ...base, status: "expired", error }],
    [{ type: "completed" }, { result: JSON.stringify("x".repeat(20_000)) }, {
      ...base,
      status: "completed",
      resultUrl: `/v1/jobs/${ID}/result`,
    }],
  ];
  for (const [event, record, expected] of cases) {
    await t.step(event.type!, async () => {
      await sender().send(delivery(target.url, event), job(record), NEVER);
      const told = JSON.parse(target.received.at(-1)!.body);
      assertEquals(told.type, `org.modelgateway.job.${event.type}`);
      assertEquals(told.data, expected);
    });
  }
});

Deno.test("a job past its retention is still told of", async () => {
  await using target = receiver(() => new Response());
  assert((await sender().send(delivery(target.url), undefined, NEVER)).ok);
  assertEquals(JSON.parse(target.received[0]!.body).data, {
    job: ID,
    status: "completed",
    resultUrl: `/v1/jobs/${ID}/result`,
  });
});

Deno.test("the answer decides: 2xx is taken, 410 ends it, 429 and 503 may ask for a pause", async (t) => {
  const now = Date.UTC(2026, 0, 1);
  const cases: [number, Record<string, string>, Record<string, unknown>][] = [
    [200, {}, { ok: true }],
    [202, {}, { ok: true }],
    [410, {}, { ok: false, gone: true }],
    [500, { "retry-after": "7" }, { ok: false }],
    [404, {}, { ok: false }],
    [429, { "retry-after": "7" }, { ok: false, retryAfterMs: 7_000 }],
    [503, { "retry-after": "Thu, 01 Jan 2026 00:02:00 GMT" }, { ok: false, retryAfterMs: 120_000 }],
    [503, { "retry-after": "9999999" }, { ok: false, retryAfterMs: 86_400_000 }],
    [503, { "retry-after": "soon" }, { ok: false }],
    [503, {}, { ok: false }],
  ];
  for (const [status, headers, expected] of cases) {
    await t.step(`${status} ${JSON.stringify(headers)}`, async () => {
      await using target = receiver(() => new Response(null, { status, headers }));
      const { tookMs, error, ...result } = await sender({ now: () => now })
        .send(delivery(target.url), job(), NEVER);
      assertEquals(result as Record<string, unknown>, { status, ...expected });
      assertEquals(error === undefined, result.ok);
      assert(tookMs >= 0);
    });
  }
});

Deno.test("a redirect is not followed", async () => {
  await using secret = receiver(() => new Response());
  await using target = receiver(() => Response.redirect(secret.url, 307));
  const result = await sender().send(delivery(target.url), job(), NEVER);
  assertEquals([result.ok, result.status], [false, 307]);
  assertStringIncludes(result.error!, "redirect");
  assertEquals(secret.received, []);
});

Deno.test("a receiver that takes the request and never answers is given up at the time limit", async () => {
  await using target = rawServer((connection) => say(connection, ""));
  const result = await sender({ timeoutMs: 100 }).send(delivery(target.url), job(), NEVER);
  assertEquals([result.ok, result.status], [false, undefined]);
  assertEquals(result.error, "no response within 100 ms");
});

Deno.test("a receiver that drips its headers is given up at the time limit", async () => {
  await using target = rawServer(async (connection) => {
    await say(connection, "HTTP/1.1 200 OK\r\n");
    for (;;) {
      await new Promise((wake) => setTimeout(wake, 20));
      await connection.write(new TextEncoder().encode("x: y\r\n"));
    }
  });
  const result = await sender({ timeoutMs: 150 }).send(delivery(target.url), job(), NEVER);
  assertEquals(result.error, "no response within 150 ms");
});

Deno.test("a status counts at once: a body that never ends is not waited for", async () => {
  let hungUp = () => {};
  const closed = new Promise<void>((done) => hungUp = done);
  await using target = rawServer(async (connection) => {
    await say(connection, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    const chunk = new TextEncoder().encode(`10000\r\n${"x".repeat(0x10000)}\r\n`);
    try {
      for (;;) await connection.write(chunk);
    } catch {
      hungUp();
    }
  });
  const result = await sender({ timeoutMs: 5_000 }).send(delivery(target.url), job(), NEVER);
  assertEquals([result.ok, result.status], [true, 200]);
  await closed;
});

Deno.test("what is not HTTP is a failed try", async (t) => {
  const endless = `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(50_000)}`;
  for (const garbage of ["\0\x01\x02 hello\r\n\r\n", "HTTP/9.9 what\r\n\r\n", endless, ""]) {
    await t.step(JSON.stringify(garbage.slice(0, 24)), async () => {
      await using target = rawServer(async (connection) => {
        await say(connection, garbage);
        connection.close();
      });
      const result = await sender({ timeoutMs: 5_000 }).send(delivery(target.url), job(), NEVER);
      assertEquals([result.ok, result.status], [false, undefined]);
      assert(result.error && !result.error.startsWith("no response"), result.error);
    });
  }
});

Deno.test("a refused connection is a failed try", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const result = await sender().send(delivery(`http://127.0.0.1:${port}/`), job(), NEVER);
  assertEquals([result.ok, result.status], [false, undefined]);
  assertMatch(result.error!, /refused/i);
});

Deno.test("a sender that is stopped ends its try at once", async () => {
  const stop = new AbortController();
  await using target = rawServer(async (connection) => {
    await say(connection, "");
    stop.abort(new Error("stopping"));
  });
  const result = await sender().send(delivery(target.url), job(), stop.signal);
  assertEquals([result.ok, result.error], [false, "stopping"]);
  const late = await sender().send(delivery(target.url), job(), stop.signal);
  assertEquals(late.error, "stopping");
});

Deno.test("private addresses are refused by number and by name, and nothing reaches them", async (t) => {
  await using target = receiver(() => new Response());
  const hosts = ["127.0.0.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost"];
  for (const host of [...hosts, "LocalHost", "169.254.169.254", "10.1.2.3", "[fe80::1]"]) {
    await t.step(host, async () => {
      const url = `http://${host}:${target.port}/`;
      const result = await sender({ allowPrivate: false }).send(delivery(url), job(), NEVER);
      assertEquals([result.ok, result.status], [false, undefined]);
      assertStringIncludes(result.error!, "not a public address");
    });
  }
  await t.step("over TLS", async () => {
    const url = `https://localhost:${target.port}/`;
    const result = await sender({ allowPrivate: false }).send(delivery(url), job(), NEVER);
    assertStringIncludes(result.error!, "not a public address");
  });
  assertEquals(target.received, []);
});

Deno.test("a name is allowed where private addresses are", async () => {
  await using target = receiver(() => new Response());
  const url = `http://localhost:${target.port}/`;
  assert((await sender().send(delivery(url), job(), NEVER)).ok);
});

Deno.test("without keys a callback is not signed", async () => {
  await using target = receiver(() => new Response());
  await sender({ keys: [] }).send(delivery(target.url), job(), NEVER);
  assertEquals(target.received[0]!.headers["webhook-signature"], undefined);
});

Deno.test("a malformed key is refused at the start", () => {
  assertThrows(() => sender({ keys: ["whsec_short"] }), TypeError, "whsec_");
  assertThrows(() => sender({ keys: [KEY.slice(6)] }), TypeError, "whsec_");
});
