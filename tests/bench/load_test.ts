/** The users of the load test, over both kinds of connections, against servers that misbehave. */
import { assert, assertEquals } from "@std/assert";
import { Agenda } from "../../bench/load/agenda.ts";
import { answerOf } from "../../bench/load/answer.ts";
import { type Share, START, type Tally } from "../../bench/load/plan.ts";
import { epollPossible } from "../../bench/load/sockets/epoll.ts";
import { canCertify, makeCertificates } from "../services/certificates.ts";
import { freePort } from "../services/free_port.ts";
import type { Availability } from "../services/programs.ts";
import { testWhere } from "../services/shared.ts";

const HOST = "127.0.0.1";
const USERS = new URL("../../bench/load/users.ts", import.meta.url).pathname;
/** Which connections the users have is a matter of what they are allowed. */
const KINDS: readonly [name: string, permissions: readonly string[], can: Availability][] = [
  ["streams", ["--allow-net"], { available: true }],
  [
    "epoll",
    ["--allow-net", "--allow-ffi"],
    epollPossible({ hostname: HOST, port: 1, tls: false })
      ? { available: true }
      : { available: false, reason: "only on Linux, with foreign calls allowed" },
  ],
];
const ACCEPTED = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";

function share(port: number, users: number, plan: Partial<Share["plan"]> = {}): Share {
  return {
    plan: {
      scenario: "submit",
      users,
      think: 0.01,
      seconds: 0.4,
      warmSeconds: 0,
      timeoutSeconds: 10,
      ...plan,
    },
    target: { url: `http://${HOST}:${port}`, headers: {}, model: "m", input: 1, jobs: [] },
    users,
    address: HOST,
    port,
    arrivalsPerSecond: 10_000,
  };
}

/** Lets a process of users live; answers its last tally. */
async function live(
  of: Share,
  permissions: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Tally> {
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...permissions, USERS],
    env,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const say = (line: string) => writer.write(new TextEncoder().encode(`${line}\n`));
  await say(JSON.stringify(of));
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (text === "") await say(START);
    text += piece;
  }
  await writer.close().catch(() => {}); // It has ended.
  const tallies = text.trim().split("\n").map((line) => JSON.parse(line) as Tally);
  assertEquals(tallies[0]?.kind, "arrived");
  assertEquals(tallies.at(-1)!.kind, "end");
  return tallies.at(-1)!;
}

/** A server that answers each request's text with what `answer` writes. */
function serve(
  answer: (connection: Deno.Conn, request: string) => Promise<void>,
  listener: Deno.Listener = Deno.listen({ hostname: HOST, port: 0 }),
): Deno.Listener {
  void (async () => {
    for await (const connection of listener) void talk(connection, answer);
  })();
  return listener;
}

async function talk(
  connection: Deno.Conn,
  answer: (connection: Deno.Conn, request: string) => Promise<void>,
): Promise<void> {
  try {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      await answer(connection, new TextDecoder().decode(buffer.subarray(0, count)));
    }
  } catch {
    // The user has gone.
  }
  try {
    connection.close();
  } catch {
    // The answer was that.
  }
}

function portOf(listener: Deno.Listener): number {
  return (listener.addr as Deno.NetAddr).port;
}

const write = (connection: Deno.Conn, text: string) =>
  connection.write(new TextEncoder().encode(text));

