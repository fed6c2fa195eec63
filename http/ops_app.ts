/**
 * What a process without the gateway's role serves of itself: health, readiness and metrics.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Api } from "./api.ts";
import { defaultHook, errorHandler, noRoute } from "./errors.ts";
import type { GatewayEnv, Operations } from "./gateway.ts";
import { healthRoutes } from "./routes/health.ts";

/** Builds the application: `app.fetch` answers requests. */
export function createOpsApp(operations: Operations): Api {
  const app = new OpenAPIHono<GatewayEnv>({ defaultHook });
  app.onError(errorHandler(operations.log));
  healthRoutes(app, operations);
  app.notFound((c) => noRoute(c, []));
  return app;
}
