// deno-lint-ignore-file no-console -- a tool that talks to a person
/**
 * Half an hour of submissions and results: what each process holds of memory, minute by minute.
 *
 * Jobs are kept for a minute, so after the first the number of records is the same all the time, and
 * whatever grows is a leak.
 *
 * Flags: `--minutes N` (30), `--users N` (1000), each with a second's thought.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { startSingleRedis } from "../tests/services/redis.ts";
import { INPUT, MODEL } from "./caffeine.ts";
import { Deployment } from "./deployment.ts";
import { type LevelResult, runLevel } from "./load/crowd.ts";
import type { Plan } from "./load/plan.ts";
import { drawPlot } from "./load/plot.ts";
import { describeMachine } from "./machine.ts";
import { grouped, printTable, writeResults } from "./report.ts";
import { residentBytes } from "./resident_memory.ts";
import { pathOf } from "./spawned.ts";

const SAMPLE_MS = 15_000;
const RETENTION_SECONDS = 60;
const COLORS = ["#1f6feb", "#8250df", "#1a7f37", "#cf222e"];

/** What the processes held at one moment. */
interface Sample {
  readonly minute: number;
  readonly mebibytes: Readonly<Record<string, number>>;
  readonly answers: number;
}

async function sampled(
  deployment: Deployment,
  plan: Plan,
): Promise<{ readonly samples: Sample[]; readonly level: LevelResult }> {
  const { url, headers, pids } = deployment;
  const target = { url, headers, model: MODEL, input: INPUT, jobs: [] };
  const samples: Sample[] = [];
  const began = performance.now();
  let answers = 0;
  const take = async () => {
    const minute = (performance.now() - began) / 60_000;
    const all = await Promise.all(
      [...pids].map(async ([name, pid]) => [name, await residentBytes(pid) / 2 ** 20] as const),
    );
    samples.push({ minute, mebibytes: Object.fromEntries(all), answers });
    const line = all.map(([name, mib]) => `${name} ${grouped(mib)}`).join(", ");
    console.log(`${minute.toFixed(1)} min, ${grouped(answers)} answers, MiB: ${line}`);
  };
  const clock = setInterval(() => void take(), SAMPLE_MS);
  try {
    const level = await runLevel(plan, target, ({ ended }) => answers = ended);
    return { samples, level };
  } finally {
    clearInterval(clock);
  }
}

/** Growth per hour of a process over the second half, by least squares, in MiB. */
function growthPerHour(samples: readonly Sample[], name: string): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (of: (s: Sample) => number) => half.reduce((sum, s) => sum + of(s), 0) / half.length;
  const [x, y] = [mean((s) => s.minute), mean((s) => s.mebibytes[name]!)];
  const [above, below] = half.reduce(
    ([a, b], s) => [a + (s.minute - x) * (s.mebibytes[name]! - y), b + (s.minute - x) ** 2],
    [0, 0],
  );
  return above / below * 60;
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: "string", default: "30" },
      users: { type: "string", default: "1000" },
    },
  });
  await using deployment = await Deployment.start(
    ["gateway", "scheduler", "worker"],
    { kind: "echo" },
    { settings: { retentionSeconds: RETENTION_SECONDS } },
  );
  await using redis = await startSingleRedis();
  const machine = describeMachine(String(await redis.node.command("INFO", "server")));
  const plan: Plan = {
    scenario: "mixed",
    users: Number(values.users),
    think: 1,
    seconds: Number(values.minutes) * 60,
    warmSeconds: 5,
    timeoutSeconds: 60,
  };
  const { samples, level } = await sampled(deployment, plan);
  const names = [...deployment.pids.keys()];
  const at = (share: number) => samples[Math.floor((samples.length - 1) * share)]!;
  printTable(
    ["MiB", "at first", "halfway", "at last", "growth per hour"],
    names.map((name) => [
      name,
      ...[0, 0.5, 1].map((share) => grouped(at(share).mebibytes[name]!)),
      growthPerHour(samples, name).toFixed(1),
    ]),
  );
  console.log(`${grouped(level.perSecond)} good answers/s, ${level.failed} failed`);
  const plot = drawPlot({
    title: `memory over ${values.minutes} minutes of ${grouped(level.perSecond)} answers/s`,
    x: "minutes",
    y: "MiB",
    axes: "linear",
    series: names.map((name, n) => ({
      name,
      color: COLORS[n % COLORS.length]!,
      points: samples.map((s) => [s.minute, s.mebibytes[name]!] as const),
    })),
  });
  await Deno.writeTextFile(pathOf("bench/results/soak.svg"), plot);
  console.log(`written to ${await writeResults("soak", { machine, plan, level, samples })}`);
}

if (import.meta.main) await main(Deno.args.filter((arg) => arg !== "--"));
