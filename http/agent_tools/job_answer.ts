/**
 * A job with its result, and the wait for one.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isFinal } from "../../actors/job.ts";
import { ApiRefusal } from "../panel/api_caller.ts";
import { JobSchema, type ResultSchema } from "../wire/job.ts";
import type { ToolCaller } from "./caller.ts";

export type WireJob = z.infer<typeof JobSchema>;

export const JobAnswerSchema = z.object({
  job: JobSchema,
  result: z.unknown().optional().describe("What the model computed, once it has completed."),
  finished: z.boolean().describe("False if it still waits or runs: call wait_for_job again."),
});

export type JobAnswer = z.infer<typeof JobAnswerSchema>;

/** The longest single wait: progress is told in between. */
const STEP_SECONDS = 2;

/** Waits for a job's end, at most so many seconds, and tells of its progress. */
export async function awaitJob(
  caller: ToolCaller,
  id: string,
  timeoutSeconds: number,
): Promise<JobAnswer> {
  const { api, signal, progress, patienceSeconds = Infinity } = caller;
  const seconds = Math.min(timeoutSeconds, patienceSeconds);
  const begun = performance.now();
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  let job = await api.get<WireJob>(path);
  for (;;) {
    const waited = (performance.now() - begun) / 1000;
    if (isFinal(job.status)) {
      progress?.(seconds, seconds, job.status);
      return await withResult(caller, job);
    }
    if (waited >= seconds || signal?.aborted) return { job, finished: false };
    progress?.(Math.min(waited, seconds), seconds, standOf(job));
    const wait = Math.max(1, Math.ceil(Math.min(STEP_SECONDS, seconds - waited)));
    job = await stepOf(caller, path, wait);
  }
}

/** One step of the wait; ends at once when nobody waits any more. */
async function stepOf({ api, signal }: ToolCaller, path: string, wait: number): Promise<WireJob> {
  const answer = await api.send<WireJob>(`${path}?wait=${wait}`, { ...(signal && { signal }) });
  if (answer.ok) return answer.value;
  throw answer.refusal;
}

/** Adds the result of a job that has completed, as far as the caller may see it. */
export async function withResult({ api }: ToolCaller, job: WireJob): Promise<JobAnswer> {
  const finished = isFinal(job.status);
  if (job.status !== "completed") return { job, finished };
  try {
    const { result } = await api.get<z.infer<typeof ResultSchema>>(`/v1/jobs/${job.id}/result`);
    return { job, result, finished };
  } catch (error) {
    // Owners of a model see that a job of others completed, but not what came of it.
    if (error instanceof ApiRefusal && error.status === 403) return { job, finished };
    throw error;
  }
}

function standOf({ status, attempt, progress }: WireJob): string {
  const part = progress?.fraction === undefined ? "" : ` ${Math.round(100 * progress.fraction)}%`;
  const words = progress?.message === undefined ? "" : `: ${progress.message}`;
  return attempt > 0 ? `${status}, attempt ${attempt}${part}${words}` : status;
}
