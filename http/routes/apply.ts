/**
 * Models as they are to be, in one request.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { apply } from "../apply/apply.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { AppliedSchema, ApplySchema } from "../wire/manifest.ts";
import { problems } from "../wire/problem.ts";

const route = createRoute({
  method: "post",
  path: "/v1/apply",
  operationId: "applyManifests",
  tags: [TAGS.models.name],
  security: SECURED,
  summary: "Bring models to what a file says",
  description:
    "Makes models, and changes those that are there, until they are as their manifests " +
    "say: words, settings, versions, aliases, default, route, quota, access. What is not named " +
    "stays. All manifests are checked before anything is changed; what is so already is left " +
    "alone, so the same request can be sent again and again.",
  request: { body: { required: true, content: json(ApplySchema) } },
  responses: {
    200: { description: "What was changed, or would be.", content: json(AppliedSchema) },
    ...problems({
      400: true,
      401: true,
      403: true,
      409: "Somebody else changed the same at the same time: apply again.",
      413: true,
      415: true,
      422: "A manifest is refused: every fault is named, and nothing was changed.",
    }),
  },
});

/** Adds the operation. */
export function applyRoute(app: Api, gateway: Gateway): void {
  app.openapi({ ...route, middleware: jsonBody(gateway.limits) }, async (c) => {
    const { manifests, dryRun = false, reason } = c.req.valid("json");
    return c.json(await apply(gateway, c.get("principal"), manifests, { dryRun, reason }), 200);
  });
}
