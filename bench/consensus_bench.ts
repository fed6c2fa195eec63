/**
 * A gateway, a scheduler and a worker as processes with consensus models and plain ones, and what is
 * measured of them.
 *
 * @module
 */
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
import { percentile } from "./percentile.ts";
import { residentBytes } from "./resident_memory.ts";
import { Spawned } from "./spawned.ts";

const CHILDREN = ["one", "two", "three"];
export const PLAIN = "plain";
export const CONSENSUS = "consensus";
/** How jobs come in, and how many submissions are under way at once. */
export const WAYS = { "through the API": 128, "into the queue": 1000 } as const;
export type Way = keyof typeof WAYS;

/** A consensus whose children nobody runs. */
const PATIENT = "patient";

/** One queue worked off once. */
export interface RateSample {
  readonly way: Way;
  readonly model: string;
  readonly jobs: number;
  readonly perSecond: number;
  /** Processor microseconds per job, by process; the driver submits. */
  readonly micros: Readonly<Record<string, number>>;
}

/** Latencies in milliseconds. */
export interface LatencySample {
  readonly plain: { readonly p50: number; readonly p99: number };
  readonly consensus: { readonly p50: number; readonly p99: number };
  /** Of the same consensus job, what it takes longer than its slowest child, by the job records. */
  readonly added: { readonly p50: number; readonly p99: number };
}

/** What the scheduler takes for consensus jobs that wait for their children. */
export interface InFlightSample {
  readonly jobs: number;
  /** From the submission of the first until the scheduler has all of them, with their children asked. */
  readonly seconds: number;
  /** Of the scheduler's memory, what they added, per job. */
  readonly bytesPerJob: number;
  readonly schedulerMiB: number;
  /** Share of one processor, once all of them wait. */
  readonly schedulerBusy: number;
  readonly redisBusy: number;
}

/** Registers the models; answers the key of a user of them. */
async function register(databaseUrl: string): Promise<string> {
  await using database = new PostgresDatabase(databaseUrl);
  await migrate(database);
  const registry = new Registry(database);
  for (const name of [PLAIN, ...CHILDREN]) {
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
    const settings = { concurrency: 256 };
    await registry.createModel("user:ada", { name, description: name, settings, version });
  }
  // In a process that serves none of these, they stay where they are queued.
  for (const name of CHILDREN.map(asleep)) {
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
    await registry.createModel("user:ada", { name, description: name, version });
  }
  await registerConsensus(registry, CONSENSUS, CHILDREN);
  await registerConsensus(registry, PATIENT, CHILDREN.map(asleep));
  return (await registry.createKey("system", { user: "ada" })).key;
}

function asleep(name: string): string {
  return `${name}-asleep`;
}

async function registerConsensus(
  registry: Registry,
  name: string,
  models: readonly string[],
): Promise<void> {
  const children = models.map((model, i) => `c${i}: {model: ${model}, output: x}`).join(", ");
  const document = `name: ${name}\nchildren: {${children}}\nscheme: mean\n`;
  const version = { version: "1", backend: { kind: "consensus", document }, inputSchema: true };
  await registry.createModel("user:ada", { name, description: name, version });
}

const SETTLE_MS = 5000;
const WATCHED_MS = 10_000;

/** The processes, and what is measured of them. */
export class ConsensusBench implements AsyncDisposable {
  private constructor(
    readonly queue: RedisJobQueue,
    readonly catalog: Catalog,
    /** Process ids by what they are. */
    readonly pids: Readonly<Record<string, number>>,
    readonly redisInfo: string,
    readonly url: string,
    readonly key: string,
    readonly stack: AsyncDisposableStack,
  ) {}

  static async start(): Promise<ConsensusBench> {
    const stack = new AsyncDisposableStack();
    const postgres = stack.use(await startPostgres());
    const redis = stack.use(await startSingleRedis());
    const key = await register(postgres.url);
    const env = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      MODEL_GATEWAY_LOG_LEVEL: "error",
    };
    const pids: Record<string, number> = { driver: Deno.pid, redis: redis.pid! };
    let url = "";
    for (const role of ["worker", "scheduler", "gateway"]) {
      const port = freePort();
      const args = ["--role", role, "--port", `${port}`, "--concurrency", "1000"];
      if (role === "worker") args.push("--models", [PLAIN, ...CHILDREN].join(","));
      const process = stack.use(new Spawned("main.ts", args, env));
      url = `http://127.0.0.1:${port}`;
      await process.ready(`${url}/readyz`);
      pids[role] = process.pid;
    }
    const database = stack.use(new PostgresDatabase(postgres.url));
    const catalog = stack.use(new Catalog(database));
    await catalog.start();
    const queue = stack.use(new RedisJobQueue({ url: redis.url }));
    const info = String(await redis.node.command("INFO", "server"));
    return new ConsensusBench(queue, catalog, pids, info, url, key, stack);
  }

  #job(model: string): NewJob {
    const id = newJobId(this.catalog.model(model)!.tag);
    const input = '{"x":1.5}';
    const limits = DEFAULT_SETTINGS;
    return { id, model, version: "1", lane: "interactive", input, limits, submitter: "user:ada" };
  }

  /** Hands in so many jobs and waits until the last is done. */
  async rate(way: Way, model: string, jobs: number): Promise<RateSample> {
    const tag = this.catalog.model(model)!.tag;
    const done = async () => (await this.queue.measure(tag)).totals.completed;
    const before = await done();
    const used = await this.#used();
    const began = performance.now();
    let submitted = 0;
    await Promise.all(Array.from({ length: WAYS[way] }, async () => {
      while (submitted++ < jobs) await this.#submit(way, model);
    }));
    while (await done() < before + jobs) await new Promise((resolve) => setTimeout(resolve, 10));
    const seconds = (performance.now() - began) / 1000;
    const now = await this.#used();
    const micros = Object.fromEntries(
      Object.keys(now).map((name) => [name, (now[name]! - used[name]!) * 1e6 / jobs]),
    );
    return { way, model, jobs, perSecond: jobs / seconds, micros };
  }

  async #submit(way: Way, model: string): Promise<void> {
    if (way === "into the queue") return void await this.queue.submit(this.#job(model));
    const response = await fetch(`${this.url}/v1/jobs`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      body: `{"model":"${model}","input":{"x":1.5}}`,
    });
    const text = await response.text();
    if (response.status !== 202) throw new Error(`${response.status}: ${text}`);
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

  /** Hands in consensus jobs whose children are not run, and looks at what waiting takes. */
  async inFlight(jobs: number): Promise<InFlightSample> {
    const scheduler = this.pids.scheduler!;
    const before = await residentBytes(scheduler);
    const began = performance.now();
    let submitted = 0;
    await Promise.all(Array.from({ length: 256 }, async () => {
      while (submitted++ < jobs) await this.queue.submit(this.#job(PATIENT));
    }));
    const last = this.catalog.model(asleep(CHILDREN.at(-1)!))!.tag;
    while ((await this.queue.measure(last)).waiting.interactive < jobs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const seconds = (performance.now() - began) / 1000;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const used = await this.#used();
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
    const now = await this.#used();
    const after = await residentBytes(scheduler);
    const busy = (name: string) => (now[name]! - used[name]!) / (WATCHED_MS / 1000);
    return {
      jobs,
      seconds,
      bytesPerJob: (after - before) / jobs,
      schedulerMiB: after / 2 ** 20,
      schedulerBusy: busy("scheduler"),
      redisBusy: busy("redis"),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stack.disposeAsync();
  }
}

function tails(times: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
