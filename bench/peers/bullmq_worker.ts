/**
 * The rival's worker, for as long as it is left to run.
 *
 * Argument: the URL of Redis.
 *
 * @module
 */
// deno-lint-ignore-file no-import-prefix -- a rival is no dependency of the project
import { Worker } from "npm:bullmq@5";
import { CONCURRENCY } from "../workers/measured.ts";

if (import.meta.main) {
  new Worker("jobs", (job) => Promise.resolve(job.data), {
    connection: { url: Deno.args[0]!, maxRetriesPerRequest: null },
    concurrency: CONCURRENCY,
  });
}
