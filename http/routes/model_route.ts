/**
 * The route of a model: which version answers when the caller names none.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import { measuresOf as cohortMeasures } from "../../actors/routing/route_watch.ts";
import type { ShadowPair } from "../../actors/routing/shadow_pair.ts";
import { shadowReport } from "../../actors/routing/shadow_report.ts";
import { MAX_COHORT_MEMBERS } from "../../actors/job_queue.ts";
import type { Model } from "../../registry/model.ts";
import { subjectsOf } from "../../registry/principal.ts";
import {
  CANARY_DEFAULTS,
  canaryCohort,
  type CanaryState,
  type RouteSpec,
  type StoredRoute,
} from "../../registry/route.ts";
import {
  freshCanary,
  judgeCanary,
  measuresOf,
  onward,
  rolledBack,
  type StepMeasures,
} from "../../registry/route/canary.ts";
import { storedRoute } from "../../registry/route/stored.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { modelFor } from "../lookup.ts";
import { changeRoute, refuseUnfit, routeFaults, routeOf } from "../route_change.ts";
import { notFound, Problem } from "../problem.ts";
import { ModelParams } from "../wire/names.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";
import { ReasonQuery } from "../wire/reason.ts";
import {
  CanaryActionSchema,
  canaryHeadOf,
  CanaryViewSchema,
  NewRouteSchema,
  routeToWire,
  RouteViewSchema,
  ShadowReportSchema,
} from "../wire/route.ts";

const common = { tags: [TAGS.versions.name], security: SECURED };
const PATH = "/v1/models/{model}/route";
const WITHOUT = "There is no such model, or it has no route.";

const read = createRoute({
  ...common,
  method: "get",
  path: PATH,
  operationId: "getRoute",
  summary: "Read a model's route",
  description: "Answers which version answers whom when the caller names none. For the owners.",
  request: { params: ModelParams },
  responses: {
    200: { description: "The route.", content: json(RouteViewSchema) },
    ...problems({ 401: true, 403: true, 404: WITHOUT }),
  },
});

const put = createRoute({
  ...common,
  method: "put",
  path: PATH,
  operationId: "setRoute",
  summary: "Set a model's route",
  description: "Sets the whole route: rules, a canary, a traffic split, a shadow. What cannot be " +
    "honoured is refused with the reason, and changes nothing.",
  request: { params: ModelParams, body: { required: true, content: json(NewRouteSchema) } },
  responses: {
    200: { description: "The route as it is now.", content: json(RouteViewSchema) },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: true,
      404: true,
      409: "The route was changed again and again at the same time.",
    }),
  },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: PATH,
  operationId: "deleteRoute",
  summary: "Delete a model's route",
  description: "From now on the default version answers.",
  request: { params: ModelParams, query: ReasonQuery },
  responses: {
    204: { description: "The route is gone." },
    ...problems({ 401: true, 403: true, 404: WITHOUT, 422: true }),
  },
});

const readCanary = createRoute({
  ...common,
  method: "get",
  path: `${PATH}/canary`,
  operationId: "getCanary",
  summary: "See how a canary stands",
  description: "Answers the canary's step, its measures beside those of the jobs that were not " +
    "given to it, and what it waits for.",
  request: { params: ModelParams },
  responses: {
    200: { description: "The canary.", content: json(CanaryViewSchema) },
    ...problems({
      401: true,
      403: true,
      404: "There is no such model, or no canary in its route.",
    }),
  },
});

const actOnCanary = createRoute({
  ...common,
  method: "post",
  path: `${PATH}/canary`,
  operationId: "moveCanary",
  summary: "Move a canary by hand",
  description:
    "Moves a running canary on to its next step, back to nothing, or to its first step " +
    "again, which also starts one that has ended.",
  request: { params: ModelParams, body: { required: true, content: json(CanaryActionSchema) } },
  responses: {
    200: { description: "The canary as it is now.", content: json(CanaryViewSchema) },
    ...problems({
      ...BODY_REFUSALS,
      401: true,
      403: true,
      404: "There is no such model, or no canary in its route.",
      409: "The canary has ended, or the route was changed again and again at the same time.",
    }),
  },
});

const report = createRoute({
  ...common,
  method: "get",
  path: `${PATH}/shadow-report`,
  operationId: "getShadowReport",
  summary: "Compare a shadow version",
  description: "Answers how the results of the latest copies compare with those that callers got.",
  request: { params: ModelParams },
  responses: {
    200: { description: "The comparison.", content: json(ShadowReportSchema) },
    ...problems({
      401: true,
      403: true,
      404: "There is no such model, or no shadow in its route.",
    }),
  },
});

/** Adds the operations on routes. */
export function modelRoute(app: Api, gateway: Gateway): void {
  const { registry, catalog, limits, jobs, now } = gateway;

  app.openapi(read, (c) => {
    const model = modelOf(c);
    const document = routeOf(gateway, model);
    const { spec } = document.value as StoredRoute;
    return c.json(routeToWire(document, model.name, routeFaults(gateway, model, spec)), 200);
  });

  app.openapi({ ...put, middleware: jsonBody(limits) }, async (c) => {
    const model = modelOf(c);
    const { reason, ...spec } = c.req.valid("json");
    const principal = c.get("principal");
    const document = await changeRoute(gateway, principal, model, reason, (before) => {
      refuseUnfit(gateway, model, spec as RouteSpec);
      return storedRoute(spec as RouteSpec, before, now());
    });
    return c.json(routeToWire(document, model.name, []), 200);
  });

  app.openapi(remove, async (c) => {
    const model = modelOf(c);
    routeOf(gateway, model);
    const { reason } = c.req.valid("query");
    const actor = subjectsOf(c.get("principal"))[0]!;
    await registry.deleteDocument(actor, "route", model.name, { ...(reason && { reason }) });
    await catalog.refresh();
    return c.body(null, 204);
  });

  app.openapi(readCanary, async (c) => {
    const model = modelOf(c);
    return c.json(await canaryView(gateway, model, canaryOf(gateway, model)), 200);
  });

  app.openapi({ ...actOnCanary, middleware: jsonBody(limits) }, async (c) => {
    const model = modelOf(c);
    canaryOf(gateway, model);
    const { action, reason } = c.req.valid("json");
    await changeRoute(gateway, c.get("principal"), model, reason, (before) => {
      if (!before?.canary) throw noCanary(model);
      if (action === "restart") refuseUnfit(gateway, model, before.spec);
      const why = `${action} by hand${reason === undefined ? "" : `: ${reason}`}`;
      return { ...before, canary: moved(before.spec, before.canary, action, why, now()) };
    });
    return c.json(await canaryView(gateway, model, canaryOf(gateway, model)), 200);
  });

  app.openapi(report, async (c) => {
    const model = modelOf(c);
    const { spec, shadowRun } = routeOf(gateway, model).value as StoredRoute;
    if (!spec.shadow || shadowRun === undefined) throw notFound("shadow of", model.name);
    const [{ completed, failed, expired, cancelled }, members] = await Promise.all([
      jobs.cohort(model.tag, shadowRun),
      jobs.cohortMembers(model.tag, shadowRun, MAX_COHORT_MEMBERS),
    ]);
    const pairs = members.flatMap(({ note }) =>
      note === undefined ? [] : [JSON.parse(note) as ShadowPair]
    );
    const { farthest, ...figures } = shadowReport(pairs, spec.shadow.tolerance);
    return c.json({
      model: model.name,
      version: spec.shadow.version,
      copies: { completed, failed, expired, cancelled },
      ...figures,
      farthest: [...farthest],
    }, 200);
  });

  /** Whoever may move the default decides which version answers. */
  function modelOf(
    c: {
      get(name: "principal"): Parameters<typeof modelFor>[1];
      req: { valid(part: "param"): { model: string } };
    },
  ): Model {
    return modelFor(gateway, c.get("principal"), c.req.valid("param").model, "move_default");
  }
}

