// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * How it grows: jobs of one second over more and more workers' places, jobs of more and more models
 * with one worker for all, and a queue that gets longer and longer.
 *
 * Flags: `--concurrency A,B,...` (1,2,4,8,16,32,64), `--rounds N` (8) of one-second jobs each,
 * `--models A,B,...` (1,10,100,1000,10000), `--jobs N` (100000) over them, `--queued N` (10000000).
 * `--concurrency=`, `--models=` and `--queued=0` leave a part out.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { newJobId } from "../actors/job_id.ts";
import { RedisJobQueue } from "../actors/job_queues/redis.ts";
import { DEFAULT_SETTINGS } from "../registry/model.ts";
import { startSingleRedis } from "../tests/services/redis.ts";
import { BODY, INPUT, MODEL } from "./caffeine.ts";
import { Deployment } from "./deployment.ts";
import { describeMachine } from "./machine.ts";
import { percentile } from "./percentile.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { measureModels, type ModelsSample } from "./scaling_models.ts";

const JOB_MS = 1000;

/** One-second jobs over so many places. */
interface ConcurrencySample {
  readonly concurrency: number;
  readonly jobs: number;
  readonly seconds: number;
  /** Jobs per second over what as many places make of jobs of one second at best. */
  readonly ofIdeal: number;
}

async function measureConcurrency(concurrency: number, rounds: number): Promise<ConcurrencySample> {
  await using deployment = await Deployment.start(
    ["gateway", "scheduler", "worker"],
    { kind: "echo", delayMs: JOB_MS },
    { settings: { concurrency } },
  );
  const { url, headers } = deployment;
  const jobs = concurrency * rounds;
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, { ...init, headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const submitted = Array.from(
    { length: jobs },
    () => ask("/v1/jobs", { method: "POST", body: BODY }),
  );
  const ids = (await Promise.all(submitted)).map(({ id }) => id as string);
  const ended = await Promise.all(ids.map(async (id) => {
    await ask(`/v1/jobs/${id}/result?wait=300`);
    return await ask(`/v1/jobs/${id}`) as { startedAt: string; finishedAt: string };
  }));
  const first = Math.min(...ended.map(({ startedAt }) => Date.parse(startedAt)));
  const last = Math.max(...ended.map(({ finishedAt }) => Date.parse(finishedAt)));
  const seconds = (last - first) / 1000;
  return { concurrency, jobs, seconds, ofIdeal: jobs / seconds / concurrency };
}

/** A queue of one model at a length. */
interface LengthSample {
  readonly queued: number;
  /** Submissions into the queue since the sample before. */
  readonly submittedPerSecond: number;
  readonly bytesPerJob: number;
  /** What the supervisors and KEDA read. */
  readonly lag: number;
  readonly measureMs: number;
  /** Claiming one job and handing it back. */
  readonly claimP50Ms: number;
  readonly claimP99Ms: number;
}

const SUBMITTING = 1000;
const CLAIMS = 200;
const SAMPLES = 10;

async function measureLengths(most: number): Promise<LengthSample[]> {
  await using redis = await startSingleRedis();
  await using queue = new RedisJobQueue({ url: redis.url }, { leaseMs: 30_000 });
  const tag = 0x5ca1e;
  const submit = () =>
    queue.submit({
      id: newJobId(tag),
      model: MODEL,
      version: "1.0",
      lane: "interactive",
      input: JSON.stringify(INPUT),
      limits: { ...DEFAULT_SETTINGS, queueTimeoutSeconds: 86_400 },
      submitter: "user:ada",
    });
  const used = async () =>
    Number(/used_memory:(\d+)/.exec(String(await redis.node.command("INFO", "memory")))![1]);
  await submit();
  const empty = await used();
  const samples: LengthSample[] = [];
  let queued = 1;
  for (let n = 1; n <= SAMPLES; n++) {
    const target = Math.round(most * n / SAMPLES);
    const began = performance.now();
    const before = queued;
    await Promise.all(Array.from({ length: SUBMITTING }, async () => {
      while (queued < target) {
        queued++;
        await submit();
      }
    }));
    const seconds = (performance.now() - began) / 1000;
    const times: number[] = [];
    for (let i = 0; i < CLAIMS; i++) {
      const asked = performance.now();
      const [claim] = await queue.claim(tag, "bench", 1, 0);
      await queue.handBack(claim!.lease);
      times.push(performance.now() - asked);
    }
    const sorted = Float64Array.from(times).sort();
    const measured = performance.now();
    const { waiting } = await queue.measure(tag);
    const sample = {
      queued,
      submittedPerSecond: (queued - before) / seconds,
      bytesPerJob: (await used() - empty) / (queued - 1),
      lag: waiting.interactive,
      measureMs: performance.now() - measured,
      claimP50Ms: percentile(sorted, 0.5),
      claimP99Ms: percentile(sorted, 0.99),
    };
    samples.push(sample);
    console.log(
      `${grouped(queued)} queued: ${grouped(sample.submittedPerSecond)} submissions/s, ` +
        `${sample.bytesPerJob.toFixed(0)} bytes a job`,
    );
  }
  return samples;
}

function numbersIn(text: string): number[] {
  return text === "" ? [] : text.split(",").map(Number);
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      concurrency: { type: "string", default: "1,2,4,8,16,32,64" },
      rounds: { type: "string", default: "8" },
      models: { type: "string", default: "1,10,100,1000,10000" },
      jobs: { type: "string", default: "100000" },
      queued: { type: "string", default: "10000000" },
    },
  });
  const machine = await (async () => {
    await using redis = await startSingleRedis();
    return describeMachine(String(await redis.node.command("INFO", "server")));
  })();
  const concurrency: ConcurrencySample[] = [];
  for (const places of numbersIn(values.concurrency)) {
    concurrency.push(await measureConcurrency(places, Number(values.rounds)));
  }
  printTable(
    ["jobs of 1 s, places", "jobs", "seconds", "jobs/s", "of ideal"],
    concurrency.map(({ concurrency, jobs, seconds, ofIdeal }) => [
      String(concurrency),
      grouped(jobs),
      seconds.toFixed(2),
      (jobs / seconds).toFixed(2),
      ofIdeal.toFixed(3),
    ]),
  );
  console.log();
  const models: ModelsSample[] = [];
  for (const count of numbersIn(values.models)) {
    models.push(await measureModels(count, Number(values.jobs)));
  }
  printTable(
    ["models, one worker", "jobs", "seconds", "jobs/s", "to one model", "worker CPU µs a job"],
    models.map(({ models: count, jobs, seconds, perSecond, workerMicros }) => [
      grouped(count),
      grouped(jobs),
      seconds.toFixed(2),
      grouped(perSecond),
      (perSecond / models[0]!.perSecond).toFixed(2),
      workerMicros.toFixed(0),
    ]),
  );
  console.log();
  const lengths = Number(values.queued) > 0 ? await measureLengths(Number(values.queued)) : [];
  console.log();
  printTable(
    ["queued", "submissions/s", "bytes a job", "lag read in ms", "claim p50 ms", "p99 ms"],
    lengths.map((s) => [
      grouped(s.queued),
      grouped(s.submittedPerSecond),
      s.bytesPerJob.toFixed(0),
      s.measureMs.toFixed(1),
      s.claimP50Ms.toFixed(2),
      s.claimP99Ms.toFixed(2),
    ]),
  );
  const path = await writeResults("scaling", { machine, concurrency, models, lengths });
  console.log(`\nwritten to ${path}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
