/**
 * What a completed job computed.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { ResultSchema } from "../wire/job.ts";
import { JobId } from "../wire/names.ts";
import { defineTool, READS } from "./tool.ts";

export const getJobResult = defineTool({
  name: "get_job_result",
  title: "Get a job's result",
  description: "Answers what a completed job computed, with the model and version that did. A " +
    "number in an answer to a user has to come from here, from wait_for_job or from " +
    "get_batch_results. Refused while the job has not completed.",
  input: z.strictObject({ id: JobId }),
  output: ResultSchema,
  scope: "read",
  annotations: READS,
  run: ({ api }, { id }) => api.get<z.infer<typeof ResultSchema>>(`/v1/jobs/${id}/result`),
});
