/**
 * Jobs per second: each queue is filled and worked off by one process, in interleaved rounds.
 *
 * @module
 */
import { startSingleRedis } from "../tests/services/redis.ts";
import { cpuSeconds } from "./cpu_time.ts";
import { median } from "./percentile.ts";
import { grouped, printTable } from "./report.ts";
import { Spawned } from "./spawned.ts";
import type { Moment } from "./workers/measured.ts";

/** One queue, filled and worked off once. */
export interface WorkSample {
  readonly name: string;
  readonly jobs: number;
  readonly submittedPerSecond: number;
  /** Run and settled, over the last four fifths. */
  readonly settledPerSecond: number;
  /** Processor microseconds per job run and settled, of the worker and of Redis. */
  readonly workerMicros: number;
  readonly redisMicros: number;
}

export const BARE = "bare XREADGROUP, HGET, HSET, XACK";
const OWN = "this worker";
const BULLMQ = "BullMQ 5";

export const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [BARE, "bench/workers/bare.ts"],
  [OWN, "bench/workers/own.ts"],
  [BULLMQ, "bench/workers/bullmq.ts"],
];

interface Mark {
  readonly at: number;
  readonly worker: number;
  readonly redis: number;
}

/** Has a script fill a queue and work it off, on a Redis of its own. */
export async function measureWork(
  name: string,
  jobs: number,
  start: (redisUrl: string) => Spawned,
): Promise<WorkSample> {
  await using redis = await startSingleRedis();
  await using process = start(redis.url);
  const marks = new Map<string, Mark>();
  for await (const moment of process.lines()) {
    const at = performance.now();
    const [worker, redisUsed] = await Promise.all([
      cpuSeconds(process.pid),
      cpuSeconds(redis.pid!),
    ]);
    marks.set(moment, { at, worker, redis: redisUsed });
  }
  const mark = (moment: Moment) => marks.get(moment)!;
  const [warm, done] = [mark("warm"), mark("done")];
  const measured = jobs - Math.floor(jobs / 5);
  return {
    name,
    jobs,
    submittedPerSecond: jobs / (mark("filled").at - mark("filling").at) * 1000,
    settledPerSecond: measured / (done.at - warm.at) * 1000,
    workerMicros: (done.worker - warm.worker) * 1e6 / measured,
    redisMicros: (done.redis - warm.redis) * 1e6 / measured,
  };
}

/** Measures all workers, `rounds` times each, and prints the medians. */
export async function runWorkers(jobs: number, rounds: number): Promise<WorkSample[]> {
  const samples: WorkSample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, script] of SCRIPTS) {
      const start = (url: string) => new Spawned(script, [url, `${jobs}`]);
      samples.push(await measureWork(name, jobs, start));
    }
  }
  const of = (name: string, pick: (sample: WorkSample) => number) =>
    samples.filter((sample) => sample.name === name).map(pick);
  const ratio = (name: string, to: string) => {
    const others = of(to, (s) => s.settledPerSecond);
    return median(of(name, (s) => s.settledPerSecond).map((rate, i) => rate / others[i]!));
  };
  printTable(
    ["", "run and settled/s", "/ bare", "/ BullMQ", "CPU µs", "Redis µs", "submitted/s"],
    SCRIPTS.map(([name]) => [
      name,
      grouped(median(of(name, (s) => s.settledPerSecond))),
      ratio(name, BARE).toFixed(2),
      ratio(name, BULLMQ).toFixed(2),
      median(of(name, (s) => s.workerMicros)).toFixed(1),
      median(of(name, (s) => s.redisMicros)).toFixed(1),
      grouped(median(of(name, (s) => s.submittedPerSecond))),
    ]),
  );
  return samples;
}
