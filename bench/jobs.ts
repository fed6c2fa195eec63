// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * Jobs per second by this project's worker, by a bare loop and by BullMQ's worker; what a queued
 * job takes of Redis's memory; what `predict` adds to calling a service directly.
 *
 * Flags: `--jobs N` (200000) per queue and round, `--rounds N` (3), `--predictions N` (3000).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { startSingleRedis } from "../tests/services/redis.ts";
import { measureJobMemory } from "./job_memory.ts";
import { describeMachine } from "./machine.ts";
import { measurePredict } from "./predict_latency.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { runWorkers } from "./run_workers.ts";

const MEMORY_JOBS = 100_000;

async function redisInfo(): Promise<string> {
  await using redis = await startSingleRedis();
  return String(await redis.node.command("INFO", "server"));
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: "string", default: "200000" },
      rounds: { type: "string", default: "3" },
      predictions: { type: "string", default: "3000" },
    },
  });
  const [jobs, rounds] = [Number(values.jobs), Number(values.rounds)];
  const machine = describeMachine(await redisInfo());
  console.log(`${rounds} rounds of ${grouped(jobs)} no-op jobs, medians\n`);
  const workers = await runWorkers(jobs, rounds);

  const memory = await measureJobMemory(MEMORY_JOBS);
  console.log(
    `\nRedis memory per queued caffeine job: ${grouped(memory.bytesPerJob)} bytes; ` +
      `with an Idempotency-Key ${grouped(memory.bytesPerKeyedJob)} bytes\n`,
  );

  const latency = await measurePredict(Number(values.predictions));
  const { direct, predict } = latency;
  printTable(["", "p50 ms", "p99 ms"], [
    ["the service directly", direct.p50Ms.toFixed(2), direct.p99Ms.toFixed(2)],
    ["predict", predict.p50Ms.toFixed(2), predict.p99Ms.toFixed(2)],
    [
      "added",
      (predict.p50Ms - direct.p50Ms).toFixed(2),
      (predict.p99Ms - direct.p99Ms).toFixed(2),
    ],
  ]);
  const path = await writeResults("jobs", { machine, rounds, workers, memory, latency });
  console.log(`\nwritten to ${path}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
