/**
 * What happened to a job, in order: its history, from the record, merged with its progress and log
 * lines, from a stream of their own. An event's id says how much of each lies behind it.
 *
 * @module
 */
import type { Job, JobEvent } from "../../job.ts";
import { jobIdTag } from "../../job_id.ts";
import { eventsKey } from "../../redis_keys.ts";
import type { RedisConnection } from "./connection.ts";

export async function jobEvents(
  connection: RedisConnection,
  job: Job,
  after: string | undefined,
): Promise<JobEvent[]> {
  const [steps, entry] = parseCursor(after);
  const entries = await connection.patiently((client) =>
    client.xrange(eventsKey(jobIdTag(job.id), job.id), `(${entry}`, "+")
  );
  const events: JobEvent[] = [];
  let step = steps;
  let last = entry;
  const passStep = () => {
    const { state, at, ...data } = job.history[step]!;
    step++;
    events.push({ id: `${step}.${last}`, type: state, at, data: { ...data } });
  };
  for (const [id, fields] of entries) {
    const at = Number(id.split("-")[0]);
    // In the same millisecond a start comes before its attempt's first line, an end after the last.
    while (step < job.history.length && comesFirst(job, step, at)) passStep();
    last = id;
    const type = fields[1] as "progress" | "log";
    events.push({ id: `${step}.${last}`, type, at, data: JSON.parse(fields[3]!) });
  }
  while (step < job.history.length) passStep();
  return events;
}

function comesFirst(job: Job, step: number, at: number): boolean {
  const { state, at: stepAt } = job.history[step]!;
  return stepAt < at || stepAt === at && (state === "running" || step === 0);
}

function parseCursor(after: string | undefined): [number, string] {
  const parts = /^(\d{1,6})\.(\d{1,15}-\d{1,10})$/.exec(after ?? "");
  return parts ? [Number(parts[1]), parts[2]!] : [0, "0-0"];
}
