/**
 * Submit and wait in one request.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isFinal } from "../../actors/job.ts";
import { NAME_PATTERN } from "../../registry/model.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { readJson } from "../body.ts";
import { asSeenBy } from "../consensus_view.ts";
import type { Gateway, GatewayEnv } from "../gateway.ts";
import { LIFECYCLE_HEADERS } from "../lifecycle_headers.ts";
import { resultResponse, waitFor } from "../job_result.ts";
import { notFound } from "../problem.ts";
import { checkPrediction, submit } from "../submission.ts";
import { JobSchema, jobToWire, ResultSchema } from "../wire/job.ts";
import { ModelParams } from "../wire/names.ts";
import { problems } from "../wire/problem.ts";
import { PredictionSchema, SubmissionHeaders } from "../wire/submission.ts";
import { REPLAYED } from "./submissions.ts";

const location = header("Path of the job.", "/v1/jobs/019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0");
const applied = header("The wait that was granted, in seconds.", "wait=30");

const route = createRoute({
  method: "post",
  path: "/v1/models/{model}/predict",
  operationId: "predict",
  tags: [TAGS.jobs.name],
  summary: "Run a model and wait for its result",
  description: "Submits a job and waits for it to end. When the time is up it answers 202 with " +
    "the job, which goes on; it goes on, too, if the caller hangs up. How long to wait, in " +
    "seconds, is asked for by `Prefer: wait=N` (30 by default).",
  security: SECURED,
  request: {
    params: ModelParams,
    headers: SubmissionHeaders.extend({
      Prefer: z.string().optional().openapi({
        description: "`wait=N`: seconds to wait (RFC 7240).",
        example: "wait=10",
      }),
    }),
    body: { required: true, content: json(PredictionSchema) },
  },
  responses: {
    200: {
      description: "The job completed.",
      headers: { Location: location, "Preference-Applied": applied, ...LIFECYCLE_HEADERS },
      content: json(ResultSchema),
    },
    202: {
      description: "The job has not ended within the time.",
      headers: { Location: location, "Preference-Applied": applied, ...LIFECYCLE_HEADERS },
      content: json(JobSchema),
    },
    ...problems({
      400: true,
      401: true,
      403: true,
      404: "The model or the version does not exist, or is not shared with the caller.",
      409: "The idempotency key was used for another request.",
      410: true,
      413: true,
      415: true,
      422: "The input breaks the version's schema and nothing was queued (`type` ends with " +
        "`invalid-input`); or the job failed, was cancelled or expired, and `job` and `error` say " +
        "which and why.",
      429: true,
    }),
  },
});

const WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i;

/** Adds the operation. Like a submission, its body is read and parsed once, outside of zod. */
export function predictRoute(app: Api, gateway: Gateway): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c: Context<GatewayEnv>) => {
    const model = c.req.param("model") ?? "";
    if (!NAME_PATTERN.test(model)) throw notFound("model", model, { parameter: "model" });
    const asked = checkPrediction(await readJson(c.req.raw, gateway.limits));
    const headers = c.req.raw.headers;
    const accepted = await submit(gateway, c.get("principal"), model, asked, headers, {
      modelIn: "path",
    });
    const seconds = waitOf(headers, gateway);
    const job = await waitFor(gateway, accepted.id, seconds, c.req.raw);
    const answer = {
      location: `/v1/jobs/${job.id}`,
      "preference-applied": `wait=${seconds}`,
      ...(accepted.replayed && REPLAYED),
      ...accepted.headers,
    };
    if (isFinal(job.state)) {
      return resultResponse(asSeenBy(gateway, c.get("principal"), job), answer);
    }
    return c.json(jobToWire(job, "all"), 202, answer);
  });
}

/** The wait asked for, within the gateway's limit. A preference that makes no sense is ignored. */
export function waitOf(headers: Headers, { limits }: Gateway): number {
  const asked = WAIT.exec(headers.get("prefer") ?? "")?.[1];
  return Math.min(limits.maxWaitSeconds, asked ? Number(asked) : limits.predictWaitSeconds);
}
