/**
 * Evaluations: hold a model against measured values, and fit a consensus to them.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { newJobId } from "../../actors/job_id.ts";
import { subjectsOf } from "../../registry/principal.ts";
import { type Api, header, json, SECURED, TAGS } from "../api.ts";
import { jsonBody, parseJson, readText } from "../body.ts";
import { countOf } from "../errors.ts";
import { evaluationFor, viewOf, type VisibleEvaluation } from "../evaluation/evaluation_lookup.ts";
import { type Columns, MAX_EVALUATION_ROWS, readTable } from "../evaluation/evaluation_table.ts";
import { fieldErrors } from "../field_errors.ts";
import { fitEvaluation } from "../evaluation/fit_evaluation.ts";
import type { Gateway, GatewayEnv } from "../gateway.ts";
import { refuseRetired } from "../lifecycle_headers.ts";
import { modelFor, versionFor } from "../lookup.ts";
import { notFound, Problem } from "../problem.ts";
import { queryOf } from "../query.ts";
import {
  EvaluationCsvSchema,
  EvaluationLinesSchema,
  EvaluationPageSchema,
  EvaluationParams,
  EvaluationQuery,
  EvaluationRequestSchema,
  EvaluationSchema,
  evaluationToWire,
  FitRequestSchema,
  FitSchema,
} from "../wire/evaluation.ts";
import { JobId, ModelParams } from "../wire/names.ts";
import { DEFAULT_PAGE, limitParameter, queryInteger } from "../wire/page.ts";
import { problems } from "../wire/problem.ts";

const tags = [TAGS.evaluations.name];
const TABLES = ["application/json", "text/csv", "application/x-ndjson"];
/** Evaluations of one caller that are not finished. */
const MAX_UNFINISHED = 20;

const create = createRoute({
  method: "post",
  path: "/v1/models/{model}/evaluations",
  operationId: "createEvaluation",
  tags,
  summary: "Evaluate a model",
  description: "Runs a model, and for a consensus its children, on inputs with measured values: " +
    `CSV with a header, JSON lines or JSON rows, at most ${MAX_EVALUATION_ROWS} of them. It goes ` +
    "on by itself, in the batch lane; the answer says where it stands.",
  security: SECURED,
  request: {
    params: ModelParams,
    query: EvaluationQuery,
    body: {
      required: true,
      content: {
        ...json(EvaluationRequestSchema),
        "text/csv": { schema: EvaluationCsvSchema },
        "application/x-ndjson": { schema: EvaluationLinesSchema },
      },
    },
  },
  responses: {
    202: {
      description: "The evaluation will be run.",
      headers: {
        Location: header("Path of the evaluation.", "/v1/models/agreed-logs/evaluations/0193..."),
      },
      content: json(EvaluationSchema),
    },
    ...problems({
      400: true,
      401: true,
      403: true,
      404: "The model or the version does not exist, or is not shared with the caller.",
      409: `The caller has ${MAX_UNFINISHED} evaluations under way.`,
      413: true,
      415: true,
      422: "A parameter or a column is wrong, or no row is right.",
    }),
  },
});

