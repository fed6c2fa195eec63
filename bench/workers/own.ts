/**
 * This project's worker on its Redis queue: leases and heartbeats, fenced settling, retries,
 * history, measures.
 *
 * Arguments: the URL of Redis, the number of jobs.
 *
 * @module
 */
import { EchoBackend } from "../../actors/backends/echo.ts";
import { newJobId } from "../../actors/job_id.ts";
import { RedisJobQueue } from "../../actors/job_queues/redis.ts";
import { Worker } from "../../actors/worker.ts";
import { Catalog } from "../../registry/catalog.ts";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";
import { migrate } from "../../registry/migrate.ts";
import { DEFAULT_SETTINGS } from "../../registry/model.ts";
import { Registry } from "../../registry/registry.ts";
import { INPUT, MODEL } from "../caffeine.ts";
import { CONCURRENCY, type MeasuredQueue, runMeasured } from "./measured.ts";

const LEASE_MS = 30_000;
/** Submissions under way at once: what a gateway has with 1,000 connections. */
const SUBMITTING = 1000;

class OwnQueue implements MeasuredQueue {
  readonly #queue: RedisJobQueue;
  readonly #catalog: Catalog;
  readonly #tag: number;

  constructor(url: string, catalog: Catalog) {
    this.#queue = new RedisJobQueue({ url }, { leaseMs: LEASE_MS });
    this.#catalog = catalog;
    this.#tag = catalog.model(MODEL)!.tag;
  }

  async fill(jobs: number): Promise<void> {
    let filled = 0;
    await Promise.all(Array.from({ length: SUBMITTING }, async () => {
      while (filled++ < jobs) {
        await this.#queue.submit({
          id: newJobId(this.#tag),
          model: MODEL,
          version: "1.0",
          lane: "interactive",
          input: JSON.stringify(INPUT),
          limits: DEFAULT_SETTINGS,
          submitter: "user:ada",
        });
      }
    }));
  }

  work(settled: () => void): void {
    new Worker({
      queue: this.#queue,
      catalog: this.#catalog,
      backends: new Map([["echo", new EchoBackend()]]),
      name: "bench",
      serves: () => true,
      leaseMs: LEASE_MS,
      concurrency: CONCURRENCY,
      onEvent: ({ kind }) => {
        if (kind === "attempt") settled();
      },
    }).start();
  }
}

/** A registry in memory with the one model. */
async function openCatalog(): Promise<Catalog> {
  const database = new SqliteDatabase(":memory:");
  await migrate(database);
  await new Registry(database).createModel("user:owner", {
    name: MODEL,
    description: "Answers at once.",
    settings: { concurrency: CONCURRENCY },
    version: { version: "1.0", backend: { kind: "echo" }, inputSchema: true },
  });
  const catalog = new Catalog(database);
  await catalog.start();
  return catalog;
}

if (import.meta.main) {
  const queue = new OwnQueue(Deno.args[0]!, await openCatalog());
  await runMeasured(queue, Number(Deno.args[1]));
}
