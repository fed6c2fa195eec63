/**
 * Checks of Redis: what must hold so that an acknowledged job is never lost.
 *
 * @module
 */
import {
  inspectRedis,
  type RedisInspection,
  type RedisServer,
} from "../../actors/job_queues/redis/inspection.ts";
import type { Config } from "../../program/config.ts";
import { judgeClock } from "./clock.ts";
import { bytes, type Finding, Findings } from "./finding.ts";

const FULL = 0.8;
const SLOTS = 16_384;

/** Looks at the servers that `REDIS_URL` names. */
export async function checkRedis(config: Config): Promise<readonly Finding[]> {
  const findings = new Findings("redis");
  try {
    const cluster = config.redisCluster || config.redisUrl!.includes(",");
    const found = await inspectRedis({
      url: config.redisUrl!,
      cluster,
      ...(config.redisCa && { tlsCa: await Deno.readTextFile(config.redisCa) }),
    });
    judgeRedis(findings, found, config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.add("connection", "fault", reason, connectionAdvice(reason));
  }
  return findings.all;
}

/** Judges what was found. */
export function judgeRedis(
  findings: Findings,
  { servers, cluster, missingRights }: RedisInspection,
  config: Pick<Config, "durability">,
): void {
  findings.ok("connection", servers.map(({ address }) => address).join(", "));
  if (cluster) {
    findings.judge(
      "cluster",
      `${cluster.state}, ${cluster.slotsOk} of ${SLOTS} slots are served`,
      (cluster.state !== "ok" || cluster.slotsOk < SLOTS) && "fault",
      "bring back the masters of the missing slots: CLUSTER NODES names them (redis-cli --cluster fix)",
    );
  } else {
    findings.judge(
      "cluster",
      servers.some(({ clustered }) => clustered) ? "a node of a Cluster" : "a single server",
      servers.some(({ clustered }) => clustered) && "fault",
      "set REDIS_CLUSTER=true: this server is a part of a Cluster",
    );
  }
  for (const server of servers) {
    const own = new Findings(servers.length > 1 ? `redis ${server.address}` : "redis");
    judgeVersion(own, server);
    judgeMemory(own, server);
    judgePersistence(own, server, config);
    judgeClock(own, server.clock);
    findings.all.push(...own.all);
  }
  findings.judge(
    "rights",
    missingRights.length === 0 ? "all that are needed" : `without ${missingRights.join(" ")}`,
    missingRights.length > 0 && "fault",
    `ACL SETUSER <user> ${missingRights.join(" ")} (docs/operators.md has the whole line)`,
  );
}

function judgeVersion(findings: Findings, { version, lagSurvivesFailover }: RedisServer): void {
  const isRedis = version.startsWith("Redis");
  const tooOld = isRedis && parseFloat(version.slice("Redis ".length)) < 7;
  findings.judge(
    "version",
    version,
    tooOld ? "fault" : !lagSurvivesFailover && "warning",
    tooOld
      ? "use Redis 7.4 or Valkey 8: streams of this one do not tell their lag"
      : "use Redis 7.4 or Valkey 8: this one forgets a stream's lag in a failover, which the " +
        "scheduler must mend",
  );
}

function judgeMemory(findings: Findings, server: RedisServer): void {
  const { evictionPolicy, memoryLimit, memoryUsed, evicted } = server;
  findings.judge(
    "eviction",
    evictionPolicy,
    evictionPolicy !== "noeviction" && "fault",
    "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf (CONFIG REWRITE): any other " +
      "policy throws acknowledged jobs away when memory is short",
  );
  if (evicted > 0) {
    findings.add(
      "evicted",
      "fault",
      `${evicted} keys were thrown away since it started`,
      "jobs may be among them: look for models whose numbers do not add up, then set noeviction",
    );
  }
  const share = memoryLimit === 0 ? 0 : memoryUsed / memoryLimit;
  findings.judge(
    "memory",
    memoryLimit === 0
      ? `${bytes(memoryUsed)} used, without a limit`
      : `${bytes(memoryUsed)} of ${bytes(memoryLimit)} used`,
    memoryLimit === 0 ? "warning" : share > FULL && "warning",
    memoryLimit === 0
      ? "set maxmemory to three quarters of the machine's: submissions are then refused by 503 " +
        "before the system ends Redis"
      : "give it more memory, or shorten retentionSeconds of the models with the most jobs",
  );
}

function judgePersistence(
  findings: Findings,
  { appendOnly, persists, replicas }: RedisServer,
  { durability }: Pick<Config, "durability">,
): void {
  findings.judge(
    "persistence",
    !persists ? "its last write to the disk failed" : appendOnly ? "append-only file" : "no AOF",
    (!persists || !appendOnly) && "fault",
    persists
      ? "CONFIG SET appendonly yes, and the same in redis.conf: without it a restart forgets " +
        "acknowledged jobs"
      : "look into Redis' log and at its disk: what it has not written is lost when it ends",
  );
  findings.judge(
    "replicas",
    String(replicas),
    replicas === 0 && (durability === "replicated" ? "fault" : "warning"),
    durability === "replicated"
      ? "--durability replicated takes no submission without a replica: start one (REPLICAOF)"
      : "start a replica and the gateways with --durability replicated, or accept that a lost disk " +
        "loses jobs",
  );
}

function connectionAdvice(reason: string): string {
  if (/WRONGPASS|NOAUTH/.test(reason)) {
    return "put the user and the password into REDIS_URL: redis://USER:PASSWORD@HOST:PORT";
  }
  if (/NOPERM/.test(reason)) {
    return "give the user the rights of docs/operators.md (A Redis user of its own)";
  }
  if (/certificate|self.signed|UnknownIssuer/i.test(reason)) {
    return "name the authority of its certificate by REDIS_CA";
  }
  return "look whether REDIS_URL names the right host and port, and whether a firewall is between";
}
