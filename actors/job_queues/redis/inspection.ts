/**
 * What there is to know of the servers behind a queue, for whoever looks after them.
 *
 * @module
 */
import { Cluster, type Redis } from "ioredis";
import { ACL_RULES } from "./acl.ts";
import { type ConnectionOptions, RedisConnection } from "./connection.ts";
import { serverVersionOf } from "./server_version.ts";

/** One server, by its INFO. */
export interface RedisServer {
  readonly address: string;
  readonly version: string;
  /** False where a stream's lag is forgotten in a failover. */
  readonly lagSurvivesFailover: boolean;
  /** True for a server that is a part of a Cluster. */
  readonly clustered: boolean;
  readonly evictionPolicy: string;
  /** In bytes; 0 without a limit. */
  readonly memoryLimit: number;
  /** In bytes. */
  readonly memoryUsed: number;
  readonly appendOnly: boolean;
  /** False while it cannot write its append-only file or its snapshot. */
  readonly persists: boolean;
  readonly replicas: number;
  /** Keys that it has thrown away for want of memory since it started. */
  readonly evicted: number;
  /** Its clock and ours as its answer came, epoch milliseconds, and how long that took. */
  readonly clock: { readonly at: number; readonly here: number; readonly tookMs: number };
}

export interface RedisInspection {
  /** The servers that take writes. */
  readonly servers: readonly RedisServer[];
  /** Set for a Cluster. */
  readonly cluster?: { readonly state: string; readonly slotsOk: number };
  /** Rights that the user does not have, as `ACL SETUSER` takes them. */
  readonly missingRights: readonly string[];
}

/** Looks at the servers. Throws an Error with the reason where they do not answer or let in. */
export async function inspectRedis(options: ConnectionOptions): Promise<RedisInspection> {
  await using connection = new RedisConnection({ ...options, patienceMs: PATIENCE_MS });
  const { promise: over, reject: end } = Promise.withResolvers<never>();
  over.catch(() => {}); // heard of where it is awaited, if at all
  let told: string | undefined;
  const listen = (error: Error) => {
    told = deepest(error);
    // Of a Cluster, another node may answer.
    if (FINAL.test(told) && !(connection.client instanceof Cluster)) end(error);
  };
  connection.client.on("error", listen);
  if (connection.client instanceof Cluster) connection.client.on("node error", listen);
  try {
    await Promise.race([connection.patiently((client) => client.ping()), over]);
    const nodes = connection.client instanceof Cluster
      ? connection.client.nodes("master")
      : [connection.client];
    const servers = await Promise.all(nodes.map(inspectServer));
    const state = connection.cluster ? await clusterState(nodes[0]!) : undefined;
    const missingRights = await missing(connection, servers.some(({ clustered }) => clustered));
    return { servers, ...(state && { cluster: state }), missingRights };
  } catch (error) {
    throw new Error(told ?? deepest(error), { cause: error });
  }
}

const PATIENCE_MS = 10_000;
/** What will be no other when it is asked again. */
const FINAL = /WRONGPASS|NOAUTH|NOPERM|ECONNREFUSED|ENOTFOUND|certificate/i;

async function inspectServer(client: Redis): Promise<RedisServer> {
  const begun = performance.now();
  const [seconds, micros] = await client.time();
  const clock = {
    at: Number(seconds) * 1000 + Number(micros) / 1000,
    here: Date.now(),
    tookMs: performance.now() - begun,
  };
  const info = await client.info();
  const { version, lagSurvivesFailover } = serverVersionOf(info);
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
  const bad = ["aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"]
    .some((name) => field(name) === "err");
  const { host, port } = client.options;
  return {
    address: `${host}:${port}`,
    version,
    lagSurvivesFailover,
    clustered: field("cluster_enabled") === "1",
    evictionPolicy: field("maxmemory_policy"),
    memoryLimit: Number(field("maxmemory")),
    memoryUsed: Number(field("used_memory")),
    appendOnly: field("aof_enabled") === "1",
    persists: !bad,
    replicas: Number(field("connected_slaves")),
    evicted: Number(field("evicted_keys")),
    clock,
  };
}

async function clusterState(client: Redis): Promise<RedisInspection["cluster"]> {
  const info = String(await client.call("CLUSTER", "INFO"));
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1] ?? "";
  return { state: field("cluster_state"), slotsOk: Number(field("cluster_slots_ok")) };
}

