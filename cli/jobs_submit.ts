/**
 * `model-gateway jobs submit`: one input, or a file of them.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import { csvOf, flatten } from "../http/panel/csv_text.ts";
import type { AcceptedJobSchema } from "../http/wire/job.ts";
import type { ForecastSchema } from "../http/wire/forecast.ts";
import type { VersionSchema } from "../http/wire/version.ts";
import { awaitBatch, type BatchRow, submitBatch } from "./batch.ts";
import { type BatchInput, readInputs } from "./batch_inputs.ts";
import { parseJson, readText } from "./document_file.ts";
import { EXIT, Exit, Failure, UsageError } from "./exit.ts";
import type { GatewayClient } from "./gateway_client.ts";
import { clientOf, type GatewayOptions, wholeNumber, withGateway } from "./gateway_options.ts";
import { onInterruption } from "./interruption.ts";
import { resultOf } from "./job.ts";
import { modelPath } from "./model_path.ts";
import { openOutput } from "./output_file.ts";
import { ProgressBar } from "./progress_bar.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface SubmitOptions extends GatewayOptions {
  readonly file?: string;
  readonly version?: string;
  readonly lane?: string;
  readonly wait?: boolean;
  readonly out?: string;
  readonly idempotencyKey?: string;
  readonly dryRun?: boolean;
  readonly parallel: number;
  readonly patience: number;
  readonly again?: boolean;
}

const EXAMPLES = `
One input; --wait prints the result, otherwise the job's id is printed:
  model-gateway jobs submit esol '{"smiles": "CCO"}' --wait

A file, an input a line (JSONL), as a JSON array, or as CSV whose first line names the fields:
  model-gateway jobs submit esol --file molecules.csv --wait --out results.csv

Broken off, run the same line again: it finds the jobs that are there already and submits the rest.
Exit code 1: a job did not complete, or an input was refused.`;

const RESUME =
  "\nBroken off. Jobs that were submitted go on; the same line again finds them, and " +
  "submits the rest.\n";

/** Adds the command. */
export function addJobsSubmit(jobs: Command, terminal: Terminal): void {
  withGateway(
    jobs.command("submit <model> [input]")
      .description("Submit a job with an input as JSON, or a job for each input of a file")
      .option(
        "--file <path>",
        "inputs as JSON lines, a JSON array or .csv; - is the standard input",
      )
      .option("--version <name>", "the version to run (default: the model's own)")
      .option("--lane <name>", "interactive or batch (default: batch for files)")
      .option("--wait", "wait for the results")
      .option("--out <path>", "where results go: JSON lines, or CSV by its ending .csv")
      .option("--idempotency-key <text>", "makes it safe to submit the one input again")
      .option("--dry-run", "check the one input and say what would become of it")
      .option("--parallel <n>", "requests at a time, for files", wholeNumber(1), 32)
      .option(
        "--patience <seconds>",
        "how long to try where the gateway is away",
        wholeNumber(0),
        120,
      )
      .option("--again", "submit a file once more that was submitted before"),
  ).addHelpText("after", EXAMPLES)
    .action(async (model: string, input: string | undefined, options: SubmitOptions) => {
      if ((input === undefined) === (options.file === undefined)) {
        throw new UsageError("Give an input as JSON, or --file; not both.");
      }
      if (input === undefined) await submitFile(terminal, model, options);
      else await submitOne(terminal, model, parseJson(input, "The input"), options);
    });
}

async function submitOne(
  terminal: Terminal,
  model: string,
  input: unknown,
  options: SubmitOptions,
): Promise<void> {
  const client = clientOf(options);
  const { version, lane, dryRun, idempotencyKey } = options;
  const body = { model, input, version, lane };
  if (dryRun) {
    const forecast = { ...body, dryRun };
    return writeJson(
      terminal,
      await client.post<z.infer<typeof ForecastSchema>>("/v1/jobs", forecast),
    );
  }
  const headers: Record<string, string> = idempotencyKey === undefined
    ? {}
    : { "idempotency-key": idempotencyKey };
  const job = await client.post<z.infer<typeof AcceptedJobSchema>>("/v1/jobs", body, headers);
  if (options.wait) {
    terminal.err(`${job.id}\n`);
    return writeJson(terminal, await resultOf(client, job.id, true));
  }
  if (options.json) writeJson(terminal, job);
  else terminal.out(`${job.id}\n`);
}

