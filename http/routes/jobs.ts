/**
 * Jobs after they were accepted: read, list, fetch the result, cancel.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { isFinal, type Job } from "../../actors/job.ts";
import { jobIdTag } from "../../actors/job_id.ts";
import type { JobQuery } from "../../actors/job_queue.ts";
import { can, canSeeJob } from "../../registry/access.ts";
import { type Principal, SUBJECT_PATTERN, subjectsOf } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { asSeenBy } from "../consensus_view.ts";
import type { Gateway } from "../gateway.ts";
import { jobFor, modelFor, ownJobFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import { resultResponse, unfinished, waitFor } from "../job_result.ts";
import {
  JobPageSchema,
  JobSchema,
  jobToWire,
  LaneSchema,
  ResultSchema,
  StatusSchema,
} from "../wire/job.ts";
import { JobId, JobParams, name } from "../wire/names.ts";
import { DEFAULT_PAGE, limitParameter, queryInteger, queryList } from "../wire/page.ts";
import { problems } from "../wire/problem.ts";

const tags = [TAGS.jobs.name];

const waitParameter = queryInteger(
  0,
  86_400,
  "Seconds to wait for the job to end; the gateway cuts long waits (to 60 by default).",
).optional().openapi({ example: 10 });

const read = createRoute({
  method: "get",
  path: "/v1/jobs/{id}",
  operationId: "getJob",
  tags,
  summary: "Read a job",
  description: "Answers a job as it stands; with `wait`, as soon as it has ended or the time is " +
    "up. Owners of its model see a job of others without what tells of its input.",
  security: SECURED,
  request: { params: JobParams, query: z.strictObject({ wait: waitParameter }) },
  responses: {
    200: { description: "The job.", content: json(JobSchema) },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

const result = createRoute({
  method: "get",
  path: "/v1/jobs/{id}/result",
  operationId: "getJobResult",
  tags,
  summary: "Fetch a result",
  description: "Answers what a completed job computed. 409 means not yet; 422 means never.",
  security: SECURED,
  request: { params: JobParams, query: z.strictObject({ wait: waitParameter }) },
  responses: {
    200: { description: "The job completed.", content: json(ResultSchema) },
    ...problems({
      401: true,
      403: "The job is someone else's; owners of its model see its metadata alone.",
      404: true,
      409: "The job has not ended; `Retry-After` says when to ask again.",
      422: "The job failed, was cancelled or expired; `error` says why. Or a parameter is wrong.",
    }),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/jobs",
  operationId: "listJobs",
  tags,
  summary: "List jobs",
  description: "Lists jobs, the newest first: the caller's own, and with `model` or `submitter` " +
    "all that the caller may see there. Superusers see all. With `shared`, it lists the jobs of " +
    "others that are shared with the caller or a team of theirs, and no others.",
  security: SECURED,
  request: {
    query: z.strictObject({
      model: name("Jobs of this model.", "esol").optional(),
      status: queryList(
        StatusSchema,
        "JobStatus",
        "Jobs that stand so; may be given several times.",
      ).optional(),
      submitter: z.string().regex(SUBJECT_PATTERN, "`user:` and a name").optional().openapi({
        description: "Jobs of this user.",
        example: "user:ada",
      }),
      lane: LaneSchema.optional(),
      shared: z.enum(["true", "false"]).optional().openapi({
        description: "Jobs of others that are shared with the caller, by name or by team.",
      }),
      limit: limitParameter,
      cursor: JobId.optional().openapi({
        description: "The `nextCursor` of the page before.",
      }),
    }),
  },
  responses: {
    200: { description: "A page of jobs.", content: json(JobPageSchema) },
    ...problems({ 401: true, 404: "There is no such model for the caller.", 422: true }),
  },
});

const cancel = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/cancel",
  operationId: "cancelJob",
  tags,
  summary: "Cancel a job",
  description: "Cancels a waiting job at once and asks the worker of a running one to stop. " +
    "Cancelling a cancelled job again changes nothing.",
  security: SECURED,
  request: { params: JobParams },
  responses: {
    200: { description: "The job is cancelled.", content: json(JobSchema) },
    202: { description: "Its worker has been asked to stop.", content: json(JobSchema) },
    ...problems({ 401: true, 403: true, 404: true, 409: "The job has ended in another way." }),
  },
});

/** Adds the operations on jobs. */
export function jobRoutes(app: Api, gateway: Gateway): void {
  const { jobs } = gateway;
  const awaited = (job: Job, wait: number | undefined, request: Request) =>
    !wait || isFinal(job.state) ? job : waitFor(gateway, job.id, wait, request);

  app.openapi(read, async (c) => {
    const { id } = c.req.valid("param");
    const found = await jobFor(gateway, c.get("principal"), id);
    const job = await awaited(found.job, c.req.valid("query").wait, c.req.raw);
    const seen = found.view === "all" ? asSeenBy(gateway, c.get("principal"), job) : job;
    return c.json(jobToWire(seen, found.view), 200);
  });

  // The result goes through as the JSON text that it is, so its type cannot be checked here.
  app.openapi(result, async (c) => {
    const { id } = c.req.valid("param");
    const found = await jobFor(gateway, c.get("principal"), id);
    if (found.view !== "all") {
      throw new Problem("forbidden", { detail: "only its submitter sees a job's result" });
    }
    const job = await awaited(found.job, c.req.valid("query").wait, c.req.raw);
    if (!isFinal(job.state)) throw unfinished(job);
    return resultResponse(asSeenBy(gateway, c.get("principal"), job)) as never;
  });

  app.openapi(list, async (c) => {
    const principal = c.get("principal");
    const { limit = DEFAULT_PAGE, ...query } = c.req.valid("query");
    const scope = scopeOf(gateway, principal, query);
    const items: Job[] = [];
    let before = query.cursor;
    // The queue knows no filter by lane: pages are read until enough jobs of the lane are found.
    for (let round = 0; scope.tags.length > 0 && round < MAX_ROUNDS; round++) {
      const page = await jobs.list({ ...scope, states: query.status, limit: limit + 1, before });
      items.push(...page.filter((job) => query.lane === undefined || job.lane === query.lane));
      before = page[page.length - 1]?.id;
      if (items.length > limit || page.length <= limit) {
        before = items.length > limit ? items[limit - 1]!.id : undefined;
        break;
      }
    }
    return c.json({
      items: items.slice(0, limit).flatMap((job) => {
        const view = canSeeJob(principal, job, gateway.catalog.modelByTag(jobIdTag(job.id)));
        // What was just revoked may leave an owner the metadata: it is shared no more.
        const isListed = scope.shared ? view === "all" : view !== "none";
        return isListed && view !== "none" ? [jobToWire(job, view)] : [];
      }),
      ...(before !== undefined && { nextCursor: before }),
    }, 200);
  });

  app.openapi(cancel, async (c) => {
    const { id } = c.req.valid("param");
    const { job, view } = await ownJobFor(gateway, c.get("principal"), id);
    const outcome = await jobs.cancel(id, subjectsOf(c.get("principal"))[0]!);
    const after = await jobs.get(id) ?? job;
    switch (outcome) {
      case "cancelled":
        return c.json(jobToWire(after, view), 200);
      case "cancelling":
        return c.json(jobToWire(after, view), 202);
      case "final":
      case "missing":
        if (after.state === "cancelled") return c.json(jobToWire(after, view), 200);
        throw new Problem("job-final", {
          detail: `the job is ${after.state}`,
          job: { id, status: after.state },
        });
    }
  });
}

