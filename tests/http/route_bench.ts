/**
 * A gateway whose jobs run in a real worker and whose routes are looked after by real schedulers, on
 * a job queue of the test's choice.
 *
 * @module
 */
import { DatabaseBlobStore } from "../../actors/blob_stores/database.ts";
import type { Backend, BackendCall, BackendResult } from "../../actors/backend.ts";
import type { JobQueue } from "../../actors/job_queue.ts";
import { RedisJobQueue } from "../../actors/job_queues/redis.ts";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { ResultCache } from "../../actors/result_cache.ts";
import { Scheduler, type SchedulerOptions } from "../../actors/scheduler.ts";
import { Worker, type WorkerOptions } from "../../actors/worker.ts";
import type { NewVersion } from "../../registry/definition.ts";
import { FunctionBackend } from "../actors/workplace.ts";
import { serviceTest, sharedService } from "../services/shared.ts";
import { TestGateway } from "./test_gateway.ts";

const LEASE_MS = 5_000;

/** How a version answers; `ok` with the input where nothing is said. */
export type Compute = (call: BackendCall) => BackendResult | Promise<BackendResult>;

export class RouteBench implements AsyncDisposable {
  readonly #schedulers: Scheduler[] = [];
  readonly #workers: Worker[] = [];

  private constructor(
    readonly t: TestGateway,
    readonly queue: JobQueue,
    readonly cache: ResultCache,
  ) {}

  static async start(queue: JobQueue): Promise<RouteBench> {
    const backends = { kinds: () => ["echo", "chemistry"], check: () => [] };
    const t = await TestGateway.start({}, { jobs: queue, backends });
    const cache = new ResultCache(new DatabaseBlobStore(t.database));
    Object.assign(t.gateway, { cache });
    return new RouteBench(t, queue, cache);
  }

  /** Registers a public model of ada's: its versions in this order, the first the default. */
  async model(name: string, ...versions: readonly NewVersion[]): Promise<void> {
    const { registry, catalog } = this.t.gateway;
    const [first, ...rest] = versions;
    await registry.createModel("user:ada", {
      name,
      description: `The model ${name}`,
      visibility: "public",
      settings: { concurrency: 32, maxAttempts: 1 },
      version: first!,
    });
    for (const version of rest) await registry.addVersion("user:ada", name, version);
    await registry.setDefaultVersion("user:ada", name, first!.version);
    await catalog.refresh();
  }

  /** Starts a worker for versions of the kind `echo` that compute so. */
  work(compute: Compute, options: Partial<WorkerOptions> = {}): void {
    this.workOn(new Map<string, Backend>([["echo", new FunctionBackend(compute)]]), options);
  }

  workOn(backends: ReadonlyMap<string, Backend>, options: Partial<WorkerOptions> = {}): void {
    const worker = new Worker({
      queue: this.queue,
      catalog: this.t.gateway.catalog,
      backends,
      name: `worker-${this.#workers.length}`,
      serves: () => true,
      leaseMs: LEASE_MS,
      concurrency: 64,
      cache: this.cache,
      ...options,
    });
    this.#workers.push(worker);
    worker.start();
  }

  async scheduler(options: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
    const { catalog, registry } = this.t.gateway;
    const scheduler = new Scheduler({
      queue: this.queue,
      catalog,
      registry,
      name: `scheduler-${crypto.randomUUID().slice(0, 8)}`,
      leaseMs: LEASE_MS,
      sender: { send: () => Promise.reject(new Error("there are no callbacks here")) },
      ...options,
    });
    this.#schedulers.push(scheduler);
    await scheduler.start();
    return scheduler;
  }

  /** Sets a route, which must be taken. */
  async route(model: string, body: unknown): Promise<void> {
    const response = await this.t.call("PUT", `/v1/models/${model}/route`, { body });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
  }

  /** Submits a job and answers it as it ended. */
  async ended(model: string, input: unknown, more: Record<string, unknown> = {}) {
    const id = await this.t.submit(model, { input, ...more });
    return (await this.queue.settled(id, 10_000))!;
  }

  /** How the canary of a model stands. */
  async canary(model: string): Promise<{ phase: string; step: number; reason: string }> {
    const response = await this.t.call("GET", `/v1/models/${model}/route/canary`);
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    return JSON.parse(text);
  }

  /** The changes of a model's route by those who look after it, the first first. */
  async steps(model: string): Promise<string[]> {
    const changes = await this.t.gateway.registry.changes(0, 1000);
    return changes.flatMap(({ subject, actor, reason }) =>
      subject === `route:${model}` && actor === "system:canary" ? [reason!] : []
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#schedulers.map((scheduler) => scheduler.stop()));
    await Promise.all(this.#workers.map((worker) => worker.drain(0)));
    await this.t[Symbol.asyncDispose]();
  }
}

/** Registers a test once for each kind of job queue; skipped, with the reason, where it has none. */
export async function onEachQueue(
  name: string,
  run: (queue: JobQueue) => Promise<void>,
): Promise<void> {
  Deno.test(`[sqlite] ${name}`, async () => {
    await using queue = new SqliteJobQueue(":memory:");
    await run(queue);
  });
  serviceTest(await sharedService("redis"), `[redis] ${name}`, async (url) => {
    await using queue = new RedisJobQueue({ url });
    await run(queue);
  });
}
