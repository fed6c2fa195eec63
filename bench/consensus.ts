// deno-lint-ignore-file no-console -- it prints what was measured
/**
 * `deno task bench:consensus`: consensus jobs with three no-op children beside plain no-op jobs, in
 * one run: how many are done per second, what each takes of the processors, and what a consensus
 * adds to the time of its slowest child.
 *
 * A gateway, a scheduler and a worker, one process each. The jobs come through the API, as anyone's
 * do; and, for what the queues and the scheduler alone can do, straight into the queue.
 * Flags: `--jobs N` (20000) consensus jobs per round and three times as many plain ones, `--rounds
 * N` (3), `--asked N` (1000) one after the other for the latency, `--waiting N` (10000) in flight at once.
 *
 * @module
 */
import { parseArgs } from "node:util";
import {
  CONSENSUS,
  ConsensusBench,
  type InFlightSample,
  PLAIN,
  type RateSample,
  type Way,
  WAYS,
} from "./consensus_bench.ts";
import { describeMachine } from "./machine.ts";
import { median } from "./percentile.ts";
import { grouped, printTable, writeResults } from "./report.ts";

const WARM_UP = 2000;

function totalMicros({ micros }: RateSample): number {
  return Object.values(micros).reduce((sum, each) => sum + each, 0);
}

function printRates(samples: readonly RateSample[]): { rate: number; processors: number } {
  const of = (model: string) => samples.filter((sample) => sample.model === model);
  const names = Object.keys(samples[0]!.micros);
  printTable(
    ["", "done/s", "/ plain", ...names.map((name) => `${name} µs`), "all µs", "/ plain"],
    [PLAIN, CONSENSUS].map((model) => [
      model,
      grouped(median(of(model).map((sample) => sample.perSecond))),
      ratio(samples, model, (sample) => sample.perSecond).toFixed(2),
      ...names.map((name) => median(of(model).map(({ micros }) => micros[name]!)).toFixed(0)),
      median(of(model).map(totalMicros)).toFixed(0),
      ratio(samples, model, totalMicros).toFixed(2),
    ]),
  );
  return {
    rate: ratio(samples, CONSENSUS, (sample) => sample.perSecond),
    processors: ratio(samples, CONSENSUS, totalMicros),
  };
}

/** The median of the rounds' ratios to the plain jobs. */
function ratio(
  samples: readonly RateSample[],
  model: string,
  pick: (sample: RateSample) => number,
): number {
  const plain = samples.filter((sample) => sample.model === PLAIN).map(pick);
  const these = samples.filter((sample) => sample.model === model).map(pick);
  return median(these.map((value, round) => value / plain[round]!));
}

function printInFlight(sample: InFlightSample): void {
  const percent = (share: number) => `${(share * 100).toFixed(0)}%`;
  console.log(
    `\n${grouped(sample.jobs)} consensus jobs waiting for three children each, in flight after ` +
      `${sample.seconds.toFixed(1)} s: the scheduler has ${sample.schedulerMiB.toFixed(0)} MiB, ` +
      `${(sample.bytesPerJob / 1024).toFixed(1)} KiB a job; it is busy for ` +
      `${percent(sample.schedulerBusy)} of a processor, Redis for ${percent(sample.redisBusy)}`,
  );
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: "string", default: "20000" },
      rounds: { type: "string", default: "3" },
      asked: { type: "string", default: "1000" },
      waiting: { type: "string", default: "10000" },
    },
  });
  const { jobs: ofEach, rounds: times, asked: one, waiting: many } = values;
  const [jobs, rounds, asked, waiting] = [ofEach, times, one, many].map(Number);
  await using bench = await ConsensusBench.start();
  const machine = describeMachine(bench.redisInfo);
  const ways = Object.keys(WAYS) as Way[];
  for (const model of [PLAIN, CONSENSUS]) await bench.rate(ways[0]!, model, WARM_UP);
  console.log(`${rounds} rounds of ${grouped(jobs!)} consensus jobs, medians`);
  const samples: RateSample[] = [];
  for (let round = 0; round < rounds!; round++) {
    for (const way of ways) {
      samples.push(await bench.rate(way, PLAIN, 3 * jobs!));
      samples.push(await bench.rate(way, CONSENSUS, jobs!));
    }
  }
  const ratios = Object.fromEntries(ways.map((way) => {
    console.log(`\n${way}\n`);
    return [way, printRates(samples.filter((sample) => sample.way === way))];
  }));
  const latency = await bench.latency(asked!);
  console.log(`\n${grouped(asked!)} of each, one after the other\n`);
  printTable(
    ["", "p50 ms", "p99 ms"],
    Object.entries(latency).map((
      [name, { p50, p99 }],
    ) => [name, p50.toFixed(2), p99.toFixed(2)]),
  );
  const inFlight = await bench.inFlight(waiting!);
  printInFlight(inFlight);
  const measured = { machine, rounds, ratios, samples, latency, inFlight };
  const path = await writeResults("consensus", measured);
  console.log(`\nwritten to ${path}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
