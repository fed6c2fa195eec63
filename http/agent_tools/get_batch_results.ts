/**
 * The results of many jobs.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isFinal } from "../../actors/job.ts";
import { StatusSchema } from "../wire/job.ts";
import { JobId } from "../wire/names.ts";
import { JobErrorSchema } from "../wire/problem.ts";
import type { ToolCaller } from "./caller.ts";
import { awaitJob, type JobAnswer } from "./job_answer.ts";
import { MAX_BATCH } from "./submit_batch.ts";
import { defineTool, READS } from "./tool.ts";

const MAX_SECONDS = 300;
/** Below the minute after which most clients give a call up. */
const DEFAULT_SECONDS = 45;

export const getBatchResults = defineTool({
  name: "get_batch_results",
  title: "Get the results of a batch",
  description:
    "Waits for the jobs of a batch and answers each with its status, its result or its " +
    "error, in the order of the ids. If `unfinished` is not 0 when the time is up, call it again.",
  input: z.strictObject({
    ids: z.array(JobId).min(1).max(MAX_BATCH).describe(
      "Ids of jobs, as submit_batch answered them.",
    ),
    timeoutSeconds: z.number().min(0).max(MAX_SECONDS).optional().describe(
      `How long to wait at most; ${DEFAULT_SECONDS} by default.`,
    ),
  }),
  output: z.object({
    jobs: z.array(z.object({
      id: z.string(),
      status: StatusSchema,
      model: z.string(),
      version: z.string(),
      result: z.unknown().optional(),
      error: JobErrorSchema.optional(),
    })),
    unfinished: z.int(),
  }),
  scope: "read",
  annotations: READS,
  async run(caller, { ids, timeoutSeconds = DEFAULT_SECONDS }) {
    const end = performance.now() + 1000 * timeoutSeconds;
    const jobs = [];
    let unfinished = 0;
    for (const [index, id] of ids.entries()) {
      const answer = await oneOf(caller, id, Math.max(0, (end - performance.now()) / 1000));
      if (!isFinal(answer.job.status)) unfinished++;
      jobs.push(shortOf(answer));
      caller.progress?.(index + 1, ids.length, `${index + 1 - unfinished} of ${ids.length} ended`);
    }
    return { jobs, unfinished };
  },
});

/** The wait for one tells nothing of itself: the batch does. */
function oneOf(caller: ToolCaller, id: string, seconds: number): Promise<JobAnswer> {
  const { progress: _, ...quiet } = caller;
  return awaitJob(quiet, id, seconds);
}

function shortOf({ job: { id, status, model, version, error }, result }: JobAnswer) {
  return {
    id,
    status,
    model,
    version,
    ...(result !== undefined && { result }),
    ...(error && { error }),
  };
}
