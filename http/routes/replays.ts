/**
 * Run a job again, and hear whether it comes out the same.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { isFinal, type Job } from "../../actors/job.ts";
import { jobIdTag } from "../../actors/job_id.ts";
import { canSeeJob } from "../../registry/access.ts";
import type { Principal } from "../../registry/principal.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { unfinished, waitFor } from "../job_result.ts";
import { jobFor } from "../lookup.ts";
import { notFound, Problem } from "../problem.ts";
import { judgeReplay, replay } from "../replay.ts";
import { JobParams } from "../wire/names.ts";
import { queryInteger } from "../wire/page.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { NewReplaySchema, ReplaySchema, replayToWire } from "../wire/replay.ts";
import { SubmissionHeaders } from "../wire/submission.ts";
import { waitOf } from "./predict.ts";

const common = { tags: [TAGS.jobs.name], path: "/v1/jobs/{id}/replay", security: SECURED };

const run = createRoute({
  ...common,
  method: "post",
  operationId: "replayJob",
  summary: "Run a job again",
  description: "Runs a job that has ended again: the same input on the version that it ran on, a " +
    "consensus with its children at theirs. Says whether the result is the same, what differs, or " +
    "why it cannot be run. It is a job of the caller's, and counts as one. How long to wait for it " +
    "is asked for by `Prefer: wait=N`.",
  request: {
    params: JobParams,
    headers: SubmissionHeaders.extend({
      Prefer: z.string().optional().openapi({
        description: "`wait=N`: seconds to wait (RFC 7240).",
        example: "wait=10",
      }),
    }),
    body: { required: false, content: json(NewReplaySchema) },
  },
  responses: {
    200: { description: "What came of it.", content: json(ReplaySchema) },
    202: {
      description: "The replay has not ended within the time.",
      headers: {
        Location: header("Where to ask.", "/v1/jobs/019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0/replay"),
      },
      content: json(ReplaySchema),
    },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: "The job is someone else's.",
      404: true,
      409: "The job has not ended; or the idempotency key was used for another request.",
      429: true,
    }),
  },
});

const read = createRoute({
  ...common,
  method: "get",
  operationId: "getReplay",
  summary: "Read what came of a replay",
  description: "Compares the job, which is a replay, with the one that it runs again.",
  request: {
    params: JobParams,
    query: z.strictObject({
      wait: queryInteger(0, 86_400, "Seconds to wait for the replay to end.").optional(),
    }),
  },
  responses: {
    200: { description: "What came of it.", content: json(ReplaySchema) },
    ...problems({
      401: true,
      403: "The job is someone else's.",
      404: "There is no such job, or it is no replay.",
      422: true,
    }),
  },
});

/** Adds the operations on replays. */
export function replayRoutes(app: Api, gateway: Gateway): void {
  const checked = jsonBody(gateway.limits);
  const middleware: typeof checked = (c, next) => c.req.raw.body ? checked(c, next) : next();

  app.openapi({ ...run, middleware }, async (c) => {
    const principal = c.get("principal");
    const job = await ownJob(gateway, principal, c.req.valid("param").id);
    if (!isFinal(job.state)) throw unfinished(job);
    const { tolerance } = c.req.valid("json");
    const headers = c.req.raw.headers;
    const replayed = await replay(gateway, principal, job, tolerance, headers);
    if (replayed.kind === "cannot_run") {
      return c.json(replayToWire(job, undefined, replayed), 200);
    }
    const { id } = replayed.accepted;
    const again = await waitFor(gateway, id, waitOf(headers, gateway), c.req.raw);
    const verdict = judgeReplay(gateway, principal, job, again);
    if (verdict.kind !== "pending") return c.json(replayToWire(job, again, verdict), 200);
    c.header("Location", `/v1/jobs/${id}/replay`);
    return c.json(replayToWire(job, again, verdict), 202);
  });

  app.openapi(read, async (c) => {
    const principal = c.get("principal");
    const { id } = c.req.valid("param");
    const found = await ownJob(gateway, principal, id);
    const of = found.provenance?.replay?.of;
    if (of === undefined) throw notFound("replay", id);
    const wait = c.req.valid("query").wait ?? 0;
    const again = wait > 0 && !isFinal(found.state)
      ? await waitFor(gateway, id, wait, c.req.raw)
      : found;
    const recorded = await gateway.jobs.get(of);
    const model = gateway.catalog.modelByTag(jobIdTag(of));
    if (!recorded || canSeeJob(principal, recorded, model) !== "all") {
      const head = { id: of, model: again.model, version: again.version };
      const reason = "the record of the job is gone";
      return c.json(replayToWire(head, again, { kind: "cannot_run", reason }), 200);
    }
    const verdict = judgeReplay(gateway, principal, recorded, again);
    return c.json(replayToWire(recorded, again, verdict), 200);
  });
}

/** A job whose result is the caller's to see. Throws 404, 403. */
async function ownJob(gateway: Gateway, principal: Principal, id: string): Promise<Job> {
  const { job, view } = await jobFor(gateway, principal, id);
  if (view === "all") return job;
  throw new Problem("forbidden", { detail: "only its submitter sees a job's result" });
}
