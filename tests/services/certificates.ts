/**
 * A certificate for the loopback address, by an authority of its own.
 *
 * @module
 */
import type { Availability } from "./programs.ts";

/** PEM files; gone when disposed of. */
export interface Certificates extends AsyncDisposable {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const MAKE = `set -e
cd "$0"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=127.0.0.1
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > san
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt \\
  -days 2 -extfile san`;

/** Makes them. Throws if `openssl` is not installed. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await Deno.makeTempDir({ prefix: "gateway-tls-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  const made = await new Deno.Command("sh", { args: ["-c", MAKE, folder] }).output();
  if (!made.success) {
    await remove();
    throw new Error(new TextDecoder().decode(made.stderr));
  }
  return {
    authority: `${folder}/ca.crt`,
    certificate: `${folder}/server.crt`,
    key: `${folder}/server.key`,
    [Symbol.asyncDispose]: remove,
  };
}

/** Tells whether certificates can be made here. */
export async function canCertify(): Promise<Availability> {
  const { success } = await new Deno.Command("sh", { args: ["-c", "command -v openssl"] }).output();
  return success ? { available: true } : { available: false, reason: "openssl is not installed" };
}
