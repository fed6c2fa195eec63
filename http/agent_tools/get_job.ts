/**
 * How a job stands.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { JobSchema } from "../wire/job.ts";
import { JobId } from "../wire/names.ts";
import type { WireJob } from "./job_answer.ts";
import { defineTool, READS } from "./tool.ts";

export const getJob = defineTool({
  name: "get_job",
  title: "Get a job",
  description: "Answers how a job stands now: its status, attempts, errors and every step of its " +
    "life. Use it to explain why a job failed. To wait for its end use wait_for_job.",
  input: z.strictObject({ id: JobId }),
  output: z.object({ job: JobSchema }),
  scope: "read",
  annotations: READS,
  async run({ api }, { id }) {
    return { job: await api.get<WireJob>(`/v1/jobs/${id}`) };
  },
});