for (const [name, permissions, can] of KINDS) {
  const test = (what: string, run: () => Promise<void>) =>
    testWhere(can, `load, ${name}: ${what}`, run);

  test("each user asks over and over, and every good answer counts", async () => {
    const waiting = new Set<Deno.Conn>();
    using server = serve(async (connection, request) => {
      assert(!waiting.has(connection), "one request at a time");
      waiting.add(connection);
      assert(request.startsWith("POST /v1/jobs HTTP/1.1\r\n"), request);
      await new Promise((resolve) => setTimeout(resolve, 5));
      waiting.delete(connection);
      await write(connection, ACCEPTED);
    });
    const { ended, succeeded, failures, latencies } = await live(
      share(portOf(server), 20),
      permissions,
    );
    assertEquals([ended, failures], [succeeded, {}]);
    assert(succeeded > 20, `${succeeded} answers for 20 users`);
    assert(latencies?.submit);
  });

  test("an answer in pieces is one answer", async () => {
    using server = serve(async (connection) => {
      for (const piece of ["HTTP/1.1 202 Acc", "epted\r\ncontent-le", "ngth: 4\r\n\r\n{", "  }"]) {
        await write(connection, piece);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    });
    const { succeeded, failures } = await live(share(portOf(server), 3), permissions);
    assert(succeeded > 0);
    assertEquals(failures, {});
  });

  test("a request that the network takes in pieces arrives whole", async () => {
    const input = "x".repeat(8_000_000);
    let [asked, received] = [0, 0];
    using server = serve(async (connection, text) => {
      received += text.length;
      if (text.includes("POST ")) asked++;
      if (text.endsWith('"}')) await write(connection, ACCEPTED);
    });
    const big = share(portOf(server), 1, { seconds: 0.2 });
    const { succeeded, failures } = await live(
      { ...big, target: { ...big.target, input } },
      permissions,
    );
    assert(succeeded > 0);
    assertEquals([asked, failures], [succeeded, {}]);
    assert(received > succeeded * input.length);
  });

  test("refusals are counted by their status", async () => {
    using server = serve(async (connection) => {
      await write(connection, "HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n");
    });
    const { ended, succeeded, failures } = await live(share(portOf(server), 5), permissions);
    assert(ended > 0);
    assertEquals([succeeded, failures], [0, { "status 503": ended }]);
  });

  test("broken connections are failures, and their users come back", async () => {
    let broken = 0;
    using server = serve(async (connection) => {
      if (broken++ < 5) connection.close();
      else await write(connection, ACCEPTED);
    });
    const plan = { seconds: 1.5 };
    const { succeeded, failures } = await live(share(portOf(server), 5, plan), permissions);
    assertEquals(failures, { reset: 5 });
    assert(succeeded > 0);
  });

  test("silence is a timeout, and what cannot be read is garbled", async () => {
    using silent = serve(async () => {});
    const plan = { timeoutSeconds: 0.1, seconds: 0.5 };
    assertEquals((await live(share(portOf(silent), 4, plan), permissions)).failures, {
      timeout: 4,
    });
    using garbling = serve(async (connection) => {
      await write(connection, "HTTP/1.1 202 Accepted\r\n\r\n");
    });
    assertEquals((await live(share(portOf(garbling), 4), permissions)).failures, { garbled: 4 });
  });

  test("who is refused a connection has failed once the time counts", async () => {
    const port = freePort();
    using listener = Deno.listen({ hostname: HOST, port });
    const of = share(port, 3, { seconds: 0.3 });
    const crowd = live(of, permissions);
    const connections = [];
    for (let n = 0; n < 3; n++) connections.push(await listener.accept());
    listener.close();
    for (const connection of connections) connection.close();
    const { ended, succeeded, failures } = await crowd;
    assert(ended >= 3);
    assertEquals(succeeded, 0);
    assertEquals(Object.keys(failures).filter((kind) => kind !== "reset"), ["refused"]);
  });
}

testWhere(await canCertify(), "load: users of an https address have TLS", async () => {
  await using made = await makeCertificates();
  const [cert, key] = [
    await Deno.readTextFile(made.certificate),
    await Deno.readTextFile(made.key),
  ];
  using server = serve(
    async (connection) => void await write(connection, ACCEPTED),
    Deno.listenTls({ hostname: HOST, port: 0, cert, key }),
  );
  const of = share(portOf(server), 3);
  const { succeeded, failures } = await live(
    { ...of, target: { ...of.target, url: `https://${HOST}:${of.port}` } },
    ["--allow-net", "--allow-ffi"],
    { DENO_CERT: made.authority },
  );
  assert(succeeded > 0);
  assertEquals(failures, {});
});

Deno.test("load: the agenda names users in the order of their times, each once", () => {
  const agenda = new Agenda(100.5);
  agenda.add(1, 107.2);
  agenda.add(2, 103);
  agenda.add(3, 50);
  assertEquals(agenda.wait(101, 20), 0);
  assertEquals([...agenda.due(101)], [3]);
  assertEquals(agenda.wait(101.25, 20), 1.75);
  assertEquals(agenda.wait(101.25, 1), 1);
  assertEquals([...agenda.due(120)], [2, 1]);
  agenda.add(4, 110);
  assertEquals([...agenda.due(120)], [], "what is late waits for the next millisecond");
  assertEquals([...agenda.due(121)], [4]);
});

Deno.test("load: an answer is whole when its announced body is there", () => {
  const text = "HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: 3\r\n\r\nabc";
  assertEquals(answerOf(text), { status: 200, text });
  for (const cut of [1, 3, 4, 10, 30]) assertEquals(answerOf(text.slice(0, -cut)), undefined);
  assertEquals(answerOf("HTTP/1.1 200 OK\r\nx: y\r\n\r\n"), "garbled");
});
