/**
 * The way in of jobs, and the hot path of the gateway.
 *
 * The OpenAPI document is made of the same zod schema as everywhere, but this route is not run
 * through zod's validator: the body is read and parsed once, and a plain submission is checked by a
 * few comparisons (`checkSubmission`). For the same reason it authenticates and measures itself
 * instead of through middleware.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requirePrincipal } from "../auth.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { readJson } from "../body.ts";
import { errorHandler } from "../errors.ts";
import type { Gateway, GatewayEnv } from "../gateway.ts";
import type { RequestMeter } from "../metrics/request_meter.ts";
import { requireScope } from "../scope_check.ts";
import { LIFECYCLE_HEADERS } from "../lifecycle_headers.ts";
import { acceptedText, checkSubmission, submit } from "../submission.ts";
import { forecast } from "../submission/forecast.ts";
import { ForecastSchema } from "../wire/forecast.ts";
import { AcceptedJobSchema } from "../wire/job.ts";
import { problems } from "../wire/problem.ts";
import { SubmissionHeaders, SubmissionSchema } from "../wire/submission.ts";

/** Says that the answer was given before. */
export const REPLAYED = { "idempotency-replayed": "true" };

const PATH = "/v1/jobs";

const route = createRoute({
  method: "post",
  path: PATH,
  operationId: "submitJob",
  tags: [TAGS.jobs.name],
  summary: "Submit a job",
  description: "Checks the input by the version's schema, queues the job durably and answers at " +
    "once; with `dryRun` it checks and answers only. With an `Idempotency-Key`, a repeated " +
    "request gets the first answer again.",
  security: SECURED,
  request: {
    headers: SubmissionHeaders,
    body: { required: true, content: json(SubmissionSchema) },
  },
  responses: {
    200: {
      description: "With `dryRun: true`: what would become of it; nothing was queued.",
      content: json(ForecastSchema),
    },
    202: {
      description: "The job is accepted and will not be lost.",
      headers: {
        Location: header("Path of the job.", "/v1/jobs/019302f4-7c1e-8a3b-9d10-5f2c8e7a41b0"),
        "Idempotency-Replayed": header("`true` for an answer that was given before.", "true"),
        ...LIFECYCLE_HEADERS,
      },
      content: json(AcceptedJobSchema),
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
      422: "A field or header is wrong, or the input breaks the version's schema; nothing was " +
        "queued.",
      429: true,
    }),
  },
});

/** Adds the operation. To be added before any middleware, which it does without. */
export function submissionRoute(app: Api, gateway: Gateway, meter: RequestMeter): void {
  const { limits } = gateway;
  const answerError = errorHandler(gateway.log);
  app.openAPIRegistry.registerPath(route);
  app.post(PATH, async (c: Context<GatewayEnv>) => {
    const begun = performance.now();
    let response: Response;
    try {
      const request = c.req.raw;
      const { headers } = request;
      const found = requirePrincipal(gateway, headers.get("authorization"));
      // A key is found at once; an await would cost every submission a turn.
      const principal = found instanceof Promise ? await found : found;
      requireScope(principal, "run");
      const checked = performance.now();
      const body = await readJson(request, limits);
      const read = performance.now();
      const submission = checkSubmission(body);
      if (submission.dryRun === true) {
        response = Response.json(await forecast(gateway, principal, submission, headers));
        meter.record("POST", PATH, response.status, begun);
        return response;
      }
      const job = await submit(gateway, principal, submission.model, submission, headers);
      response = new Response(acceptedText(job), {
        status: 202,
        headers: {
          "content-type": "application/json",
          location: `${PATH}/${job.id}`,
          ...(job.replayed && REPLAYED),
          ...job.headers,
        },
      });
      const arrival = read - checked;
      meter.queueWrite.observe(job.queueMs / 1000);
      meter.overhead.observe((performance.now() - begun - arrival - job.queueMs) / 1000);
    } catch (error) {
      response = await answerError(error instanceof Error ? error : new Error(String(error)), c);
    }
    meter.record("POST", PATH, response.status, begun);
    return response;
  });
}
