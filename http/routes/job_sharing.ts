/**
 * With whom a job is shared.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { subjectsOf } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { submittedJobFor } from "../lookup.ts";
import { notFound } from "../problem.ts";
import { JobParams, SubjectSchema } from "../wire/names.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { Reason } from "../wire/reason.ts";

const MAX_ENTRIES = 100;

const common = {
  tags: [TAGS.jobs.name],
  security: SECURED,
  path: "/v1/jobs/{id}/sharing",
};

const entries = z.array(SubjectSchema).max(MAX_ENTRIES).openapi({
  description: "Who sees its input and its result, beside its submitter.",
  example: ["user:ben", "team:chemistry"],
});

const SharingSchema = z.object({ with: entries }).openapi("JobSharing", {
  description: "With whom a job is shared.",
  example: { with: ["user:ben", "team:chemistry"] },
});

const NewSharingSchema = z.strictObject({ with: entries, reason: Reason }).openapi(
  "NewJobSharing",
  {
    description: "With whom a job is to be shared, in place of all before.",
    example: { with: ["user:ben", "team:chemistry"], reason: "the value looks odd" },
  },
);

const UNKNOWN = "There is no such job for the caller.";

const read = createRoute({
  ...common,
  method: "get",
  operationId: "getJobSharing",
  summary: "Read with whom a job is shared",
  description: "Answers who sees the job's input and its result, beside its submitter.",
  request: { params: JobParams },
  responses: {
    200: { description: "With whom it is shared.", content: json(SharingSchema) },
    ...problems({ 401: true, 403: "The job is someone else's.", 404: UNKNOWN }),
  },
});

const put = createRoute({
  ...common,
  method: "put",
  operationId: "shareJob",
  summary: "Share a job",
  description: "Lets users and teams who may read the job's model see its input, its log and its " +
    "result, such as the model's owner, who sees neither otherwise. Nobody but the submitter " +
    "shares, cancels or requeues it thereby. An empty list ends it.",
  request: { params: JobParams, body: { required: true, content: json(NewSharingSchema) } },
  responses: {
    200: { description: "With whom it is shared now.", content: json(SharingSchema) },
    ...problems({ ...BODY_REFUSALS, 401: true, 403: "The job is someone else's.", 404: UNKNOWN }),
  },
});

/** Adds the operations. */
export function jobSharingRoutes(app: Api, gateway: Gateway): void {
  app.openapi(read, async (c) => {
    const job = await submittedJobFor(gateway, c.get("principal"), c.req.valid("param").id);
    return c.json({ with: [...job.sharedWith ?? []] }, 200);
  });

  app.openapi({ ...put, middleware: jsonBody(gateway.limits) }, async (c) => {
    const principal = c.get("principal");
    const { id } = await submittedJobFor(gateway, principal, c.req.valid("param").id);
    const { with: given, reason } = c.req.valid("json");
    const sharing = { with: [...new Set(given)], by: subjectsOf(principal)[0]!, reason };
    // It may have been forgotten since it was found.
    if (!await gateway.jobs.share(id, sharing)) throw notFound("job", id);
    return c.json({ with: sharing.with }, 200);
  });
}
