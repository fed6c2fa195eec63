/**
 * Jobs as several commands ask for them.
 *
 * @module
 */
import type { Command } from "commander";
import type { z } from "@hono/zod-openapi";
import type { JobSchema, ResultSchema } from "../http/wire/job.ts";
import { type GatewayClient, GatewayRefusal } from "./gateway_client.ts";
import { withGateway } from "./gateway_options.ts";

export type Job = z.infer<typeof JobSchema>;
type Result = z.infer<typeof ResultSchema>;

/** Adds the options that tell which jobs are meant. */
export function withJobFilters(command: Command): Command {
  return withGateway(
    command
      .option("--model <name>", "of this model")
      .option(
        "--status <names...>",
        "that stand so: queued, running, retrying, completed, failed, ...",
      )
      .option("--submitter <user>", "of this one, such as user:ada")
      .option("--lane <name>", "of this lane: interactive or batch")
      .option("--shared", "of others, shared with you or a team of yours"),
  );
}

/** The path of a job, whatever its id holds. */
export function pathOf(id: string): string {
  return `/v1/jobs/${encodeURIComponent(id)}`;
}

const WAIT_SECONDS = 30;
const FINAL: readonly string[] = ["completed", "failed", "cancelled", "expired"];

/** Waits for a job to end, however long that takes. */
export async function endOf(client: GatewayClient, id: string): Promise<Job> {
  for (;;) {
    const job = await client.get<Job>(pathOf(id), { wait: WAIT_SECONDS });
    if (FINAL.includes(job.status)) return job;
  }
}

/** A job's result; with `wait`, once there is one. */
export async function resultOf(client: GatewayClient, id: string, wait: boolean): Promise<unknown> {
  for (;;) {
    try {
      const query = wait ? { wait: WAIT_SECONDS } : {};
      return (await client.get<Result>(`${pathOf(id)}/result`, query)).result;
    } catch (error) {
      const unfinished = error instanceof GatewayRefusal && error.kind === "job-unfinished";
      if (!wait || !unfinished) throw error;
    }
  }
}
