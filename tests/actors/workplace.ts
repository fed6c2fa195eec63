/**
 * A place to try workers and schedulers in: the real embedded queue and registry, a model on a
 * backend of the test's choice.
 *
 * @module
 */
import type { Backend, BackendCall, BackendResult } from "../../actors/backend.ts";
import { newJobId } from "../../actors/job_id.ts";
import type { Job } from "../../actors/job.ts";
import type { NewJob } from "../../actors/job.ts";
import { SqliteJobQueue } from "../../actors/job_queues/sqlite.ts";
import { Worker, type WorkerEvent, type WorkerOptions } from "../../actors/worker.ts";
import { Catalog } from "../../registry/catalog.ts";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";
import { migrate } from "../../registry/migrate.ts";
import type { JobSettings, JsonSchema } from "../../registry/model.ts";
import { Registry } from "../../registry/registry.ts";
import { LIMITS } from "../contracts/job_queue_store.ts";

export const LEASE_MS = 300;

/** A backend of one function. */
export class FunctionBackend implements Backend {
  readonly kind = "function";
  readonly batches: number[] = [];
  readonly runBatch?: (calls: readonly BackendCall[]) => Promise<BackendResult[]>;

  constructor(
    readonly compute: (call: BackendCall) => Promise<BackendResult> | BackendResult,
    batching = false,
  ) {
    if (batching) {
      this.runBatch = (calls) => {
        this.batches.push(calls.length);
        return Promise.all(calls.map((call) => this.run(call)));
      };
    }
  }

  check() {
    return [];
  }

  async run(call: BackendCall): Promise<BackendResult> {
    return await this.compute(call);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export class Workplace implements AsyncDisposable {
  readonly workers: Worker[] = [];
  readonly events: WorkerEvent[] = [];

  private constructor(
    readonly database: SqliteDatabase,
    readonly registry: Registry,
    readonly catalog: Catalog,
    readonly queue: SqliteJobQueue,
  ) {}

  static async open(): Promise<Workplace> {
    const database = new SqliteDatabase(":memory:");
    await migrate(database);
    const catalog = new Catalog(database);
    await catalog.start();
    const queue = new SqliteJobQueue(":memory:", { leaseMs: LEASE_MS, maxStalls: 2 });
    return new Workplace(database, new Registry(database), catalog, queue);
  }

  /** Registers a model on the function backend; answers its tag. */
  async model(
    name: string,
    settings?: Partial<JobSettings>,
    outputSchema?: JsonSchema,
  ): Promise<number> {
    const version = {
      version: "1",
      backend: { kind: "function" },
      inputSchema: true,
      ...(outputSchema === undefined ? {} : { outputSchema }),
    };
    await this.registry.createModel("user:ada", {
      name,
      description: name,
      settings: settings ?? {},
      version,
    });
    await this.catalog.refresh();
    return this.catalog.model(name)!.tag;
  }

  /** Registers a consensus model, its document after the name; answers its tag. */
  async consensus(
    name: string,
    document: string,
    settings: Partial<JobSettings> = {},
  ): Promise<number> {
    const backend = { kind: "consensus", document: `name: ${name}\n${document}` };
    const version = { version: "1", backend, inputSchema: true, units: "log" };
    await this.registry.createModel("user:ada", { name, description: name, settings, version });
    await this.catalog.refresh();
    return this.catalog.model(name)!.tag;
  }

  worker(backend: Backend, options: Partial<WorkerOptions> = {}): Worker {
    const worker = new Worker({
      queue: this.queue,
      catalog: this.catalog,
      backends: new Map([["function", backend]]),
      name: `worker-${this.workers.length + 1}`,
      serves: () => true,
      leaseMs: LEASE_MS,
      concurrency: 100,
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
    this.workers.push(worker);
    worker.start();
    return worker;
  }

  async submit(tag: number, input: unknown = {}, change: Partial<NewJob> = {}): Promise<string> {
    const model = this.catalog.modelByTag(tag)!.name;
    const id = newJobId(tag);
    await this.queue.submit({
      ...{ id, model, version: "1", lane: "interactive", submitter: "user:ada", limits: LIMITS },
      input: JSON.stringify(input),
      ...change,
    });
    return id;
  }

  /** The job once it has ended, or as it stands after ten seconds. */
  async ended(id: string): Promise<Job> {
    return (await this.queue.settled(id, 10_000))!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.drain(0)));
    await this.catalog.stop();
    await this.queue[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
  }
}
