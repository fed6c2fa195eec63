/**
 * Cancels a job; one of somebody else after a confirmation.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isFinal } from "../../actors/job.ts";
import { subjectsOf } from "../../registry/principal.ts";
import { ownJobFor } from "../lookup.ts";
import { JobSchema } from "../wire/job.ts";
import { JobId } from "../wire/names.ts";
import { changeAnswer, planned } from "./change_answer.ts";
import type { WireJob } from "./job_answer.ts";
import { CHANGES, defineTool } from "./tool.ts";

export const cancelJob = defineTool({
  name: "cancel_job",
  title: "Cancel a job",
  description: "Cancels a job of the caller: one that waits at once, and of one that runs the " +
    "worker is asked to stop. A job of somebody else is not cancelled but planned, and a person " +
    "has to confirm it.",
  input: z.strictObject({ id: JobId }),
  output: changeAnswer({ job: JobSchema.optional() }),
  scope: "run",
  annotations: CHANGES,
  async run(caller, { id }) {
    const { api, gateway, principal } = caller;
    const { job } = await ownJobFor(gateway, principal, id);
    const path = `/v1/jobs/${id}/cancel`;
    const isOwn = job.submitter === subjectsOf(principal)[0];
    if (isOwn && !caller.confirmsAll || isFinal(job.state)) {
      return { status: "done" as const, job: await api.change<WireJob>("POST", path) };
    }
    return await planned(caller, {
      action: "cancel_job",
      model: job.model,
      summary: `Cancel the job ${id} of ${job.submitter} on ${job.model}`,
      request: { method: "POST", path },
      before: `job: ${id}\nstatus: ${job.state}\n`,
      after: `job: ${id}\nstatus: cancelled\n`,
    });
  },
});
