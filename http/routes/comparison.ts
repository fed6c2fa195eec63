/**
 * Two versions of a model beside each other.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import { type Api, json, SECURED, TAGS } from "../api.ts";
import { maySeeBackend } from "../consensus/visible_children.ts";
import type { Gateway } from "../gateway.ts";
import { versionFor } from "../lookup.ts";
import { breaksOf, changesOf, comparable } from "../version_comparison.ts";
import { CompareQuery, ComparisonSchema } from "../wire/comparison.ts";
import { ModelParams } from "../wire/names.ts";
import { problems } from "../wire/problem.ts";

const compare = createRoute({
  method: "get",
  // Not below `versions`, where it would be a version's name.
  path: "/v1/models/{model}/compare",
  operationId: "compareVersions",
  tags: [TAGS.versions.name],
  security: SECURED,
  summary: "Compare two versions",
  description: "Answers every place where the definitions of two versions differ, and what of it " +
    "callers would have to see to.",
  request: { params: ModelParams, query: CompareQuery },
  responses: {
    200: { description: "What differs.", content: json(ComparisonSchema) },
    ...problems({
      401: true,
      404: true,
      410: "All versions of the model are retired: name both.",
      422: true,
    }),
  },
});

/** Adds the comparison of versions. */
export function comparisonRoute(app: Api, gateway: Gateway): void {
  app.openapi(compare, (c) => {
    const principal = c.get("principal");
    const { model: name } = c.req.valid("param");
    const query = c.req.valid("query");
    const find = (version: string, parameter: string) =>
      versionFor(gateway, principal, name, version, "read", {
        model: { parameter: "model" },
        version: { parameter },
      });
    const from = find(query.from, "from");
    const to = find(query.to ?? "latest", "to");
    const { model } = from;
    // Of two consensus versions, one may have children that the caller does not see.
    const seesBackends = [from, to].every(({ version }) =>
      maySeeBackend(gateway.catalog, principal, model, version)
    );
    const [older, newer] = [from, to].map(({ version }) => comparable(version, seesBackends));
    const { example } = from.version;
    return c.json({
      model: model.name,
      from: from.version.version,
      to: to.version.version,
      changes: changesOf(older, newer),
      breaks: breaksOf(older!, newer!),
      ...(example !== undefined && { exampleAccepted: to.validate(example).length === 0 }),
    }, 200);
  });
}
