/**
 * `model-gateway bench`: how fast a model is, measured from here.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { AcceptedJobSchema } from "../http/wire/job.ts";
import type { VersionSchema } from "../http/wire/version.ts";
import { patiently } from "./batch.ts";
import { parseJson } from "./document_file.ts";
import { EXIT, Exit, UsageError } from "./exit.ts";
import type { GatewayClient } from "./gateway_client.ts";
import { clientOf, type GatewayOptions, wholeNumber, withGateway } from "./gateway_options.ts";
import { inOrder } from "./in_order.ts";
import { endOf, type Job } from "./job.ts";
import { modelPath } from "./model_path.ts";
import { ProgressBar } from "./progress_bar.ts";
import { type Terminal, writeJson, writeTable } from "./terminal.ts";

type AcceptedJob = z.infer<typeof AcceptedJobSchema>;

interface BenchOptions extends GatewayOptions {
  readonly input?: string;
  readonly version?: string;
  readonly lane: string;
  readonly jobs: number;
  readonly parallel: number;
}

const PATIENCE_MS = 60_000;
const HELP = `
Submissions are timed here, the way to the gateway included; times in queue and of runs are those of
the jobs' own records. Equal inputs may be answered from kept results, where the version keeps them.

  model-gateway bench esol --jobs 2000 --parallel 32`;

/** Adds the command. */
export function addBench(program: Command, terminal: Terminal): void {
  withGateway(
    program.command("bench <model>").description(
      "Measure how fast a model is, with jobs of your own",
    )
      .option("--input <json>", "the input of every job (default: the version's example)")
      .option("--version <name>", "the version to run (default: the model's own)")
      .option("--lane <name>", "interactive or batch", "batch")
      .option("--jobs <n>", "how many", wholeNumber(1), 1000)
      .option("--parallel <n>", "requests at a time", wholeNumber(1), 16),
  ).addHelpText("after", HELP)
    .action(async (model: string, options: BenchOptions) => {
      const client = clientOf(options);
      const input = await inputOf(client, model, options);
      const figures = await measure(terminal, client, model, input, options);
      if (options.json) writeJson(terminal, figures);
      else tell(terminal, model, figures, options);
      if (figures.completed < figures.jobs) throw new Exit(EXIT.wrong);
    });
}

/** The middle and the tail of times, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What a run of jobs has shown. */
export interface Figures {
  readonly jobs: number;
  readonly completed: number;
  readonly submission: Times;
  readonly submissionsPerSecond: number;
  readonly inQueue: Times;
  readonly running: Times;
  /** From the first submission to the last end, by the gateway's clock. */
  readonly seconds: number;
  readonly jobsPerSecond: number;
}

async function inputOf(
  client: GatewayClient,
  model: string,
  { input, version = "default" }: BenchOptions,
): Promise<unknown> {
  if (input !== undefined) return parseJson(input, "--input");
  const path = `${modelPath(model)}/versions/${encodeURIComponent(version)}`;
  const { example } = await client.get<z.infer<typeof VersionSchema>>(path);
  if (example !== undefined) return example;
  throw new UsageError("The version has no example: give an input by --input.");
}

async function measure(
  terminal: Terminal,
  client: GatewayClient,
  model: string,
  input: unknown,
  { version, lane, jobs, parallel }: BenchOptions,
): Promise<Figures> {
  const took: number[] = [];
  const numbers = Array.from({ length: jobs }, (_, i) => i);
  const submit = async () => {
    const begun = performance.now();
    const body = { model, input, version, lane };
    const { id } = await client.post<AcceptedJob>("/v1/jobs", body);
    took.push(performance.now() - begun);
    return id;
  };
  const ids: string[] = [];
  const begun = performance.now();
  {
    using bar = new ProgressBar(terminal, "submitted", jobs);
    for await (const id of inOrder(numbers, parallel, submit)) {
      ids.push(id);
      bar.step();
    }
  }
  const submittedMs = performance.now() - begun;
  const ended: Job[] = [];
  using bar = new ProgressBar(terminal, "ended", jobs);
  const end = (id: string) => patiently(() => endOf(client, id), PATIENCE_MS);
  for await (const job of inOrder(ids, parallel, end)) {
    ended.push(job);
    bar.step();
  }
  return figuresOf(ended, took, submittedMs);
}

/** The figures of jobs that have ended, and of their submissions in milliseconds. */
export function figuresOf(
  jobs: readonly Pick<Job, "status" | "submittedAt" | "startedAt" | "finishedAt">[],
  took: readonly number[],
  submittedMs: number,
): Figures {
  const at = (time: string | undefined) => time === undefined ? [] : [Date.parse(time)];
  const between = (from: string | undefined, to: string | undefined) =>
    at(from).flatMap((begun) => at(to).map((ended) => ended - begun));
  const first = Math.min(...jobs.map(({ submittedAt }) => Date.parse(submittedAt)));
  const last = Math.max(...jobs.flatMap(({ finishedAt }) => at(finishedAt)));
  const seconds = (last - first) / 1000;
  return {
    jobs: jobs.length,
    completed: jobs.filter(({ status }) => status === "completed").length,
    submission: timesOf(took),
    submissionsPerSecond: round(took.length / (submittedMs / 1000)),
    inQueue: timesOf(jobs.flatMap((job) => between(job.submittedAt, job.startedAt))),
    running: timesOf(jobs.flatMap((job) => between(job.startedAt, job.finishedAt))),
    seconds,
    jobsPerSecond: round(jobs.length / Math.max(seconds, 0.001)),
  };
}

/** The nearest-rank percentiles of times. */
function timesOf(times: readonly number[]): Times {
  const sorted = [...times].sort((a, b) => a - b);
  const rank = (share: number) =>
    round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN);
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) };
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function tell(
  terminal: Terminal,
  model: string,
  figures: Figures,
  { parallel }: BenchOptions,
): void {
  const { jobs, completed, seconds, submissionsPerSecond, jobsPerSecond } = figures;
  terminal.out(`${jobs} jobs of ${model}, ${parallel} requests at a time; milliseconds\n`);
  const row = (name: string, { p50, p95, p99, max }: Times, rate = "") => [
    ...[name, p50, p95, p99, max],
    rate,
  ];
  writeTable(terminal, ["", "P50", "P95", "P99", "MAX", "PER SECOND"], [
    row("submission", figures.submission, String(submissionsPerSecond)),
    row("in queue", figures.inQueue),
    row("running", figures.running),
  ]);
  terminal.out(
    `${completed} completed in ${seconds.toFixed(1)} s: ${jobsPerSecond} jobs per second\n`,
  );
}
