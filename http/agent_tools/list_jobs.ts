/**
 * The caller's jobs, those of models that they may see, and those shared with them.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type JobPageSchema, JobSchema, StatusSchema } from "../wire/job.ts";
import { JobId, ModelName } from "../wire/names.ts";
import { defineTool, READS } from "./tool.ts";

export const listJobs = defineTool({
  name: "list_jobs",
  title: "List jobs",
  description: "Lists jobs, the newest first: the caller's own, with `model` all of it that " +
    "the caller may see, or with `shared` those that others share with the caller. Use it to find jobs whose ids are not known, such as those that failed.",
  input: z.strictObject({
    model: ModelName.optional(),
    status: z.array(StatusSchema).min(1).max(7).optional().describe("Only jobs that stand so."),
    shared: z.boolean().optional().describe("Only jobs that others share with the caller."),
    limit: z.int().min(1).max(50).optional().describe("How many at most; 10 by default."),
    cursor: JobId.optional().describe("`nextCursor` of the page before."),
  }),
  output: z.object({ jobs: z.array(JobSchema), nextCursor: z.string().optional() }),
  scope: "read",
  annotations: READS,
  async run({ api }, { model, status, shared, limit = 10, cursor }) {
    type Page = z.infer<typeof JobPageSchema>;
    const { items, nextCursor } = await api.get<Page>("/v1/jobs", {
      model,
      status,
      ...(shared && { shared: "true" }),
      limit,
      cursor,
    });
    return { jobs: items, ...(nextCursor !== undefined && { nextCursor }) };
  },
});
