/**
 * A single Redis that is reached over TLS only, with a certificate of an authority of its own.
 *
 * @module
 */
import { makeCertificates } from "./certificates.ts";
import { freePort } from "./free_port.ts";
import { type SingleRedis, startSingleRedis } from "./redis.ts";

/** A Redis behind TLS. */
export interface SecuredRedis extends AsyncDisposable {
  /** `rediss://`, without a user. */
  readonly url: string;
  /** PEM text of the authority. */
  readonly ca: string;
  /** The same server without TLS, for setting it up. */
  readonly plain: SingleRedis;
}

/** Starts it. Throws if `openssl` or `redis-server` is not installed. */
export async function startSecuredRedis(): Promise<SecuredRedis> {
  await using stack = new AsyncDisposableStack();
  const { authority, certificate, key } = stack.use(await makeCertificates());
  const port = freePort();
  const plain = stack.use(
    await startSingleRedis({
      config: [
        ["tls-port", String(port)],
        ["tls-cert-file", certificate],
        ["tls-key-file", key],
        ["tls-ca-cert-file", authority],
        ["tls-auth-clients", "no"],
      ],
    }),
  );
  const ca = await Deno.readTextFile(authority);
  const kept = stack.move();
  return {
    url: `rediss://127.0.0.1:${port}`,
    ca,
    plain,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
