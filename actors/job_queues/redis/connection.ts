/**
 * A connection to a single Redis or to a Cluster, with every script known to it by name and with
 * one policy for faults: what may have been lost on the way is sent again until a budget of time
 * is spent, which is safe because every script is idempotent by its ids and fences.
 *
 * @module
 */
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { QueueUnavailable } from "../../job_queue.ts";
import { type ScriptName, scripts } from "./scripts.ts";

/** Where Redis is, and how hard to try. */
export interface ConnectionOptions {
  /** `redis://` or `rediss://`, with user and password; several, comma-separated, are a Cluster. */
  readonly url: string;
  /** Treat a single URL as a Cluster's first node. */
  readonly cluster?: boolean;
  /** How long a call is repeated through a failover before it is given up; 20 s if not said. */
  readonly patienceMs?: number;
  /** Replicas that must have a write before it counts; 0 does not wait. */
  readonly replicas?: number;
  /** Steps of jobs that may wait to be audited, per queue; 0 for none to be audited. */
  readonly auditLimit?: number;
  /** PEM text of the authority that signed the server's certificate. */
  readonly tlsCa?: string;
}

type Client = Redis | Cluster;
type ScriptCall = (key: string, ...args: (string | number)[]) => Promise<unknown>;

/** Refusals of a server that will pass: it fails over, loads its data, has lost its replicas. */
const PASSING_REFUSAL =
  /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|LOADING|READONLY|NOREPLICAS|NOSCRIPT|UNBLOCKED|BUSY) /;

/**
 * How long one WAIT may hold up its connection, and all that is sent behind it. A replica that lives
 * answers within a few milliseconds; while there is none, the call is repeated.
 */
const WAIT_MS = 100;

export class RedisConnection implements AsyncDisposable {
  readonly client: Client;
  readonly cluster: boolean;
  readonly #patienceMs: number;
  readonly #replicas: number;
  #closed = false;

  constructor(options: ConnectionOptions) {
    const urls = options.url.split(",").map((text) => text.trim()).filter((text) => text !== "");
    this.cluster = options.cluster ?? urls.length > 1;
    this.#patienceMs = options.patienceMs ?? 20_000;
    this.#replicas = options.replicas ?? 0;
    this.client = this.cluster
      ? clusterClient(urls, options.tlsCa)
      : new Redis(redisOptions(urls[0]!, options.tlsCa));
    // Without a listener an error event would end the process; calls report their own faults.
    this.client.on("error", () => {});
    // Every waiting call listens for the next connection.
    this.client.setMaxListeners(0);
    for (const [name, lua] of Object.entries(scripts(options.auditLimit ?? 0))) {
      this.client.defineCommand(name, { numberOfKeys: 1, lua });
    }
  }

  /** Runs a script that only reads, or whose loss on a failover is mended by the next round. */
  run(name: ScriptName, key: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#patiently(() => this.#call(name)(key, ...args));
  }

  /** Runs a script and answers when as many replicas as asked for have what it wrote. */
  write(name: ScriptName, key: string, args: readonly (string | number)[]): Promise<unknown> {
    if (this.#replicas === 0) return this.#patiently(() => this.#call(name)(key, ...args));
    return this.#patiently(() => this.#replicated(name, key, args));
  }

  /** Sends any command with the same patience. */
  patiently<T>(call: (client: Client) => Promise<T>): Promise<T> {
    return this.#patiently(() => call(this.client));
  }

  #call(name: ScriptName): ScriptCall {
    const client = this.client as unknown as Record<ScriptName, ScriptCall>;
    return (key, ...args) => client[name](key, ...args);
  }

  async #replicated(
    name: ScriptName,
    key: string,
    args: readonly (string | number)[],
  ): Promise<unknown> {
    // One pipeline: WAIT must go over the connection that wrote, and in a Cluster to the same node.
    const pipeline = this.client.pipeline();
    (pipeline as unknown as Record<ScriptName, ScriptCall>)[name](key, ...args);
    pipeline.wait(this.#replicas, WAIT_MS);
    const replies = await pipeline.exec();
    const [written, waited] = replies ?? [];
    if (written?.[0]) throw written[0];
    if (waited?.[0]) throw waited[0];
    if (Number(waited?.[1] ?? 0) < this.#replicas) throw new Error("no replica has it");
    return written?.[1];
  }

  async #patiently<T>(call: () => Promise<T>): Promise<T> {
    let giveUp = 0;
    for (let pause = 20;; pause = Math.min(pause * 2, 300)) {
      try {
        return await call();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message.startsWith("OOM")) {
          throw new QueueUnavailable("Redis is out of memory", { cause: error });
        }
        if (!mayPass(error, message)) throw error;
        const now = performance.now();
        giveUp ||= now + this.#patienceMs;
        if (this.#closed || now >= giveUp) {
          throw new QueueUnavailable(`Redis does not answer: ${message}`, { cause: error });
        }
        await this.#again(pause * (0.5 + Math.random()));
      }
    }
  }

  /** Waits a while, or until there is a connection again. */
  #again(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.client.off("ready", done);
        resolve();
      };
      const timer = setTimeout(done, pauseMs);
      if (this.client.status !== "ready") this.client.once("ready", done);
    });
  }

  /** A connection of its own for subscriptions. */
  subscriber(): Client {
    if (this.client instanceof Cluster) return this.client;
    const subscriber = this.client.duplicate({ enableOfflineQueue: true });
    subscriber.on("error", () => {});
    return subscriber;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.client.disconnect();
    return Promise.resolve();
  }
}

/** Whatever is no answer of the server is a fault of the way to it. */
function mayPass(error: unknown, message: string): boolean {
  const answered = error instanceof Error && error.name === "ReplyError";
  return !answered || PASSING_REFUSAL.test(message);
}

function redisOptions(url: string, tlsCa: string | undefined): RedisOptions {
  const at = new URL(url);
  return {
    host: at.hostname,
    port: Number(at.port || 6379),
    db: Number(at.pathname.slice(1) || 0),
    ...credentials(at),
    ...tls(at, tlsCa),
    ...FAULT_POLICY,
  };
}

function clusterClient(urls: readonly string[], tlsCa: string | undefined): Cluster {
  const nodes = urls.map((url) => new URL(url));
  const first = nodes[0]!;
  return new Cluster(nodes.map((at) => ({ host: at.hostname, port: Number(at.port || 6379) })), {
    shardedSubscribers: true,
    enableOfflineQueue: true,
    slotsRefreshInterval: 2000,
    slotsRefreshTimeout: 2000,
    maxRedirections: 16,
    retryDelayOnFailover: 100,
    retryDelayOnClusterDown: 100,
    clusterRetryStrategy: (times) => Math.min(50 * times, 500),
    redisOptions: { ...credentials(first), ...tls(first, tlsCa), ...FAULT_POLICY },
  });
}

/** Fail soon and say so; {@link RedisConnection} decides what is sent again. */
const FAULT_POLICY: RedisOptions = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 2000,
  commandTimeout: 5000,
  // At once after a break, then ever less often.
  retryStrategy: (times) => times === 1 ? 1 : Math.min(25 * 2 ** (times - 2), 500),
};

function credentials(at: URL): RedisOptions {
  return {
    ...(at.username === "" ? {} : { username: decodeURIComponent(at.username) }),
    ...(at.password === "" ? {} : { password: decodeURIComponent(at.password) }),
  };
}

function tls(at: URL, ca: string | undefined): RedisOptions {
  return at.protocol === "rediss:" ? { tls: ca === undefined ? {} : { ca } } : {};
}
