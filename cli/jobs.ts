/**
 * `model-gateway jobs`: submit, await, list, read, cancel and export jobs.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { DeliverySchema } from "../http/wire/delivery.ts";
import { EXIT, Exit } from "./exit.ts";
import { clientOf, type GatewayOptions, wholeNumber, withGateway } from "./gateway_options.ts";
import { endOf, type Job, pathOf, resultOf, withJobFilters } from "./job.ts";
import { addJobsExport } from "./jobs_export.ts";
import { addJobsSubmit } from "./jobs_submit.ts";
import { type Terminal, writeFields, writeJson, writeTable } from "./terminal.ts";

type Delivery = z.infer<typeof DeliverySchema>;

/** Adds the commands on jobs. */
export function addJobs(program: Command, terminal: Terminal): void {
  const jobs = program.command("jobs").description("Submit, await, list, cancel and export jobs");
  addJobsSubmit(jobs, terminal);
  addReading(jobs, terminal);
  addLists(jobs, terminal);
  addDeciding(jobs, terminal);
  addJobsExport(jobs, terminal);
}

function addReading(jobs: Command, terminal: Terminal): void {
  withGateway(jobs.command("show <id>").description("Show a job and its history"))
    .action(async (id: string, options: GatewayOptions) => {
      showJob(terminal, options, await clientOf(options).get<Job>(pathOf(id)));
    });

  withGateway(
    jobs.command("result <id>").description("Print a job's result as JSON")
      .option("--wait", "wait for the job to end first"),
  ).action(async (id: string, options: GatewayOptions & { wait?: boolean }) => {
    writeJson(terminal, await resultOf(clientOf(options), id, options.wait === true));
  });

  withGateway(jobs.command("wait <ids...>").description("Wait until jobs have ended"))
    .addHelpText("after", "\nExit code 1: one of them did not complete.")
    .action(async (ids: string[], options: GatewayOptions) => {
      const client = clientOf(options);
      const ended = await Promise.all(ids.map((id) => endOf(client, id)));
      writeJobs(terminal, options, ended);
      if (ended.some(({ status }) => status !== "completed")) throw new Exit(EXIT.wrong);
    });

  withGateway(
    jobs.command("follow <id>").description("Print a job's events as they happen, until its last"),
  ).action(async (id: string, options: GatewayOptions) => {
    const { followJob } = await import("./job_events.ts");
    for await (const { name, data } of followJob(clientOf(options), id)) {
      if (options.json) terminal.out(JSON.stringify({ event: name, ...data }) + "\n");
      else {
        const { at, ...rest } = data;
        terminal.out(`${at ?? ""}  ${name.padEnd(9)}  ${JSON.stringify(rest)}\n`);
      }
    }
  });
}

interface ListOptions extends GatewayOptions {
  readonly model?: string;
  readonly status?: string[];
  readonly submitter?: string;
  readonly lane?: string;
  readonly shared?: true;
  readonly limit: number;
}

function addLists(jobs: Command, terminal: Terminal): void {
  withJobFilters(
    jobs.command("list").description("List jobs, the newest first: yours, or all of a model")
      .option("--limit <n>", "at most so many", wholeNumber(1), 50),
  ).action(async (options: ListOptions) => {
    const { model, status, submitter, lane, shared, limit } = options;
    const query = { model, status, submitter, lane, ...(shared && { shared: "true" }) };
    const found = await Array.fromAsync(clientOf(options).items<Job>("/v1/jobs", query, limit));
    writeJobs(terminal, options, found);
  });

  withGateway(
    jobs.command("dead-letters <model>")
      .description("List the jobs of a model that failed on every attempt")
      .option("--limit <n>", "at most so many", wholeNumber(1), 50),
  ).action(async (model: string, options: GatewayOptions & { limit: number }) => {
    const items = clientOf(options).items<Job>("/v1/dead-letters", { model }, options.limit);
    writeJobs(terminal, options, await Array.fromAsync(items));
  });
}

