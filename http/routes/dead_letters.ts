/**
 * Dead letters: what failed on every attempt, and its way back.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Job } from "../../actors/job.ts";
import { can, canSeeJob } from "../../registry/access.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import type { Gateway } from "../gateway.ts";
import { modelFor, ownJobFor } from "../lookup.ts";
import { Problem } from "../problem.ts";
import { JobPageSchema, JobSchema, jobToWire } from "../wire/job.ts";
import { JobId, JobParams, name } from "../wire/names.ts";
import { DEFAULT_PAGE, limitParameter } from "../wire/page.ts";
import { problems } from "../wire/problem.ts";

const tags = [TAGS.deadLetters.name];

const list = createRoute({
  method: "get",
  path: "/v1/dead-letters",
  operationId: "listDeadLetters",
  tags,
  summary: "List dead letters",
  description: "Lists the dead-lettered jobs of a model that the caller may see, the newest " +
    "first. A page may be short where it holds jobs of others.",
  security: SECURED,
  request: {
    query: z.strictObject({
      model: name("The model.", "esol"),
      limit: limitParameter,
      cursor: JobId.optional().openapi({ description: "The `nextCursor` of the page before." }),
    }),
  },
  responses: {
    200: { description: "A page of jobs.", content: json(JobPageSchema) },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

const requeue = createRoute({
  method: "post",
  path: "/v1/jobs/{id}/requeue",
  operationId: "requeueJob",
  tags,
  summary: "Requeue a dead letter",
  description: "Puts a dead-lettered job back at the tail of its queue, its attempts forgotten.",
  security: SECURED,
  request: { params: JobParams },
  responses: {
    202: { description: "The job is queued again.", content: json(JobSchema) },
    ...problems({ 401: true, 403: true, 404: true, 409: "The job is not dead-lettered." }),
  },
});

/** Adds the operations on dead letters. */
export function deadLetterRoutes(app: Api, gateway: Gateway): void {
  const { jobs } = gateway;

  app.openapi(list, async (c) => {
    const principal = c.get("principal");
    const { model: asked, limit = DEFAULT_PAGE, cursor } = c.req.valid("query");
    const model = modelFor(gateway, principal, asked, "read");
    const dead = can(principal, "see_jobs", model)
      ? await jobs.deadLetters(model.tag, limit + 1, cursor)
      : await ownDeadLetters(gateway, principal, model.tag, limit + 1, cursor);
    const page = dead.slice(0, limit);
    return c.json({
      items: page.map((job) => jobToWire(job, canSeeJob(principal, job, model))),
      ...(dead.length > limit && { nextCursor: page[page.length - 1]!.id }),
    }, 200);
  });

  app.openapi(requeue, async (c) => {
    const { id } = c.req.valid("param");
    const { job, view } = await ownJobFor(gateway, c.get("principal"), id);
    if (!await jobs.requeue(id, subjectsOf(c.get("principal"))[0]!)) {
      throw new Problem("not-dead-lettered", {
        detail: `the job is ${job.state}`,
        job: { id, status: job.state },
      });
    }
    return c.json(jobToWire(await jobs.get(id) ?? job, view), 202);
  });
}

/** The caller's own alone are looked at: a page, or a cursor, of others' would tell of them. */
async function ownDeadLetters(
  { jobs }: Gateway,
  principal: Principal,
  tag: number,
  limit: number,
  cursor: string | undefined,
): Promise<Job[]> {
  const submitter = subjectsOf(principal)[0]!;
  const dead: Job[] = [];
  let before = cursor;
  do {
    const page = await jobs.list({
      tags: [tag],
      states: ["failed"],
      submitter,
      limit: PAGE,
      before,
    });
    dead.push(...page.filter(({ deadLettered }) => deadLettered));
    before = page.length < PAGE ? undefined : page[page.length - 1]!.id;
  } while (before !== undefined && dead.length < limit);
  return dead.slice(0, limit);
}

const PAGE = 200;