/**
 * How each command is tried: on a key of nobody's, which is removed again, with as many arguments as
 * it needs, since a server counts those before it looks at rights.
 */
const PROBES: Readonly<Record<string, (key: string) => readonly string[]>> = {
  ...each(["ping", "info", "time"], () => []),
  ...each(["get", "mget", "exists", "del", "unlink", "persist", "hgetall", "hlen"], one),
  ...each(["llen", "scard", "smembers", "zcard", "xlen", "rpop"], one),
  ...each(["expire", "pexpire", "hget", "hmget", "hdel", "hexists", "srem", "zrem"], two),
  ...each(["zscore", "lindex", "zpopmin"], (key) => [key, "1"]),
  ...each(["pexpireat"], (key) => [key, "1"]),
  ...each(["lrange", "ltrim", "zcount", "zrangebyscore", "zrange"], (key) => [key, "0", "1"]),
  ...each(["zrevrangebyscore", "zremrangebyscore"], (key) => [key, "1", "0"]),
  zrangebylex: (key) => [key, "-", "+"],
  zrevrangebylex: (key) => [key, "+", "-"],
  set: (key) => [key, "x", "EX", "none"],
  ...each(["hincrby", "hincrbyfloat"], (key) => [key, "x", "none"]),
  hset: (key) => [key, "x", "1"],
  ...each(["lpush", "rpush", "sadd"], two),
  zadd: (key) => [key, "none", "x"],
  zincrby: (key) => [key, "none", "x"],
  wait: () => ["0", "1"],
  eval: () => ["return 1", "0"],
  evalsha: () => ["0".repeat(40), "0"],
  "script|load": () => ["return 1"],
  "script|exists": () => ["0".repeat(40)],
  "client|setname": () => ["model-gateway"],
  "cluster|info": () => [],
  "cluster|nodes": () => [],
  "cluster|shards": () => [],
  "cluster|slots": () => [],
  spublish: (key) => [key, ""],
  xack: (key) => [key, "g", "0-1"],
  xadd: (key) => [key, "none", "x", "1"],
  xdel: (key) => [key, "0-1"],
  "xgroup|create": (key) => [key, "g", "0"],
  "xgroup|setid": (key) => [key, "g", "0"],
  "xinfo|groups": one,
  "xinfo|stream": one,
  xpending: (key) => [key, "g"],
  xrange: (key) => [key, "-", "+"],
  xreadgroup: (key) => ["GROUP", "g", "c", "STREAMS", key, ">"],
  xtrim: (key) => [key, "MINID", "0"],
};

/** Done by every connection, or changing what a connection is for: not to be tried by themselves. */
const UNTRIED = ["auth", "hello", "quit", "select", "asking", "readonly", "ssubscribe"];

/** The commands of the rights that are tried; the rest is known by what they come with. */
export function triedCommands(): string[] {
  return ACL_RULES.filter((rule) => rule.startsWith("+")).map((rule) => rule.slice(1))
    .filter((command) => ![...UNTRIED, "sunsubscribe"].includes(command));
}

async function missing(connection: RedisConnection, clustered: boolean): Promise<string[]> {
  const key = `mg:{doctor}:${crypto.randomUUID()}`;
  const commands = triedCommands().filter((command) =>
    clustered || !command.startsWith("cluster|")
  );
  const found = await Promise.all(commands.map(async (command) => {
    const words = [...command.split("|"), ...PROBES[command]!(key)];
    const refused = await refusal(connection, words);
    return refused
      ? [/keys/.test(refused) ? "~mg:*" : /channel/.test(refused) ? "&mg:*" : `+${command}`]
      : [];
  }));
  // Where it may not be removed, it was not written either.
  await connection.client.call("DEL", key).catch(() => {});
  return [...new Set(found.flat())];
}

/** The words of a server that does not let this user do it. */
async function refusal(
  connection: RedisConnection,
  words: readonly string[],
): Promise<string | undefined> {
  try {
    await connection.client.call(words[0]!, ...words.slice(1));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.startsWith("NOPERM")) return message;
  }
  return undefined;
}

function each(commands: readonly string[], words: (key: string) => readonly string[]) {
  return Object.fromEntries(commands.map((command) => [command, words]));
}

function one(key: string): readonly string[] {
  return [key];
}

function two(key: string): readonly string[] {
  return [key, "x"];
}

function deepest(error: unknown): string {
  if (error instanceof Error && error.cause instanceof Error) return deepest(error.cause);
  return error instanceof Error ? error.message : String(error);
}
