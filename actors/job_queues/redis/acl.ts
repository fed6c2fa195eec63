/**
 * What a Redis user needs to be the gateway's and nothing more (`ACL SETUSER`, Redis 7).
 *
 * @module
 */

const KEYS_AND_CHANNELS = ["~mg:*", "&mg:*"];

/** Of connections: signing in, being told of changes, waiting for replicas, finding the Cluster. */
const CONNECTION = [
  "auth",
  "hello",
  "ping",
  "quit",
  "select",
  "info",
  "wait",
  "client|setname",
  "cluster|info",
  "cluster|nodes",
  "cluster|shards",
  "cluster|slots",
  "asking",
  "readonly",
  "ssubscribe",
  "sunsubscribe",
  "spublish",
];

/** Scripts, and what they and the gateway call. Commands of a script are checked like any other. */
const DATA = [
  ...["eval", "evalsha", "script|load", "script|exists", "time"],
  ...["del", "exists", "expire", "pexpire", "pexpireat", "persist", "unlink", "set", "get", "mget"],
  ...["hdel", "hexists", "hget", "hgetall", "hincrby", "hincrbyfloat", "hlen", "hmget", "hset"],
  ...["lindex", "llen", "lpush", "lrange", "ltrim", "rpush"],
  ...["sadd", "scard", "smembers", "srem"],
  ...["zadd", "zcard", "zcount", "zpopmin", "zrange", "zrangebylex", "zrangebyscore", "zrem"],
  ...["zremrangebyscore", "zrevrangebylex", "zrevrangebyscore", "zscore", "zincrby"],
  ...["xack", "xadd", "xdel", "xgroup|create", "xgroup|setid", "xinfo|groups", "xinfo|stream"],
  ...["xlen", "xpending", "xrange", "xreadgroup", "xtrim"],
];

/** The rules that follow `ACL SETUSER name on >password resetchannels -@all`. */
export const ACL_RULES: readonly string[] = [
  ...KEYS_AND_CHANNELS,
  ...[...CONNECTION, ...DATA].map((command) => `+${command}`),
];
