// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * Submissions per second: this gateway beside the bare limit of its parts and beside BullMQ, in
 * interleaved rounds, each server a process of its own with a Redis of its own.
 *
 * Flags: `--seconds N` (8), `--rounds N` (3), `--connections A,B` (64,1000).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { freePort } from "../tests/services/free_port.ts";
import { type Postgres, startPostgres } from "../tests/services/postgres.ts";
import { type SingleRedis, startSingleRedis } from "../tests/services/redis.ts";
import { BODY, registerModel } from "./caffeine.ts";
import { cpuSeconds } from "./cpu_time.ts";
import { loadGenerator, type LoadResult, runLoad } from "./load.ts";
import { describeMachine } from "./machine.ts";
import { median } from "./percentile.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { Spawned } from "./spawned.ts";

/** A server to measure. */
interface Contender {
  readonly name: string;
  readonly url: string;
  readonly process: Spawned;
  readonly redis: SingleRedis;
  readonly headers: Readonly<Record<string, string>>;
  readonly keyed: boolean;
}

/** One load on one contender. */
interface Sample extends LoadResult {
  readonly name: string;
  readonly connections: number;
  readonly perSecond: number;
  /** Processor microseconds per request of the server, and of its Redis. */
  readonly serverMicros: number;
  readonly redisMicros: number;
}

const BARE = "bare Hono, HSET + XADD";
const GATEWAY = "gateway";
const AUDITED = "gateway, audited";
const REPLICATED = "gateway, replicated";
const BULLMQ = "BullMQ 5, Fastify";
const WARM_SECONDS = 4;

async function startContenders(
  postgres: Postgres,
  stack: AsyncDisposableStack,
): Promise<Contender[]> {
  const user = await registerModel(postgres.url);
  const plain = { "content-type": "application/json" };
  const start = async (
    name: string,
    script: string,
    args: (port: number, redisUrl: string) => string[],
    headers: Readonly<Record<string, string>>,
    redis?: SingleRedis,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Contender> => {
    redis ??= stack.use(await startSingleRedis());
    const port = freePort();
    const env = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      MODEL_GATEWAY_LOG_LEVEL: "error",
      ...more,
    };
    const process = stack.use(new Spawned(script, args(port, redis.url), env));
    await process.ready(`http://127.0.0.1:${port}/readyz`);
    return { name, url: `http://127.0.0.1:${port}/v1/jobs`, process, redis, headers, keyed: true };
  };
  const own = (...flags: string[]) => (port: number) => [
    ...["--role", "gateway", "--port", `${port}`],
    ...flags,
  ];
  const theirs = (port: number, redisUrl: string) => [`${port}`, redisUrl];
  const gateway = await start(GATEWAY, "main.ts", own(), user);
  const audited = (port: number) => ["--role", "gateway,scheduler", "--port", `${port}`];
  const replicated = own("--durability", "replicated");
  return [
    await start(BARE, "bench/servers/bare.ts", theirs, plain),
    gateway,
    { ...gateway, name: "gateway, no Idempotency-Key", keyed: false },
    // Its scheduler writes the trail, on the same processors.
    await start(AUDITED, "main.ts", audited, user, undefined, await auditFolder(stack)),
    await start(REPLICATED, "main.ts", replicated, user, await replicatedRedis(stack)),
    await start(BULLMQ, "bench/servers/bullmq.ts", theirs, plain),
  ];
}

