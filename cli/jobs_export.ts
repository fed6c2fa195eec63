/**
 * `model-gateway jobs export`: all jobs that fit, with their results where they are wanted.
 *
 * @module
 */
import type { Command } from "commander";
import { csvOf, flatten } from "../http/panel/csv_text.ts";
import { patiently } from "./batch.ts";
import { type GatewayClient, GatewayRefusal } from "./gateway_client.ts";
import { clientOf, type GatewayOptions } from "./gateway_options.ts";
import { inOrder } from "./in_order.ts";
import { type Job, resultOf, withJobFilters } from "./job.ts";
import { openOutput } from "./output_file.ts";
import { ProgressBar } from "./progress_bar.ts";
import type { Terminal } from "./terminal.ts";

interface ExportOptions extends GatewayOptions {
  readonly model?: string;
  readonly status?: string[];
  readonly submitter?: string;
  readonly lane?: string;
  readonly shared?: true;
  readonly results?: boolean;
  readonly out?: string;
}

const WIDTH = 16;
const PATIENCE_MS = 60_000;

/** Adds the command. */
export function addJobsExport(jobs: Command, terminal: Terminal): void {
  withJobFilters(
    jobs.command("export").description(
      "Write all jobs that fit, the newest first, as JSON lines or CSV",
    )
      .option("--results", "with the results of those that completed and are yours")
      .option(
        "--out <path>",
        "into this file; CSV by its ending .csv (default: the standard output)",
      ),
  ).action(async (options: ExportOptions) => {
    const { model, status, submitter, lane, shared } = options;
    const client = clientOf(options);
    const query = { model, status, submitter, lane, ...(shared && { shared: "true" }) };
    const items = client.items<Job>("/v1/jobs", query, Infinity);
    const found = await Array.fromAsync(items);
    using bar = new ProgressBar(terminal, "jobs", found.length);
    await using output = await openOutput(terminal, options.out);
    const isCsv = /\.csv$/i.test(options.out ?? "");
    const records: Record<string, unknown>[] = [];
    const record = (job: Job) => options.results ? withResult(client, job) : Promise.resolve(job);
    for await (const job of inOrder(found, WIDTH, record)) {
      if (isCsv) records.push(flatten(job));
      else await output.write(JSON.stringify(job) + "\n");
      bar.step();
    }
    if (isCsv) {
      const columns = new Set(records.flatMap((fields) => Object.keys(fields)));
      await output.write(csvOf([...columns], records));
    }
    await output.finish();
    terminal.err(`${found.length} jobs\n`);
  });
}

async function withResult(
  client: GatewayClient,
  job: Job,
): Promise<Job & { readonly result?: unknown }> {
  if (job.status !== "completed") return job;
  try {
    const result = await patiently(() => resultOf(client, job.id, false), PATIENCE_MS);
    return { ...job, result };
  } catch (error) {
    // Someone else's, or gone meanwhile: the job is told of without it.
    if (error instanceof GatewayRefusal && [403, 404].includes(error.problem.status)) return job;
    throw error;
  }
}
