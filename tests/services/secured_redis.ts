/**
 * A single Redis that is reached over TLS only, with a certificate of an authority of its own.
 *
 * @module
 */
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

// An authority, and a certificate by it for the loopback address.
const MAKE_CERTIFICATES = `set -e
cd "$0"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=127.0.0.1
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > san
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt \\
  -days 2 -extfile san`;

/** Starts it. Throws if `openssl` or `redis-server` is not installed. */
export async function startSecuredRedis(): Promise<SecuredRedis> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "gateway-tls-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const made = await new Deno.Command("sh", { args: ["-c", MAKE_CERTIFICATES, folder] }).output();
  if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
  const port = freePort();
  const plain = stack.use(
    await startSingleRedis({
      config: [
        ["tls-port", String(port)],
        ["tls-cert-file", `${folder}/server.crt`],
        ["tls-key-file", `${folder}/server.key`],
        ["tls-ca-cert-file", `${folder}/ca.crt`],
        ["tls-auth-clients", "no"],
      ],
    }),
  );
  const ca = await Deno.readTextFile(`${folder}/ca.crt`);
  const kept = stack.move();
  return {
    url: `rediss://127.0.0.1:${port}`,
    ca,
    plain,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Tells whether certificates can be made here. */
export async function hasOpenssl(): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", "command -v openssl"] }).output();
  return success;
}
