// deno-lint-ignore-file no-console -- it prints what was measured
/**
 * `deno task bench:consensus`: consensus jobs with three no-op children beside plain no-op jobs, in
 * one run: how many are done per second, what each takes of the processors, and what a consensus
 * adds to the time of its slowest child.
 *
 * One scheduler and one worker, a process each; the jobs are handed to the queue as a gateway does.
 * Flags: `--jobs N` (20000) consensus jobs per round and three times as many plain ones, `--rounds
 * N` (3), `--asked N` (1000) one after the other for the latency.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { NewJob } from "../actors/job.ts";
import { newJobId } from "../actors/job_id.ts";
import { RedisJobQueue } from "../actors/job_queues/redis.ts";
import { Catalog } from "../registry/catalog.ts";
import { PostgresDatabase } from "../registry/databases/postgres.ts";
import { migrate } from "../registry/migrate.ts";
import { DEFAULT_SETTINGS } from "../registry/model.ts";
import { Registry } from "../registry/registry.ts";
import { freePort } from "../tests/services/free_port.ts";
import { startPostgres } from "../tests/services/postgres.ts";
import { startSingleRedis } from "../tests/services/redis.ts";
import { cpuSeconds } from "./cpu_time.ts";
import { describeMachine } from "./machine.ts";
import { median, percentile } from "./percentile.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { Spawned } from "./spawned.ts";

const CHILDREN = ["one", "two", "three"];
const PLAIN = "plain";
const CONSENSUS = "consensus";
/** Submissions under way at once. */
const SUBMITTING = 1000;
const WARM_UP = 2000;

/** One queue worked off once. */
interface RateSample {
  readonly model: string;
  readonly jobs: number;
  readonly perSecond: number;
  /** Processor microseconds per job, by process; the driver submits. */
  readonly micros: Readonly<Record<string, number>>;
}

/** Latencies in milliseconds. */
interface LatencySample {
  readonly plain: { readonly p50: number; readonly p99: number };
  readonly consensus: { readonly p50: number; readonly p99: number };
  /** Of the same consensus job, what it takes longer than its slowest child, by the job records. */
  readonly added: { readonly p50: number; readonly p99: number };
}

async function register(databaseUrl: string): Promise<void> {
  await using database = new PostgresDatabase(databaseUrl);
  await migrate(database);
  const registry = new Registry(database);
  for (const name of [PLAIN, ...CHILDREN]) {
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
    const settings = { concurrency: 256 };
    await registry.createModel("user:ada", { name, description: name, settings, version });
  }
  const children = CHILDREN.map((name) => `${name}: {model: ${name}, output: x}`).join(", ");
  const document = `name: ${CONSENSUS}\nchildren: {${children}}\nscheme: mean\n`;
  const version = { version: "1", backend: { kind: "consensus", document }, inputSchema: true };
  await registry.createModel("user:ada", { name: CONSENSUS, description: CONSENSUS, version });
}

class Bench implements AsyncDisposable {
  private constructor(
    readonly queue: RedisJobQueue,
    readonly catalog: Catalog,
    /** Process ids by what they are. */
    readonly pids: Readonly<Record<string, number>>,
    readonly redisInfo: string,
    readonly stack: AsyncDisposableStack,
  ) {}

