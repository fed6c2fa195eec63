/**
 * Waits for a job's end and answers its result.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { JobId } from "../wire/names.ts";
import { awaitJob, JobAnswerSchema } from "./job_answer.ts";
import { defineTool, READS } from "./tool.ts";

const MAX_SECONDS = 300;
/** Below the minute after which most clients give a call up. */
const DEFAULT_SECONDS = 45;

export const waitForJob = defineTool({
  name: "wait_for_job",
  title: "Wait for a job",
  description: "Waits until a job has ended and answers it with its result. If the time is up " +
    "first, `finished` is false: call it again. A job that failed says why in `job.error`.",
  input: z.strictObject({
    id: JobId,
    timeoutSeconds: z.number().min(0).max(MAX_SECONDS).optional().describe(
      `How long to wait at most; ${DEFAULT_SECONDS} by default.`,
    ),
  }),
  output: JobAnswerSchema,
  scope: "read",
  annotations: READS,
  run: (caller, { id, timeoutSeconds = DEFAULT_SECONDS }) => awaitJob(caller, id, timeoutSeconds),
});
