// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * What many models cost: a gateway, a scheduler and a worker that know them all, while nothing goes
 * on and for a job now and then.
 *
 * Flags: `--models A,B,...` (1,10,100,1000,10000), `--seconds N` (20) of idleness, `--jobs N` (300).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { freePort } from "../tests/services/free_port.ts";
import { startPostgres } from "../tests/services/postgres.ts";
import { startSingleRedis } from "../tests/services/redis.ts";
import { INPUT } from "./caffeine.ts";
import { cpuSeconds } from "./cpu_time.ts";
import { describeMachine } from "./machine.ts";
import { registerOnPostgres } from "./many_models.ts";
import { percentile } from "./percentile.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { residentBytes } from "./resident_memory.ts";
import { Spawned } from "./spawned.ts";

const ROLES = ["gateway", "scheduler", "worker"] as const;

interface Sample {
  readonly models: number;
  /** From the start of all processes until each is ready. */
  readonly startSeconds: number;
  /** Share of one processor while nothing goes on, by process. */
  readonly idleCpu: Readonly<Record<string, number>>;
  readonly memoryMiB: Readonly<Record<string, number>>;
  /** A prediction of a model drawn by lot, one at a time. */
  readonly predictP50Ms: number;
  readonly predictP99Ms: number;
}

async function measure(models: number, seconds: number, jobs: number): Promise<Sample> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const redis = stack.use(await startSingleRedis());
  const key = await registerOnPostgres(postgres.url, models);
  const env = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    MODEL_GATEWAY_LOG_LEVEL: "error",
  };
  const began = performance.now();
  const pids = new Map<string, number>();
  let url = "";
  for (const role of ROLES) {
    const port = freePort();
    const process = stack.use(new Spawned("main.ts", ["--role", role, "--port", `${port}`], env));
    await process.ready(`http://127.0.0.1:${port}/readyz`);
    pids.set(role, process.pid);
    if (role === "gateway") url = `http://127.0.0.1:${port}`;
  }
  pids.set("redis", redis.pid!);
  const startSeconds = (performance.now() - began) / 1000;
  await pause(SETTLE_SECONDS);
  const idleCpu = await idleness(pids, seconds);
  const memoryMiB: Record<string, number> = {};
  for (const [name, pid] of pids) {
    memoryMiB[name] = Math.round(await residentBytes(pid) / 2 ** 20);
  }
  const times = await predictions(url, key, models, jobs);
  return {
    models,
    startSeconds,
    idleCpu,
    memoryMiB,
    predictP50Ms: percentile(times, 0.5),
    predictP99Ms: percentile(times, 0.99),
  };
}

/** What the first rounds over all models may take before idleness is measured. */
const SETTLE_SECONDS = 8;

async function idleness(
  pids: ReadonlyMap<string, number>,
  seconds: number,
): Promise<Record<string, number>> {
  const used = async () => await Promise.all([...pids.values()].map(cpuSeconds));
  const before = await used();
  await pause(seconds);
  const after = await used();
  return Object.fromEntries([...pids.keys()].map((name, i) => [
    name,
    (after[i]! - before[i]!) / seconds,
  ]));
}

async function predictions(
  url: string,
  key: string,
  models: number,
  count: number,
): Promise<Float64Array> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({ input: INPUT });
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const model = `model-${Math.floor(Math.random() * models)}`;
    const asked = performance.now();
    const response = await fetch(`${url}/v1/models/${model}/predict`, {
      method: "POST",
      headers,
      body,
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    times.push(performance.now() - asked);
  }
  return Float64Array.from(times).sort();
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      models: { type: "string", default: "1,10,100,1000,10000" },
      seconds: { type: "string", default: "20" },
      jobs: { type: "string", default: "300" },
    },
  });
  await using redis = await startSingleRedis();
  const machine = describeMachine(String(await redis.node.command("INFO", "server")));
  const samples: Sample[] = [];
  for (const models of values.models.split(",").map(Number)) {
    samples.push(await measure(models, Number(values.seconds), Number(values.jobs)));
  }
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const all = [...ROLES, "redis"];
  printTable(
    [
      "models",
      "start s",
      ...all.map((name) => `${name} idle`),
      ...all.map((name) => `${name} MiB`),
      "predict p50 ms",
      "p99 ms",
    ],
    samples.map((sample) => [
      grouped(sample.models),
      sample.startSeconds.toFixed(1),
      ...all.map((name) => percent(sample.idleCpu[name]!)),
      ...all.map((name) => grouped(sample.memoryMiB[name]!)),
      sample.predictP50Ms.toFixed(1),
      sample.predictP99Ms.toFixed(1),
    ]),
  );
  console.log(`\nwritten to ${await writeResults("models", { machine, samples })}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
