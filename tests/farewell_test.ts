import { assert, assertEquals } from "@std/assert";
import { Farewell } from "../program/farewell.ts";

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n");

/** Asks on one connection until an answer says that it is the last; true if every request got one. */
async function askUntilLast(port: number, asked: () => void): Promise<boolean> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(4096);
  for (;;) {
    await connection.write(REQUEST);
    const length = await connection.read(buffer);
    if (length === null) return false;
    asked();
    const answer = new TextDecoder().decode(buffer.subarray(0, length));
    if (/^connection: close\r$/im.test(answer)) return answer.startsWith("HTTP/1.1 200");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("a server that goes loses no request of those that keep their connections", async () => {
  const farewell = new Farewell();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    farewell.wrap(() => new Response("here")),
  );
  let asked = 0;
  const begun = Promise.withResolvers<void>();
  const clients = Array.from(
    { length: 20 },
    () =>
      askUntilLast(server.addr.port, () => {
        if (++asked === 100) begun.resolve();
      }),
  );
  await begun.promise;
  await farewell.leave(60_000);
  await server.shutdown();
  assertEquals(await Promise.all(clients), clients.map(() => true));
  assert(asked >= 100);
});

Deno.test("a server that nobody asks goes at once, and one that is asked for ever goes in the end", async () => {
  await new Farewell().leave(60_000);
  const farewell = new Farewell();
  const handler = farewell.wrap(() => new Response(null, { status: 204 }));
  const info = { remoteAddr: {}, completed: Promise.resolve() } as Deno.ServeHandlerInfo;
  let gone = false;
  await handler(new Request("http://x"), info);
  const left = farewell.leave(400).then(() => gone = true);
  while (!gone) {
    const { status, headers } = await handler(new Request("http://x"), info);
    assertEquals([status, headers.get("connection")], [204, "close"]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await left;
});
