// deno-lint-ignore-file no-console -- its result is what it prints
/**
 * A load generator for machines without `wrk`: keep-alive sockets, each with one request under way.
 *
 * Argument: a `Load` as JSON. Prints a `LoadResult` as JSON.
 *
 * @module
 */
import type { Load, LoadResult } from "./load.ts";
import { percentile } from "./percentile.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** Makes the text of one request after the other. */
function requestTexts(load: Load): () => string {
  const { pathname, host } = new URL(load.url);
  const headers = Object.entries({ host, ...load.headers }).map(([k, v]) => `${k}: ${v}\r\n`);
  const head = `POST ${pathname} HTTP/1.1\r\n${headers.join("")}`;
  const tails = Array.from({ length: load.spread ?? 1 }, (_, n) => {
    const body = load.body.replace("@n@", String(n));
    return `content-length: ${encoder.encode(body).length}\r\n\r\n${body}`;
  });
  const prefix = crypto.randomUUID();
  let sent = 0;
  return () => {
    const tail = tails[sent++ % tails.length]!;
    return head + (load.keyed ? `idempotency-key: ${prefix}-${sent}\r\n` : "") + tail;
  };
}

/** Reads one response; answers whether it was a success. Throws when the connection is closed. */
async function readResponse(connection: Deno.Conn, buffer: Uint8Array): Promise<boolean> {
  let text = "";
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("the connection was closed");
    text += decoder.decode(buffer.subarray(0, count));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1];
    const whole = length === undefined
      ? text.endsWith("0\r\n\r\n")
      : text.length >= end + 4 + Number(length);
    if (whole) return text.charCodeAt(9) === 0x32; // "HTTP/1.1 2.."
  }
}

async function generate(load: Load): Promise<LoadResult> {
  const { hostname, port } = new URL(load.url);
  const next = requestTexts(load);
  const times: number[] = [];
  let failures = 0;
  let begun = 0;
  const start = performance.now();
  const end = start + load.seconds * 1000;
  const most = load.requests ?? Infinity;
  await Promise.all(Array.from({ length: load.connections }, async () => {
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const buffer = new Uint8Array(16_384);
    while (begun < most && performance.now() < end) {
      begun++;
      const asked = performance.now();
      const bytes = encoder.encode(next());
      for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
      if (!await readResponse(connection, buffer)) failures++;
      times.push(performance.now() - asked);
    }
  }));
  const seconds = (performance.now() - start) / 1000;
  const sorted = Float64Array.from(times).sort();
  const [p50Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
  return { requests: times.length, seconds, failures, p50Ms, p99Ms };
}

if (import.meta.main) console.log(JSON.stringify(await generate(JSON.parse(Deno.args[0]!))));
