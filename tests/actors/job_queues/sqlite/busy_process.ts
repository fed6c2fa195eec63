/**
 * A process to be killed: submits to a queue's file and settles what it claims, and says on its
 * output what was acknowledged.
 *
 * @module
 */
import { SqliteJobQueue } from "../../../../actors/job_queues/sqlite.ts";
import { newJob } from "../../../contracts/job_queue_store.ts";

const encoder = new TextEncoder();

/** Written at once, so that a line is out before the next step. */
function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(line + "\n"));
}

async function submitter(queue: SqliteJobQueue, tag: number): Promise<never> {
  for (;;) {
    const { kind, id } = await queue.submit(newJob(tag));
    if (kind === "accepted") say(`submitted ${id}`);
  }
}

async function worker(queue: SqliteJobQueue, tag: number): Promise<never> {
  for (;;) {
    for (const { lease } of await queue.claim(tag, "w", 4, 1000)) {
      const result = JSON.stringify(lease.jobId);
      if (await queue.settle(lease, { state: "completed", result }) === "recorded") {
        say(`settled ${lease.jobId}`);
      }
    }
  }
}

if (import.meta.main) {
  const queue = new SqliteJobQueue(Deno.args[0]!);
  const tag = Number(Deno.args[1]);
  await Promise.all([
    ...Array.from({ length: 8 }, () => submitter(queue, tag)),
    ...Array.from({ length: 2 }, () => worker(queue, tag)),
  ]);
}