async function auditFolder(stack: AsyncDisposableStack): Promise<Record<string, string>> {
  const folder = await Deno.makeTempDir({ prefix: "gateway-audit-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  return { MODEL_GATEWAY_AUDIT: folder };
}

/** A Redis with one replica, in step. */
async function replicatedRedis(stack: AsyncDisposableStack): Promise<SingleRedis> {
  const redis = stack.use(await startSingleRedis());
  const replica = stack.use(await startSingleRedis());
  await replica.node.command("REPLICAOF", "127.0.0.1", redis.node.port);
  const deadline = Date.now() + 15_000;
  while (!String(await redis.node.command("INFO", "replication")).includes("state=online")) {
    if (Date.now() > deadline) throw new Error("the replica does not come into step");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return redis;
}

async function measure(
  contender: Contender,
  connections: number,
  seconds: number,
  generator: "wrk" | "generator.ts",
): Promise<Sample> {
  const { name, url, headers, keyed, process, redis } = contender;
  const before = await Promise.all([cpuSeconds(process.pid), cpuSeconds(redis.pid!)]);
  const load = { url, connections, seconds, body: BODY, headers, keyed };
  const result = await runLoad(load, generator);
  const after = await Promise.all([cpuSeconds(process.pid), cpuSeconds(redis.pid!)]);
  await redis.node.command("FLUSHALL");
  const [serverMicros, redisMicros] = after.map((used, i) =>
    (used - before[i]!) * 1e6 / result.requests
  );
  return {
    ...result,
    name,
    connections,
    perSecond: (result.requests - result.failures) / result.seconds,
    serverMicros: serverMicros!,
    redisMicros: redisMicros!,
  };
}

/** The median sample of each contender, in the order of the contenders. */
function medians(samples: readonly Sample[]): Sample[] {
  return [...Map.groupBy(samples, ({ name }) => name).values()].map((same) => {
    const of = (pick: (sample: Sample) => number) => median(same.map(pick));
    return {
      ...same[0]!,
      requests: of((s) => s.requests),
      failures: same.reduce((sum, s) => sum + s.failures, 0),
      perSecond: of((s) => s.perSecond),
      p50Ms: of((s) => s.p50Ms),
      p99Ms: of((s) => s.p99Ms),
      serverMicros: of((s) => s.serverMicros),
      redisMicros: of((s) => s.redisMicros),
    };
  });
}

/** A contender's rate over another's, as the median of the rounds' ratios. */
function ratio(samples: readonly Sample[], name: string, to: string): number {
  const rates = (wanted: string) =>
    samples.filter((s) => s.name === wanted).map((s) => s.perSecond);
  const others = rates(to);
  return median(rates(name).map((rate, round) => rate / others[round]!));
}

function show(connections: number, samples: readonly Sample[]): void {
  console.log(`\n${grouped(connections)} connections`);
  printTable(
    ["", "per second", "/ bare", "/ BullMQ", "p50 ms", "p99 ms", "CPU µs", "Redis µs", "failed"],
    medians(samples).map((s) => [
      s.name,
      grouped(s.perSecond),
      ratio(samples, s.name, BARE).toFixed(2),
      ratio(samples, s.name, BULLMQ).toFixed(2),
      s.p50Ms.toFixed(2),
      s.p99Ms.toFixed(2),
      s.serverMicros.toFixed(1),
      s.redisMicros.toFixed(1),
      grouped(s.failures),
    ]),
  );
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: "string", default: "8" },
      rounds: { type: "string", default: "3" },
      connections: { type: "string", default: "64,1000" },
    },
  });
  const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
  const counts = values.connections.split(",").map(Number);
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const contenders = await startContenders(postgres, stack);
  const generator = await loadGenerator();
  const info = String(await contenders[0]!.redis.node.command("INFO", "server"));
  const machine = describeMachine(info);
  console.log(`load by ${generator}; ${rounds} rounds of ${seconds} s, medians`);
  for (const contender of contenders) await measure(contender, 64, WARM_SECONDS, generator);
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const connections of counts) {
      for (const contender of contenders) {
        samples.push(await measure(contender, connections, seconds, generator));
      }
    }
  }
  for (const connections of counts) {
    show(connections, samples.filter((sample) => sample.connections === connections));
  }
  const path = await writeResults("submit", { machine, generator, seconds, rounds, samples });
  console.log(`\nwritten to ${path}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