function addDeciding(jobs: Command, terminal: Terminal): void {
  const decide = (verb: string, summary: string, said: string) =>
    withGateway(jobs.command(`${verb} <ids...>`).description(summary))
      .action(async (ids: string[], options: GatewayOptions) => {
        const client = clientOf(options);
        const changed = [];
        for (const id of ids) {
          const job = await client.post<Job>(`${pathOf(id)}/${verb}`);
          changed.push(job);
          if (!options.json) terminal.out(`${job.id}  ${said}, ${job.status}\n`);
        }
        if (options.json) writeJson(terminal, changed);
      });
  decide("cancel", "Cancel jobs: waiting ones at once, running ones by their workers", "cancelled");
  decide("requeue", "Put dead letters back at the tail of their queues", "requeued");

  addDeliveries(jobs, terminal);
  withGateway(
    jobs.command("replay <id>")
      .description("Run a job again on the version that it ran on, and compare the results"),
  ).action(async (id: string, options: GatewayOptions) => {
    const client = clientOf(options);
    const started = await client.post<Record<string, unknown>>(`${pathOf(id)}/replay`);
    writeJson(terminal, started);
  });
}

function addDeliveries(jobs: Command, terminal: Terminal): void {
  withGateway(jobs.command("deliveries <id>").description("List a job's callbacks and their tries"))
    .action(async (id: string, options: GatewayOptions) => {
      const { items } = await clientOf(options).get<{ items: Delivery[] }>(
        `${pathOf(id)}/deliveries`,
      );
      if (options.json) return writeJson(terminal, items);
      writeTable(
        terminal,
        ["ID", "EVENT", "STATE", "TRIES", "LAST", "URL"],
        items.map(({ id, type, state, attempts, url }) => {
          const last = attempts.at(-1);
          return [id, type, state, attempts.length, last && (last.status ?? last.error), url];
        }),
      );
    });

  withGateway(
    jobs.command("redeliver <delivery>").description("Deliver a callback again, under its old id"),
  ).action(async (id: string, options: GatewayOptions) => {
    const path = `/v1/deliveries/${encodeURIComponent(id)}/redeliver`;
    const delivery = await clientOf(options).post<Delivery>(path);
    if (options.json) writeJson(terminal, delivery);
    else terminal.out(`${delivery.id} is ${delivery.state}\n`);
  });
}

function writeJobs(terminal: Terminal, { json }: GatewayOptions, jobs: readonly Job[]): void {
  if (json) return writeJson(terminal, jobs);
  writeTable(
    terminal,
    ["ID", "STATUS", "MODEL", "VERSION", "LANE", "SUBMITTED", "ATTEMPTS", "ERROR"],
    jobs.map((job) => [
      ...[job.id, job.status, job.model, job.version, job.lane, job.submittedAt],
      ...[`${job.attempt}/${job.maxAttempts}`, job.error ? job.error.message : ""],
    ]),
  );
}

function showJob(terminal: Terminal, { json }: GatewayOptions, job: Job): void {
  if (json) return writeJson(terminal, job);
  writeFields(terminal, {
    id: job.id,
    status: job.status,
    model: `${job.model} ${job.version}`,
    lane: job.lane,
    submitter: job.submitter,
    attempts: `${job.attempt} of ${job.maxAttempts}`,
    progress: job.progress && `${job.progress.fraction ?? ""} ${job.progress.message ?? ""}`,
    error: job.error && `${job.error.code}: ${job.error.message}`,
    deadLettered: job.deadLettered || undefined,
    parent: job.parent,
    history: job.history.map(({ at, status, attempt, worker, error }) =>
      `${at}  ${status.padEnd(9)}  attempt ${attempt}${
        worker === undefined ? "" : ` on ${worker}`
      }` +
      (error === undefined ? "" : `  ${error.code}: ${error.message}`)
    ).join("\n"),
  });
}
