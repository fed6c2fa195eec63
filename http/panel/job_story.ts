/**
 * All that the page of a job tells, read through the API.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { JobSchema, ResultSchema } from "../wire/job.ts";
import { isFinal } from "../../actors/job.ts";
import type { ApiCaller } from "./api_caller.ts";
import { readEvents, type ServerEvent } from "./sse.ts";

export type WireJob = z.infer<typeof JobSchema>;

export interface LogLine {
  readonly at: string;
  readonly line: string;
}

export interface JobStory {
  readonly job: WireJob;
  /** Of a completed job that the caller submitted. */
  readonly result?: unknown;
  readonly logs: readonly LogLine[];
}

/** Reads a job and, once it has ended well, its result. Throws ApiRefusal. */
export async function readStory(
  api: ApiCaller,
  id: string,
  logs?: readonly LogLine[],
): Promise<JobStory> {
  const job = await api.get<WireJob>(`/v1/jobs/${encodeURIComponent(id)}`);
  const ended = isFinal(job.status);
  const answer = job.status === "completed"
    ? await api.send<z.infer<typeof ResultSchema>>(`${job.links.self}/result`)
    : undefined;
  return {
    job,
    logs: logs ?? (ended ? await readLogs(api, job) : []),
    ...(answer?.ok && { result: answer.value.result }),
  };
}

/** The log of a job that has ended. */
async function readLogs(api: ApiCaller, job: WireJob): Promise<LogLine[]> {
  const response = await api.request(job.links.events);
  const lines: LogLine[] = [];
  if (!response.ok || !response.body) return lines;
  for await (const event of readEvents(response.body)) lines.push(...logOf(event));
  return lines;
}

/** The line of a log's event; none of any other. */
export function logOf({ event, data }: ServerEvent): LogLine[] {
  if (event !== "log") return [];
  const { at, line } = JSON.parse(data) as { at: string; line?: unknown };
  return [{ at, line: String(line ?? "") }];
}
