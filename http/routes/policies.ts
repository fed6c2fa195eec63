/**
 * The administrator's policy: bounds for everybody.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import { POLICY_NAME } from "../../registry/policy.ts";
import { subjectsOf } from "../../registry/principal.ts";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { jsonBody } from "../body.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import { NewPolicySchema, PolicySchema, policyToWire } from "../wire/policy.ts";
import { BODY_REFUSALS, problems } from "../wire/problem.ts";

const common = { tags: [TAGS.quotas.name], security: SECURED, path: "/v1/policies" };

const read = createRoute({
  ...common,
  method: "get",
  operationId: "getPolicies",
  summary: "Read the policy",
  description: "Answers what holds for every registration and submission.",
  responses: {
    200: { description: "The policy.", content: json(PolicySchema) },
    ...problems({ 401: true }),
  },
});

const put = createRoute({
  ...common,
  method: "put",
  operationId: "setPolicies",
  summary: "Set the policy",
  description: "Sets the whole policy. Registrations and submissions that break it are refused, " +
    "naming the field; models that are there already are cut to its times. For superusers.",
  request: { body: { required: true, content: json(NewPolicySchema) } },
  responses: {
    200: { description: "The policy as it is now.", content: json(PolicySchema) },
    ...problems({ ...BODY_REFUSALS, 401: true, 403: true }),
  },
});

/** Adds the operations on the policy. */
export function policyRoutes(app: Api, { catalog, registry, limits }: Gateway): void {
  app.openapi(read, (c) => c.json(policyToWire(catalog.document("policy", POLICY_NAME)), 200));

  app.openapi({ ...put, middleware: jsonBody(limits) }, async (c) => {
    const principal = c.get("principal");
    if (!principal.superuser) throw new Problem("forbidden", { detail: "superusers set policies" });
    const { reason, ...policy } = c.req.valid("json");
    const actor = subjectsOf(principal)[0]!;
    const document = await registry.setDocument(actor, "policy", POLICY_NAME, policy, {
      ...(reason !== undefined && { reason }),
    });
    await catalog.refresh();
    return c.json(policyToWire(document), 200);
  });
}
