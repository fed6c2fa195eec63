/**
 * A real Postgres with a data folder of its own on a free loopback port.
 *
 * @module
 */
import { freePort } from "./free_port.ts";
import { findPrograms } from "./programs.ts";
import { ServerProcess } from "./server_process.ts";

const decoder = new TextDecoder();

/** A Postgres server that runs until it is stopped. */
export class Postgres implements AsyncDisposable {
  constructor(
    readonly port: number,
    readonly process: ServerProcess,
    readonly folder: string,
  ) {}

  /** Anyone on loopback is let in as the superuser `postgres`. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Sends a signal, SIGKILL by default. */
  kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    return this.process.kill(signal);
  }

  /** Ends the server if it still runs and starts it again on its port, with its data. */
  async restart(): Promise<void> {
    await this.process.stop();
    const deadline = Date.now() + 10_000;
    // After SIGKILL the old server's children hold its memory a moment longer: try again.
    for (;;) {
      try {
        return await this.process.start();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts a Postgres. Throws if it is not installed or does not come up. */
export async function startPostgres(): Promise<Postgres> {
  const { postgresBin, isRoot } = await findPrograms();
  if (!postgresBin) throw new Error("postgres is not installed");
  // Postgres refuses to run as root; setpriv becomes its user without a process in between.
  const as = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
  const folder = await Deno.makeTempDir({ prefix: "gateway-postgres-" });
  try {
    await initialise(folder, postgresBin, as);
    const port = freePort();
    const server = new Postgres(port, makeProcess(port, folder, postgresBin, as), folder);
    await server.process.start();
    return server;
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** Makes the data folder, owned by whom Postgres will run as. */
async function initialise(
  folder: string,
  bin: string,
  as: readonly string[],
): Promise<void> {
  const prepare =
    `mkdir "$0/server" && if [ "$1" ]; then chmod 711 "$0" && chown postgres "$0/server"; fi`;
  await run(["sh", "-c", prepare, folder, as[0] ?? ""]);
  await run([
    ...as,
    `${bin}/initdb`,
    ...["-D", `${folder}/server/data`, "-U", "postgres", "-E", "UTF8", "--locale=C"],
    ...["--auth=trust", "--no-sync", "--no-instructions"],
  ]);
}

function makeProcess(
  port: number,
  folder: string,
  bin: string,
  as: readonly string[],
): ServerProcess {
  const home = `${folder}/server`;
  return new ServerProcess({
    name: `postgres ${port}`,
    argv: [...as, `${bin}/postgres`, "-D", `${home}/data`, ...settings(port)],
    folder: home,
    logFile: `${home}/server.log`,
    stopSignal: "QUIT", // immediate shutdown: takes its children with it
    probe: () => probe(port),
  });
}

function settings(port: number): string[] {
  const values = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 300,
    shared_buffers: "32MB",
    dynamic_shared_memory_type: "mmap", // in its folder, so that nothing is left elsewhere
    fsync: "off",
    full_page_writes: "off",
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Sends a startup message; `R` means let in, `E` that the server is not ready yet. */
async function probe(port: number): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const parameters = new TextEncoder().encode("user\0postgres\0database\0postgres\0\0");
    const message = new Uint8Array(8 + parameters.length);
    const head = new DataView(message.buffer);
    head.setUint32(0, message.length);
    head.setUint32(4, 3 << 16); // protocol 3.0
    message.set(parameters, 8);
    await connection.write(message);
    const answer = new Uint8Array(512);
    const count = await connection.read(answer) ?? 0;
    if (answer[0] !== "R".charCodeAt(0)) {
      throw new Error(`not ready: ${decoder.decode(answer.subarray(0, count))}`);
    }
  } finally {
    connection.close();
  }
}

async function run(argv: readonly string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'cd / && exec "$0" "$@"', ...argv],
  }).output();
  if (success) return;
  throw new Error(
    `${argv.slice(0, 5).join(" ")}: ${decoder.decode(stderr) || decoder.decode(stdout)}`,
  );
}
