/**
 * One worker that serves all models: how fast it works off the same number of jobs, spread over more
 * and more of them.
 *
 * @module
 */
import { newJobId } from "../actors/job_id.ts";
import { RedisJobQueue } from "../actors/job_queues/redis.ts";
import { Catalog } from "../registry/catalog.ts";
import { PostgresDatabase } from "../registry/databases/postgres.ts";
import { DEFAULT_SETTINGS } from "../registry/model.ts";
import { freePort } from "../tests/services/free_port.ts";
import { startPostgres } from "../tests/services/postgres.ts";
import { startSingleRedis } from "../tests/services/redis.ts";
import { INPUT } from "./caffeine.ts";
import { cpuSeconds } from "./cpu_time.ts";
import { registerMany } from "./many_models.ts";
import { Spawned } from "./spawned.ts";

/** Jobs of so many models, worked off by one worker. */
export interface ModelsSample {
  readonly models: number;
  readonly jobs: number;
  /** From the first job's end to the last's. */
  readonly seconds: number;
  readonly perSecond: number;
  /** Processor microseconds of the worker per job. */
  readonly workerMicros: number;
}

const CONCURRENCY = 256;
const SUBMITTING = 256;
const WAITING = 64;
const MOST_MS = 600_000;

/** Fills the queues, starts a scheduler and a worker, and waits until every job has ended. */
export async function measureModels(models: number, jobs: number): Promise<ModelsSample> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const redis = stack.use(await startSingleRedis());
  const tags = await register(postgres.url, models);
  const queue = stack.use(new RedisJobQueue({ url: redis.url }, { leaseMs: 30_000 }));
  const ids = await fill(queue, tags, jobs);
  // Each queue is worked off in order: with its last job, all of them have ended.
  const last = ids.slice(-Math.min(models, jobs));
  const env = {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    MODEL_GATEWAY_LOG_LEVEL: "error",
    MODEL_GATEWAY_AUDIT: "off",
  };
  const start = (role: string) =>
    stack.use(new Spawned("main.ts", ["--role", role, "--port", `${freePort()}`], env));
  const first = Promise.race(ids.slice(0, WAITING).map((id) => queue.settled(id, MOST_MS)));
  const ended = ends(queue, last);
  start("scheduler");
  const worker = start("worker");
  await first;
  const [began, used] = [performance.now(), await cpuSeconds(worker.pid)];
  const states = new Set(await ended);
  const seconds = (performance.now() - began) / 1000;
  if (states.size !== 1 || !states.has("completed")) {
    throw new Error(`jobs ended as ${[...states].join(", ")}`);
  }
  const workerMicros = (await cpuSeconds(worker.pid) - used) * 1e6 / jobs;
  return { models, jobs, seconds, perSecond: jobs / seconds, workerMicros };
}

/** How jobs have ended; waits for some at a time. */
async function ends(queue: RedisJobQueue, ids: readonly string[]): Promise<(string | undefined)[]> {
  const states: (string | undefined)[] = [];
  const left = [...ids];
  await Promise.all(Array.from({ length: WAITING }, async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const job = await queue.settled(id, MOST_MS);
      states.push(job?.error ? `${job.state} (${job.error.code})` : job?.state);
    }
  }));
  return states;
}

async function register(url: string, models: number): Promise<number[]> {
  await using database = new PostgresDatabase(url);
  await registerMany(database, { models, settings: { concurrency: CONCURRENCY } });
  await using catalog = new Catalog(database);
  await catalog.refresh();
  return Array.from({ length: models }, (_, n) => catalog.model(`model-${n}`)!.tag);
}

/** Submits the jobs to all queues in turn; answers their ids in that order. */
async function fill(
  queue: RedisJobQueue,
  tags: readonly number[],
  jobs: number,
): Promise<string[]> {
  const ids: string[] = [];
  const input = JSON.stringify(INPUT);
  const limits = { ...DEFAULT_SETTINGS, queueTimeoutSeconds: 86_400 };
  await Promise.all(Array.from({ length: SUBMITTING }, async () => {
    while (ids.length < jobs) {
      const n = ids.length % tags.length;
      const id = newJobId(tags[n]!);
      ids.push(id);
      await queue.submit({
        id,
        model: `model-${n}`,
        version: "v1",
        lane: "interactive",
        input,
        limits,
        submitter: "user:ada",
      });
    }
  }));
  return ids;
}