  static async start(): Promise<Bench> {
    const stack = new AsyncDisposableStack();
    const postgres = stack.use(await startPostgres());
    const redis = stack.use(await startSingleRedis());
    await register(postgres.url);
    const env = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      MODEL_GATEWAY_LOG_LEVEL: "error",
    };
    const pids: Record<string, number> = { driver: Deno.pid, redis: redis.pid! };
    for (const role of ["worker", "scheduler"]) {
      const port = freePort();
      const args = ["--role", role, "--port", `${port}`, "--concurrency", "1000"];
      const process = stack.use(new Spawned("main.ts", args, env));
      await process.ready(`http://127.0.0.1:${port}/readyz`);
      pids[role] = process.pid;
    }
    const database = stack.use(new PostgresDatabase(postgres.url));
    const catalog = stack.use(new Catalog(database));
    await catalog.start();
    const queue = stack.use(new RedisJobQueue({ url: redis.url }));
    const info = String(await redis.node.command("INFO", "server"));
    return new Bench(queue, catalog, pids, info, stack);
  }

  #job(model: string): NewJob {
    const id = newJobId(this.catalog.model(model)!.tag);
    const input = '{"x":1.5}';
    const limits = DEFAULT_SETTINGS;
    return { id, model, version: "1", lane: "interactive", input, limits, submitter: "user:ada" };
  }

  /** Hands in so many jobs and waits until the last is done. */
  async rate(model: string, jobs: number): Promise<RateSample> {
    const tag = this.catalog.model(model)!.tag;
    const done = async () => (await this.queue.measure(tag)).totals.completed;
    const before = await done();
    const used = await this.#used();
    const began = performance.now();
    let submitted = 0;
    await Promise.all(Array.from({ length: SUBMITTING }, async () => {
      while (submitted++ < jobs) await this.queue.submit(this.#job(model));
    }));
    while (await done() < before + jobs) await new Promise((resolve) => setTimeout(resolve, 10));
    const seconds = (performance.now() - began) / 1000;
    const now = await this.#used();
    const micros = Object.fromEntries(
      Object.keys(now).map((name) => [name, (now[name]! - used[name]!) * 1e6 / jobs]),
    );
    return { model, jobs, perSecond: jobs / seconds, micros };
  }

  async #used(): Promise<Record<string, number>> {
    const entries = Object.entries(this.pids).map(async ([name, pid]) =>
      [name, await cpuSeconds(pid)] as const
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Asks for one job after the other, the two kinds in turn. */
  async latency(asked: number): Promise<LatencySample> {
    const times: Record<string, number[]> = { [PLAIN]: [], [CONSENSUS]: [] };
    const added: number[] = [];
    for (let i = 0; i < asked; i++) {
      for (const model of [PLAIN, CONSENSUS]) {
        const began = performance.now();
        const job = await this.queue.ask(this.#job(model), 30_000);
        times[model]!.push(performance.now() - began);
        if (job?.state !== "completed") throw new Error(`a job ended ${job?.state}`);
        if (model === CONSENSUS) added.push(await this.#added(job.id));
      }
    }
    return {
      plain: tails(times[PLAIN]!),
      consensus: tails(times[CONSENSUS]!),
      added: tails(added),
    };
  }

  /** From the parent's submission to its end, less the time that the slowest child ran. */
  async #added(id: string): Promise<number> {
    const parent = (await this.queue.get(id))!;
    const { children } = JSON.parse(parent.trace!).verdict as { children: { jobId: string }[] };
    const jobs = await Promise.all(children.map(({ jobId }) => this.queue.get(jobId)));
    const slowest = Math.max(...jobs.map((job) => job!.finishedAt! - job!.startedAt!));
    return parent.finishedAt! - parent.submittedAt - slowest;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}

function tails(times: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

function totalMicros({ micros }: RateSample): number {
  return Object.values(micros).reduce((sum, each) => sum + each, 0);
}

function printRates(samples: readonly RateSample[]): { rate: number; processors: number } {
  const of = (model: string) => samples.filter((sample) => sample.model === model);
  const names = Object.keys(samples[0]!.micros);
  printTable(
    ["", "done/s", "/ plain", ...names.map((name) => `${name} µs`), "all µs", "/ plain"],
    [PLAIN, CONSENSUS].map((model) => [
      model,
      grouped(median(of(model).map((sample) => sample.perSecond))),
      ratio(samples, model, (sample) => sample.perSecond).toFixed(2),
      ...names.map((name) => median(of(model).map(({ micros }) => micros[name]!)).toFixed(0)),
      median(of(model).map(totalMicros)).toFixed(0),
      ratio(samples, model, totalMicros).toFixed(2),
    ]),
  );
  return {
    rate: ratio(samples, CONSENSUS, (sample) => sample.perSecond),
    processors: ratio(samples, CONSENSUS, totalMicros),
  };
}

/** The median of the rounds' ratios to the plain jobs. */
function ratio(
  samples: readonly RateSample[],
  model: string,
  pick: (sample: RateSample) => number,
): number {
  const plain = samples.filter((sample) => sample.model === PLAIN).map(pick);
  const these = samples.filter((sample) => sample.model === model).map(pick);
  return median(these.map((value, round) => value / plain[round]!));
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: "string", default: "20000" },
      rounds: { type: "string", default: "3" },
      asked: { type: "string", default: "1000" },
    },
  });
  const [jobs, rounds, asked] = [values.jobs, values.rounds, values.asked].map(Number);
  await using bench = await Bench.start();
  const machine = describeMachine(bench.redisInfo);
  for (const model of [PLAIN, CONSENSUS]) await bench.rate(model, WARM_UP);
  console.log(`${rounds} rounds of ${grouped(jobs!)} consensus jobs, medians\n`);
  const samples: RateSample[] = [];
  for (let round = 0; round < rounds!; round++) {
    samples.push(await bench.rate(PLAIN, 3 * jobs!));
    samples.push(await bench.rate(CONSENSUS, jobs!));
  }
  const ratios = printRates(samples);
  const latency = await bench.latency(asked!);
  console.log(`\n${grouped(asked!)} of each, one after the other\n`);
  printTable(
    ["", "p50 ms", "p99 ms"],
    Object.entries(latency).map((
      [name, { p50, p99 }],
    ) => [name, p50.toFixed(2), p99.toFixed(2)]),
  );
  const path = await writeResults("consensus", { machine, rounds, ratios, samples, latency });
  console.log(`\nwritten to ${path}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