const MAX_ROUNDS = 10;

type Scope = Pick<JobQuery, "tags" | "submitter" | "shared">;

/** The queues to look into, and for whose jobs, so that only visible ones are found. */
function scopeOf(
  gateway: Gateway,
  principal: Principal,
  asked: { readonly model?: string; readonly submitter?: string; readonly shared?: string },
): Scope {
  if (asked.shared === "true") return sharedScopeOf(gateway, principal, asked);
  const self = subjectsOf(principal)[0]!;
  const seesAll = (model: Parameters<typeof can>[2]) => can(principal, "see_jobs", model);
  if (asked.model !== undefined) {
    const model = modelFor(gateway, principal, asked.model, "read", { parameter: "model" });
    const submitter = asked.submitter ?? (seesAll(model) ? undefined : self);
    const visible = submitter === self || seesAll(model);
    return { tags: visible ? [model.tag] : [], submitter };
  }
  const submitter = asked.submitter ?? (principal.superuser ? undefined : self);
  const models = [...gateway.catalog.models()];
  const visible = submitter === self ? models : models.filter(seesAll);
  return { tags: visible.map(({ tag }) => tag), submitter };
}

/** A job that is shared is seen by whoever may read its model still, and by nobody else. */
function sharedScopeOf(
  gateway: Gateway,
  principal: Principal,
  { model, submitter }: { readonly model?: string; readonly submitter?: string },
): Scope {
  const models = model === undefined
    ? [...gateway.catalog.models()].filter((one) => can(principal, "read", one))
    : [modelFor(gateway, principal, model, "read", { parameter: "model" })];
  const subjects = subjectsOf(principal);
  return {
    tags: models.map(({ tag }) => tag),
    submitter,
    shared: { with: subjects, notOf: subjects[0]! },
  };
}
