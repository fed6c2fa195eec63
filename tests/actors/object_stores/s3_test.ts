import { assert, assertEquals, assertRejects } from "@std/assert";
import { request as httpRequest } from "node:http";
import { ObjectStoreUnavailable } from "../../../actors/object_store.ts";
import { S3ObjectStore } from "../../../actors/object_stores/s3.ts";
import { testObjectStore } from "../../contracts/object_store_contract.ts";
import { BUCKET, canStartS3, CREDENTIALS, type S3Server, startS3 } from "../../services/s3.ts";
import { testWhere } from "../../services/shared.ts";

const can = await canStartS3();
let shared: Promise<S3Server> | undefined;
const server = () => shared ??= startS3();

const options = async () => ({
  bucket: BUCKET,
  prefix: "trail/",
  endpoint: (await server()).url,
  credentials: CREDENTIALS,
});

testObjectStore(
  "s3",
  async () => new S3ObjectStore(await options()),
  can.available ? {} : { skip: can.reason },
);

testWhere(
  can,
  "a wrong secret, and a bucket that is not there, are told and not taken for absence",
  async () => {
    const given = await options();
    const credentials = { ...CREDENTIALS, secretAccessKey: "wrong" };
    for (const wrong of [{ ...given, credentials }, { ...given, bucket: "nothing" }]) {
      using store = new S3ObjectStore(wrong);
      await assertRejects(() => store.create("x", new Uint8Array(1)), ObjectStoreUnavailable);
      await assertRejects(() => store.read("x"), ObjectStoreUnavailable);
      await assertRejects(() => store.list("", undefined, 1), ObjectStoreUnavailable);
    }
  },
);

testWhere(can, "more keys than a page of the store are all listed", async () => {
  using store = new S3ObjectStore({ ...await options(), prefix: "many/" });
  const keys = Array.from({ length: 1050 }, (_, n) => `k/${String(n).padStart(5, "0")}`);
  for (let n = 0; n < keys.length; n += 50) {
    const some = keys.slice(n, n + 50);
    await Promise.all(some.map((key) => store.create(key, new Uint8Array(1))));
  }
  assertEquals(await store.list("k/", undefined, 5000), keys);
  assertEquals(await store.list("k/", keys[999], 5000), keys.slice(1000));
});

testWhere(
  can,
  "a store that asks to slow down, or breaks off after it has written, gets an object once",
  async () => {
    let [refusals, broken] = [0, 0];
    await using proxy = await inFrontOf((await server()).url, async (request, pass) => {
      if (request.method === "PUT" && refusals < 2) {
        refusals++;
        await request.body?.cancel();
        return failure(503, "SlowDown");
      }
      const answer = await pass();
      if (request.method !== "PUT" || broken > 0) return answer;
      broken++;
      await answer.body?.cancel();
      return failure(500, "InternalError");
    });
    using store = new S3ObjectStore({
      ...await options(),
      endpoint: proxy.url,
      prefix: "proxied/",
    });
    const [bytes, other] = ["bytes", "other"].map((text) => new TextEncoder().encode(text));
    assertEquals(await store.create("once", bytes!), true);
    assertEquals([refusals, broken], [2, 1]);
    assertEquals(await store.create("once", other!), false);
    assertEquals(await store.read("once"), bytes);
  },
);

function failure(status: number, code: string): Response {
  return new Response(`<Error><Code>${code}</Code></Error>`, { status });
}

/** Sends a request on with its own `Host`, which the signature is over and `fetch` would not send. */
async function passOn(url: string, request: Request): Promise<Response> {
  const body = new Uint8Array(await request.arrayBuffer());
  const { pathname, search } = new URL(request.url);
  const answer = Promise.withResolvers<Response>();
  const sent = httpRequest(url + pathname + search, {
    method: request.method,
    headers: Object.fromEntries(request.headers),
  }, async (received) => {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of received) chunks.push(chunk);
    const { statusCode = 500, headers } = received;
    const text = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    const whole = statusCode === 204 ? null : new Blob(chunks);
    answer.resolve(new Response(whole, { status: statusCode, headers: Object.fromEntries(text) }));
  });
  sent.on("error", answer.reject);
  sent.end(body);
  return await answer.promise;
}

/** A server that passes requests on as they are, signature and all, or does what the test says. */
async function inFrontOf(
  url: string,
  handle: (request: Request, pass: () => Promise<Response>) => Promise<Response>,
) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const pass = async () => await passOn(url, request);
      return await handle(request, pass);
    },
  );
  await Promise.resolve();
  return {
    url: `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

testWhere(can, "the server is stopped with the last test", async () => {
  const { process } = await server();
  await (await server())[Symbol.asyncDispose]();
  assert(!process.running);
});
