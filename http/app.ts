/**
 * The gateway's HTTP application: every route, and nothing that listens.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Api } from "./api.ts";
import { authenticate } from "./auth.ts";
import { defaultHook, errorHandler, noRoute } from "./errors.ts";
import type { Gateway, GatewayEnv } from "./gateway.ts";
import { mcpRoutes } from "./mcp/mcp_routes.ts";
import { webSurfaces } from "./panel/surfaces.ts";
import { RequestMeter } from "./metrics/request_meter.ts";
import { applyRoute } from "./routes/apply.ts";
import { auditRoutes } from "./routes/audit.ts";
import { backlogRoute } from "./routes/backlog.ts";
import { backendRoutes } from "./routes/backends.ts";
import { chatRoute } from "./routes/chat.ts";
import { comparisonRoute } from "./routes/comparison.ts";
import { consensusRoutes } from "./routes/consensus.ts";
import { deadLetterRoutes } from "./routes/dead_letters.ts";
import { deliveryRoutes } from "./routes/deliveries.ts";
import { docsRoutes } from "./routes/docs.ts";
import { evaluationRoutes } from "./routes/evaluations.ts";
import { healthRoutes } from "./routes/health.ts";
import { identityRoute } from "./routes/identity.ts";
import { jobEventRoute } from "./routes/job_events.ts";
import { jobSharingRoutes } from "./routes/job_sharing.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { keyRoutes } from "./routes/keys.ts";
import { lifecycleRoutes } from "./routes/lifecycle.ts";
import { modelAccessRoutes } from "./routes/model_access.ts";
import { modelRoute } from "./routes/model_route.ts";
import { modelRoutes } from "./routes/models.ts";
import { openInferenceRoutes } from "./routes/open_inference.ts";
import { planRoutes } from "./routes/plans.ts";
import { policyRoutes } from "./routes/policies.ts";
import { poolRoutes } from "./routes/pools.ts";
import { predictRoute } from "./routes/predict.ts";
import { quotaRoutes } from "./routes/quotas.ts";
import { replayRoutes } from "./routes/replays.ts";
import { submissionRoute } from "./routes/submissions.ts";
import { usageRoute } from "./routes/usage.ts";
import { versionNameRoutes } from "./routes/version_names.ts";
import { versionRoutes } from "./routes/versions.ts";

/** Builds the application: `app.fetch` answers requests. */
export function createApp(gateway: Gateway): Api {
  const app = new OpenAPIHono<GatewayEnv>({ defaultHook });
  const meter = new RequestMeter(gateway.metrics, gateway.tracing);
  app.onError(errorHandler(gateway.log));
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "An API key, as `Authorization: Bearer mgk_...`, or a token of the OpenID " +
      "provider that the gateway trusts, if it trusts one.",
  });
  submissionRoute(app, gateway, meter);
  app.use(meter.middleware());
  app.use("/v1/*", authenticate(gateway));
  app.use("/v2/models/*", authenticate(gateway));
  modelRoutes(app, gateway);
  applyRoute(app, gateway);
  modelAccessRoutes(app, gateway);
  versionRoutes(app, gateway);
  versionNameRoutes(app, gateway);
  lifecycleRoutes(app, gateway);
  comparisonRoute(app, gateway);
  modelRoute(app, gateway);
  consensusRoutes(app, gateway);
  evaluationRoutes(app, gateway);
  predictRoute(app, gateway);
  jobRoutes(app, gateway);
  replayRoutes(app, gateway);
  jobSharingRoutes(app, gateway);
  jobEventRoute(app, gateway);
  deadLetterRoutes(app, gateway);
  deliveryRoutes(app, gateway);
  keyRoutes(app, gateway);
  identityRoute(app);
  quotaRoutes(app, gateway);
  policyRoutes(app, gateway);
  poolRoutes(app, gateway);
  backlogRoute(app, gateway);
  usageRoute(app, gateway);
  planRoutes(app, gateway);
  chatRoute(app, gateway);
  auditRoutes(app, gateway);
  backendRoutes(app, gateway);
  openInferenceRoutes(app, gateway);
  healthRoutes(app, gateway);
  docsRoutes(app, gateway.version);
  mcpRoutes(app, gateway);
  webSurfaces(app, gateway);
  answerTheRest(app);
  return app;
}

/** Answers paths without a route by 404, and methods that a path does not take by 405. */
function answerTheRest(app: Api): void {
  const paths = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    const methods = paths.get(path) ?? new Set<string>();
    methods.add(method);
    if (method === "GET") methods.add("HEAD");
    paths.set(path, methods);
  }
  const known = [...paths].map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:[a-z]+/g, "[^/]+")}$`),
    methods,
  }));
  app.notFound((c) => {
    const path = c.req.path;
    return noRoute(c, known.filter((r) => r.pattern.test(path)).flatMap((r) => [...r.methods]));
  });
}
