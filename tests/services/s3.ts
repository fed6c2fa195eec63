/**
 * A real S3 server that checks signatures and conditional writes: versitygw over a folder.
 *
 * @module
 */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { freePort } from "./free_port.ts";
import { ServerProcess } from "./server_process.ts";
import type { Availability } from "./programs.ts";

export const CREDENTIALS = { accessKeyId: "gateway", secretAccessKey: "a secret of the tests" };
export const BUCKET = "audit";

const FIND = 'command -v versitygw || ls "${GOBIN:-${GOPATH:-$HOME/go}/bin}/versitygw" 2>/dev/null';

async function program(): Promise<string | undefined> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", FIND] }).output();
  const path = new TextDecoder().decode(stdout).trim();
  return path === "" ? undefined : path;
}

/** Whether there is one on this machine. */
export async function canStartS3(): Promise<Availability> {
  return await program() !== undefined ? { available: true } : {
    available: false,
    reason: "versitygw is missing: go install github.com/versity/versitygw/cmd/versitygw@latest",
  };
}

export class S3Server implements AsyncDisposable {
  constructor(readonly url: string, readonly process: ServerProcess, readonly folder: string) {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Starts one with a bucket. Throws if it is not installed or does not come up. */
export async function startS3(): Promise<S3Server> {
  const path = await program();
  if (path === undefined) throw new Error("versitygw is missing");
  const folder = await Deno.makeTempDir({ prefix: "gateway-s3-" });
  await Deno.mkdir(`${folder}/data`);
  await Deno.mkdir(`${folder}/sidecar`);
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const process = new ServerProcess({
    name: `versitygw ${port}`,
    argv: [
      ...[path, "--port", `127.0.0.1:${port}`],
      ...["--access", CREDENTIALS.accessKeyId, "--secret", CREDENTIALS.secretAccessKey],
      // Not every folder of a machine has extended attributes.
      ...["posix", "--sidecar", `${folder}/sidecar`, `${folder}/data`],
    ],
    folder,
    logFile: `${folder}/log`,
    stopSignal: "KILL",
    probe: async () => {
      const response = await fetch(url);
      await response.body?.cancel();
    },
  });
  await process.start();
  const client = new S3Client({
    ...{ endpoint: url, region: "us-east-1", forcePathStyle: true },
    credentials: CREDENTIALS,
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return new S3Server(url, process, folder);
}