interface Canary {
  readonly spec: RouteSpec;
  readonly state: CanaryState;
}

function noCanary({ name }: Model): Problem {
  return notFound("canary of", name, { parameter: "model" });
}

function canaryOf(gateway: Gateway, model: Model): Canary {
  const { spec, canary } = routeOf(gateway, model).value as StoredRoute;
  if (!canary) throw noCanary(model);
  return { spec, state: canary };
}

function moved(
  spec: RouteSpec,
  state: CanaryState,
  action: "advance" | "rollback" | "restart",
  reason: string,
  now: number,
): CanaryState {
  if (action === "restart") return freshCanary(`canary-${now.toString(36)}`, now, reason);
  if (state.phase !== "running" && !(action === "rollback" && state.phase === "completed")) {
    throw new Problem("canary-ended", {
      detail: `the canary is ${state.phase.replace("_", " ")}; \`restart\` begins it anew`,
    });
  }
  if (action === "rollback") return rolledBack(state, reason, now);
  return onward(spec.canary!, state, reason, now).state;
}

async function canaryView({ jobs, now }: Gateway, { tag }: Model, { spec, state }: Canary) {
  const [canary, others] = await Promise.all([
    jobs.cohort(tag, canaryCohort(state, "canary")),
    jobs.cohort(tag, canaryCohort(state, "baseline")),
  ]);
  const measured = [cohortMeasures(canary), cohortMeasures(others)] as const;
  const percentile = spec.canary!.latencyPercentile ?? CANARY_DEFAULTS.latencyPercentile;
  const wire = (measures: StepMeasures) => {
    const { attempts, errors } = measures;
    return {
      ...measuresOf(measures, percentile / 100),
      ...(attempts > 0 && { errorRate: errors / attempts }),
    };
  };
  return {
    ...canaryHeadOf(spec, state),
    canary: wire(measured[0]),
    baseline: wire(measured[1]),
    outlook: outlookOf(spec, state, measured, now()),
  };
}

function outlookOf(
  spec: RouteSpec,
  state: CanaryState,
  measured: readonly [StepMeasures, StepMeasures],
  now: number,
): string {
  if (state.phase !== "running") return "nothing more happens by itself";
  const verdict = judgeCanary(spec.canary!, state, ...measured, now);
  return verdict.kind === "hold" ? verdict.reason : `${verdict.kind}: ${verdict.state.reason}`;
}
