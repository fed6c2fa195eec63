/**
 * A single real Redis on a free loopback port.
 *
 * @module
 */
import { freePort } from "./free_port.ts";
import { findPrograms } from "./programs.ts";
import { redisCommand } from "./redis_wire.ts";
import { ServerProcess } from "./server_process.ts";

export interface RedisOptions {
  /** Writes an append-only file, synced at each write, so that a killed server comes back whole. */
  readonly appendOnly?: boolean;
  /** Further settings as redis.conf has them, such as `["maxmemory", "10mb"]`. */
  readonly config?: readonly (readonly [name: string, value: string])[];
}

/** A Redis server process with its address. */
export class RedisNode {
  constructor(readonly port: number, readonly process: ServerProcess) {}

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Sends one command on a connection of its own. */
  command(...args: (string | number)[]): ReturnType<typeof redisCommand> {
    return redisCommand(this.port, args);
  }

  /** Sends a signal, SIGKILL by default. */
  kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    return this.process.kill(signal);
  }

  /** Ends the server if it still runs and starts it again on its port, with its data. */
  async restart(): Promise<void> {
    await this.process.stop();
    await this.process.start();
  }
}

/** A single Redis that runs until it is stopped. */
export class SingleRedis implements AsyncDisposable {
  constructor(readonly node: RedisNode, readonly folder: string) {}

  get url(): string {
    return this.node.url;
  }

  get pid(): number | undefined {
    return this.node.pid;
  }

  kill(signal?: Deno.Signal): Promise<void> {
    return this.node.kill(signal);
  }

  restart(): Promise<void> {
    return this.node.restart();
  }

  async stop(): Promise<void> {
    await this.node.process.stop();
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts a single Redis. Throws if `redis-server` is not installed or does not come up. */
export async function startSingleRedis(options: RedisOptions = {}): Promise<SingleRedis> {
  const folder = await Deno.makeTempDir({ prefix: "gateway-redis-" });
  try {
    const node = await makeRedisNode(folder, options);
    await node.process.start();
    return new SingleRedis(node, folder);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** Prepares a node under `parent` without starting it. */
export async function makeRedisNode(parent: string, options: RedisOptions): Promise<RedisNode> {
  const { redisServer } = await findPrograms();
  if (!redisServer) throw new Error("redis-server is not installed");
  const port = freePort();
  const folder = `${parent}/${port}`;
  await Deno.mkdir(folder);
  const settings: readonly (readonly [string, string])[] = [
    ["port", String(port)],
    ["bind", "127.0.0.1"],
    ["dir", folder],
    ["save", ""],
    ["appendonly", options.appendOnly ? "yes" : "no"],
    ["appendfsync", "always"],
    ["maxmemory-policy", "noeviction"],
    ["repl-diskless-sync-delay", "0"],
    ...options.config ?? [],
  ];
  return new RedisNode(
    port,
    new ServerProcess({
      name: `redis ${port}`,
      argv: [redisServer, ...settings.flatMap(([name, value]) => [`--${name}`, value])],
      folder,
      logFile: `${folder}/server.log`,
      stopSignal: "KILL",
      probe: async () => {
        await redisCommand(port, ["PING"], 500);
      },
    }),
  );
}
