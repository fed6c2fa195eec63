/**
 * The rival: BullMQ 5's queue, filled in bulk, and its worker.
 *
 * Arguments: the URL of Redis, the number of jobs.
 *
 * @module
 */
// deno-lint-ignore-file no-import-prefix -- a rival is no dependency of the project
import { Queue, Worker } from "npm:bullmq@5";
import { INPUT } from "../caffeine.ts";
import { CONCURRENCY, type MeasuredQueue, runMeasured } from "./measured.ts";

const BULK = 1000;

class BullQueue implements MeasuredQueue {
  readonly #connection: { readonly url: string };

  constructor(url: string) {
    this.#connection = { url };
  }

  async fill(jobs: number): Promise<void> {
    const queue = new Queue("jobs", { connection: this.#connection });
    for (let filled = 0; filled < jobs; filled += BULK) {
      const bulk = Array.from(
        { length: Math.min(BULK, jobs - filled) },
        () => ({ name: "noop", data: INPUT }),
      );
      await queue.addBulk(bulk);
    }
    await queue.close();
  }

  work(settled: () => void): void {
    const worker = new Worker("jobs", (job) => Promise.resolve(job.data), {
      connection: { ...this.#connection, maxRetriesPerRequest: null },
      concurrency: CONCURRENCY,
    });
    worker.on("completed", settled);
  }
}

if (import.meta.main) await runMeasured(new BullQueue(Deno.args[0]!), Number(Deno.args[1]));