const read = createRoute({
  method: "get",
  path: "/v1/models/{model}/evaluations/{id}",
  operationId: "getEvaluation",
  tags,
  summary: "Read an evaluation",
  description: "Answers how far an evaluation is and, once it is completed, its report. Only its " +
    "submitter sees it; of a consensus, only the children that they may read.",
  security: SECURED,
  request: {
    params: EvaluationParams,
    query: z.strictObject({
      wait: queryInteger(0, 86_400, "Seconds to wait for its end; the gateway cuts long waits.")
        .optional(),
    }),
  },
  responses: {
    200: { description: "The evaluation.", content: json(EvaluationSchema) },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

const list = createRoute({
  method: "get",
  path: "/v1/models/{model}/evaluations",
  operationId: "listEvaluations",
  tags,
  summary: "List evaluations",
  description: "Lists the caller's evaluations of a model, the newest first and without reports; " +
    "superusers see all.",
  security: SECURED,
  request: {
    params: ModelParams,
    query: z.strictObject({
      limit: limitParameter,
      cursor: JobId.optional().openapi({ description: "The `nextCursor` of the page before." }),
    }),
  },
  responses: {
    200: { description: "A page of evaluations.", content: json(EvaluationPageSchema) },
    ...problems({ 401: true, 404: true, 422: true }),
  },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/models/{model}/evaluations/{id}",
  operationId: "deleteEvaluation",
  tags,
  summary: "Delete an evaluation",
  description: "Stops an evaluation, if it goes on, cancels its jobs and forgets it.",
  security: SECURED,
  request: { params: EvaluationParams },
  responses: {
    204: { description: "It is gone." },
    ...problems({ 401: true, 404: true }),
  },
});

const fitting = createRoute({
  method: "post",
  path: "/v1/models/{model}/evaluations/{id}/fit",
  operationId: "fitConsensus",
  tags,
  summary: "Fit a consensus",
  description: "Proposes weights and offsets for the children by cross-validated least squares, " +
    "and says what they are worth beside the present version and the best child, also where they " +
    "are worth nothing. With `version`, writes the best proposal as a new version, with its score " +
    "in its documentation.",
  security: SECURED,
  request: {
    params: EvaluationParams,
    body: { required: true, content: json(FitRequestSchema) },
  },
  responses: {
    200: { description: "The proposals.", content: json(FitSchema) },
    201: { description: "The best proposal is a version.", content: json(FitSchema) },
    ...problems({
      400: true,
      401: true,
      403: "The caller may not edit the model, or not read every child.",
      404: true,
      409: "The evaluation has not ended, or there is a version of that name.",
      413: true,
      415: true,
      422: "It is no evaluation of a consensus, or it failed, or there are too few rows to fit.",
    }),
  },
});

/** Adds the operations on evaluations. */
export function evaluationRoutes(app: Api, gateway: Gateway): void {
  const { evaluations } = gateway;

  // Bodies of three media types: read here, as zod's validator would take JSON alone.
  app.openAPIRegistry.registerPath(create);
  app.post(create.getRoutingPath(), async (c: Context<GatewayEnv>) => {
    const principal = c.get("principal");
    const { model: name } = ModelParams.safeParse(c.req.param()).data ?? nothing(c.req.param());
    const query = queryOf(EvaluationQuery, c.req.url);
    modelFor(gateway, principal, name, "run");
    const asked = await tableOf(c.req.raw, query, gateway);
    const where = { model: { parameter: "model" }, version: { parameter: "version" } };
    const resolved = versionFor(gateway, principal, name, asked.version, "run", where);
    refuseRetired(resolved.model, resolved.version, gateway.now(), where.version);
    const table = readTable(asked.body, asked.columns, resolved);
    const { model, version } = resolved;
    const submitter = subjectsOf(principal)[0]!;
    await checkUnfinished(gateway, submitter);
    const now = gateway.now();
    const made = await evaluations.create({
      id: newJobId(model.tag, now),
      modelTag: model.tag,
      version: version.version,
      submitter,
      createdAt: now,
      table,
    });
    c.header("Location", `/v1/models/${model.name}/evaluations/${made.id}`);
    const view = viewOf(gateway, principal, model, made.version);
    return c.json(evaluationToWire(made, undefined, view), 202);
  });

  app.openapi(read, async (c) => {
    const principal = c.get("principal");
    const { model, id } = c.req.valid("param");
    const find = () => evaluationFor(gateway, principal, model, id);
    const found = await waited(find, c.req.valid("query").wait ?? 0, gateway, c.req.raw);
    const { evaluation, view } = found;
    const result = evaluation.state === "completed" ? await evaluations.result(id) : undefined;
    return c.json(evaluationToWire(evaluation, result, view), 200);
  });

  app.openapi(list, async (c) => {
    const principal = c.get("principal");
    const model = modelFor(gateway, principal, c.req.valid("param").model, "read");
    const { limit = DEFAULT_PAGE, cursor } = c.req.valid("query");
    const submitter = principal.superuser ? undefined : subjectsOf(principal)[0]!;
    const page = await evaluations.list(model.tag, { submitter, limit: limit + 1, before: cursor });
    const items = page.slice(0, limit).map((each) =>
      evaluationToWire(each, undefined, viewOf(gateway, principal, model, each.version))
    );
    const last = items.at(-1);
    return c.json({
      items,
      ...(last && page.length > limit && { nextCursor: last.id }),
    }, 200);
  });

  app.openapi(remove, async (c) => {
    const { model, id } = c.req.valid("param");
    await evaluationFor(gateway, c.get("principal"), model, id);
    if (!await evaluations.delete(id)) throw notFound("evaluation", id);
    return c.body(null, 204);
  });

  app.openapi({ ...fitting, middleware: jsonBody(gateway.limits) }, async (c) => {
    const principal = c.get("principal");
    const { model, id } = c.req.valid("param");
    const found = await evaluationFor(gateway, principal, model, id);
    const answer = await fitEvaluation(gateway, principal, found, c.req.valid("json"));
    return c.json(answer, answer.written ? 201 : 200);
  });
}

function nothing({ model }: { readonly model?: string }): never {
  throw notFound("model", model ?? "", { parameter: "model" });
}

interface AskedTable {
  readonly body: Parameters<typeof readTable>[0];
  readonly columns: Columns;
  readonly version: string | undefined;
}

/** The table and what is said of it: in the query, or beside the rows in JSON. */
async function tableOf(
  request: Request,
  query: z.infer<typeof EvaluationQuery>,
  { limits }: Gateway,
): Promise<AskedTable> {
  const { type, text } = await readText(request, limits.maxBodyBytes, TABLES);
  if (type !== "application/json") {
    const { version, measured, output, field } = query;
    const pairs = [field ?? []].flat().map((each) => {
      const colon = each.indexOf(":");
      return [each.slice(0, colon), each.slice(colon + 1)];
    });
    const fields = pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
    return { body: { type, text }, columns: { measured, output, fields }, version };
  }
  const parsed = EvaluationRequestSchema.safeParse(parseJson(text, limits.maxNesting));
  if (!parsed.success) {
    const errors = fieldErrors(parsed.error.issues, "json");
    throw new Problem("invalid-request", { detail: countOf(errors), errors });
  }
  const { rows, fields, measured = query.measured, output = query.output } = parsed.data;
  const version = parsed.data.version ?? query.version;
  return { body: { rows }, columns: { measured, output, fields }, version };
}

async function checkUnfinished({ evaluations }: Gateway, submitter: string): Promise<void> {
  if (await evaluations.unfinished(submitter) < MAX_UNFINISHED) return;
  throw new Problem("too-many", {
    detail: `${MAX_UNFINISHED} of your evaluations are under way; wait for one, or delete one`,
  });
}

const LOOK_MS = 250;

/** The evaluation once it has ended, or as it stands when the time is up. */
async function waited(
  find: () => Promise<VisibleEvaluation>,
  seconds: number,
  { limits, stopping }: Gateway,
  request: Request,
): Promise<VisibleEvaluation> {
  const until = performance.now() + Math.min(seconds, limits.maxWaitSeconds) * 1000;
  while (true) {
    const found = await find();
    const { state } = found.evaluation;
    const left = until - performance.now();
    const isOver = state === "completed" || state === "failed" || left <= 0;
    if (isOver || stopping?.aborted || request.signal.aborted) return found;
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_MS, left)));
  }
}
