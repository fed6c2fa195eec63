/**
 * How this process is: alive, ready, and in numbers. For every role.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { hasScope } from "../../registry/scope.ts";
import { type Api, json, TAGS } from "../api.ts";
import { bearerOf } from "../auth.ts";
import { renderBackendMetrics } from "../metrics/backend_metrics.ts";
import type { Operations } from "../gateway.ts";
import { PrometheusText } from "../metrics/metrics.ts";
import { readableModels, renderModelMetrics } from "../metrics/model_metrics.ts";

const tags = [TAGS.operations.name];

const ReadinessSchema = z.object({
  status: z.enum(["ready", "not_ready"]),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean() })),
}).openapi("Readiness", {
  description: "Whether what the process depends on answers.",
  example: { status: "ready", checks: [{ name: "queue", ok: true }] },
});

const healthz = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "getHealth",
  tags,
  summary: "Is the process alive?",
  description: "Answers as long as the process does. It depends on nothing else.",
  responses: {
    200: {
      description: "It is.",
      content: json(
        z.object({ status: z.literal("ok"), version: z.string() }).openapi("Health", {
          example: { status: "ok", version: "0.1.0" },
        }),
      ),
    },
  },
});

const readyz = createRoute({
  method: "get",
  path: "/readyz",
  operationId: "getReadiness",
  tags,
  summary: "Can the process work?",
  description: "Checks what the process depends on.",
  responses: {
    200: { description: "It can.", content: json(ReadinessSchema) },
    503: { description: "It cannot now.", content: json(ReadinessSchema) },
  },
});

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  operationId: "getMetrics",
  tags,
  summary: "Metrics for Prometheus",
  description: "The process's own numbers, and per model the backlog, the time in queue and the " +
    "time running: of public models without an API key, with one of all that its bearer may read.",
  security: [{}, { apiKey: [] }],
  request: {
    query: z.strictObject({
      queues: z.enum(["true", "false"]).optional().openapi({
        description:
          "`false` leaves out how the queues stand, which every process gives alike and " +
          "has to read for it.",
      }),
    }),
  },
  responses: {
    200: {
      description: "Prometheus text.",
      content: {
        "text/plain": {
          schema: z.string().openapi({
            example: 'model_gateway_jobs_waiting{model="esol",lane="interactive"} 0\n',
          }),
        },
      },
    },
  },
});

/** Adds the operations. */
export function healthRoutes(app: Api, operations: Operations): void {
  const { catalog, metrics, log, version } = operations;
  const started = Date.now() / 1000;
  metrics.gauge(
    "model_gateway_registry_stale",
    "1 while the registry cannot be read and requests go by what was read before.",
    () => catalog.stale ? 1 : 0,
  );
  metrics.gauge(
    "process_resident_memory_bytes",
    "Resident memory.",
    () => Deno.memoryUsage().rss,
  );
  metrics.gauge("process_start_time_seconds", "When the process began to serve.", () => started);

  app.openapi(healthz, (c) => c.json({ status: "ok" as const, version }, 200));

  let told = "";
  app.openapi(readyz, async (c) => {
    const checks = await operations.ready();
    const failed = checks.filter(({ ok }) => !ok);
    const reasons = failed.map(({ name, detail }) => `${name}: ${detail ?? "failed"}`).join("; ");
    // Probes come every few seconds: only what is new goes to the log.
    if (reasons !== "" && reasons !== told) log.error("not ready", { reasons });
    told = reasons;
    const wire = checks.map(({ name, ok }) => ({ name, ok }));
    return failed.length === 0
      ? c.json({ status: "ready" as const, checks: wire }, 200)
      : c.json({ status: "not_ready" as const, checks: wire }, 503);
  });

  app.openapi(metricsRoute, async (c) => {
    const text = new PrometheusText();
    const bearer = await bearerOf(operations, c.req.raw.headers.get("authorization"));
    const reader = bearer && hasScope(bearer, "read") ? bearer : undefined;
    const readable = readableModels(catalog, reader);
    const names = new Set(readable.map(({ name }) => name));
    metrics.render(text, (model) => names.has(model));
    renderBackendMetrics(operations, reader, text);
    if (c.req.query("queues") !== "false") {
      await renderModelMetrics(operations, readable, text);
    }
    return c.text(text.toString(), 200, { "content-type": METRICS_TYPE });
  });
}