async function submitFile(
  terminal: Terminal,
  model: string,
  options: SubmitOptions,
): Promise<void> {
  const client = clientOf(options);
  const inputs = await inputsOf(client, model, options);
  const begun = performance.now();
  using _ = onInterruption(() => terminal.err(RESUME));
  const request = {
    model,
    lane: options.lane ?? "batch",
    ...(options.version !== undefined && { version: options.version }),
    name: options.again ? crypto.randomUUID() : "",
    width: options.parallel,
    patienceMs: options.patience * 1000,
  };
  let rows: BatchRow[];
  {
    using bar = new ProgressBar(terminal, "submitted", inputs.length);
    rows = await submitBatch(client, inputs, request, () => bar.step());
  }
  if (options.wait) {
    using bar = new ProgressBar(terminal, "ended", rows.length);
    const ends = awaitBatch(client, rows, request);
    rows = await write(terminal, options, inputs, stepping(ends, bar));
  } else rows = await write(terminal, options, inputs, rows);
  tell(terminal, rows, performance.now() - begun);
  const wanted = options.wait ? "completed" : "queued";
  if (rows.some(({ status }) => status !== wanted)) throw new Exit(EXIT.wrong);
}

async function inputsOf(
  client: GatewayClient,
  model: string,
  { file, version = "default" }: SubmitOptions,
): Promise<BatchInput[]> {
  const isCsv = /\.[ct]sv$/i.test(file!);
  // Asked for all formats: a model that is not there is told before anything is submitted.
  const path = `${modelPath(model)}/versions/${encodeURIComponent(version)}`;
  const { inputSchema } = await client.get<z.infer<typeof VersionSchema>>(path);
  const text = await readText(file!);
  try {
    const inputs = readInputs(text, isCsv, inputSchema);
    if (inputs.length === 0) throw new Failure("it holds no input");
    return inputs;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`${file}: ${error.message}; nothing was submitted`);
  }
}

async function* stepping(
  rows: AsyncIterable<BatchRow>,
  bar: ProgressBar,
): AsyncGenerator<BatchRow> {
  for await (const row of rows) {
    yield row;
    bar.step();
  }
}

/** Writes the rows as they come; as CSV at the end, when all columns are known. */
async function write(
  terminal: Terminal,
  options: SubmitOptions,
  inputs: readonly BatchInput[],
  rows: Iterable<BatchRow> | AsyncIterable<BatchRow>,
): Promise<BatchRow[]> {
  await using output = await openOutput(terminal, options.out);
  const isCsv = /\.csv$/i.test(options.out ?? "");
  const kept: BatchRow[] = [];
  for await (const row of rows) {
    if (!isCsv) await output.write(JSON.stringify(row) + "\n");
    const { result: _, ...rest } = row;
    kept.push(isCsv ? row : rest);
  }
  if (isCsv) await output.write(csvText(inputs, kept));
  await output.finish();
  return kept;
}

function csvText(inputs: readonly BatchInput[], rows: readonly BatchRow[]): string {
  const records = rows.map((row, i) => ({
    ...flatten(inputs[i]!.input, "input"),
    id: row.id,
    status: row.status,
    version: row.version,
    ...(row.result === undefined ? {} : flatten(row.result, "result")),
    ...(row.error && { "error.code": row.error.code, "error.message": row.error.message }),
  }));
  const columns = new Set(records.flatMap((record) => Object.keys(record)));
  return csvOf([...columns], records);
}

function tell(terminal: Terminal, rows: readonly BatchRow[], ms: number): void {
  const counts = new Map<string, number>();
  for (const { status } of rows) counts.set(status, (counts.get(status) ?? 0) + 1);
  const parts = [...counts].map(([status, count]) => `${count} ${status}`);
  terminal.err(`${rows.length} inputs: ${parts.join(", ")} (${(ms / 1000).toFixed(1)} s)\n`);
}
