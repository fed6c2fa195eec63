/**
 * Checks and stores routes for the HTTP operations on them.
 *
 * @module
 */
import { CONSENSUS_KIND } from "../actors/consensus/consensus_model.ts";
import type { Document } from "../registry/document.ts";
import type { Model } from "../registry/model.ts";
import { type Principal, subjectsOf } from "../registry/principal.ts";
import { Changed, InvalidDefinition, type Problem } from "../registry/registry.ts";
import type { RouteSpec, StoredRoute } from "../registry/route.ts";
import { checkRoute } from "../registry/route/check.ts";
import type { Gateway } from "./gateway.ts";
import { notFound } from "./problem.ts";

/** A write between the reading and the writing of a route is rare, and two of them rarer. */
const TRIES = 5;

/** Answers what of a route cannot be honoured now. */
export function routeFaults(
  { catalog, backends }: Gateway,
  model: Model,
  spec: RouteSpec,
): Problem[] {
  const kinds = backends.kinds();
  return checkRoute(spec, {
    find: (name) => {
      const found = catalog.resolve(model.name, name)?.version;
      if (!found) return undefined;
      const { version, backend: { kind }, lifecycle } = found;
      if (lifecycle?.retiresAt !== undefined) {
        const date = new Date(lifecycle.retiresAt).toISOString();
        return { version, unfit: `stays, which ${version} does not: it retires at ${date}` };
      }
      if (kind === CONSENSUS_KIND || kinds.includes(kind)) return { version };
      return { version, unfit: `has a backend of a kind that is there, which ${kind} is not` };
    },
  });
}

/** Answers a model's route. Throws 404. */
export function routeOf({ catalog }: Gateway, model: Model): Document {
  const document = catalog.document("route", model.name);
  if (!document) throw notFound("route of", model.name, { parameter: "model" });
  return document;
}

/** Throws 422 for a route that cannot be honoured. */
export function refuseUnfit(gateway: Gateway, model: Model, spec: RouteSpec): void {
  const problems = routeFaults(gateway, model, spec);
  if (problems.length > 0) throw new InvalidDefinition(problems);
}

/**
 * Writes a route by what there is: `change` is asked again where someone wrote in between. Throws
 * what it throws, and Changed if that goes on.
 */
export async function changeRoute(
  { catalog, registry }: Gateway,
  principal: Principal,
  model: Model,
  reason: string | undefined,
  change: (before: StoredRoute | undefined) => StoredRoute,
): Promise<Document> {
  for (let tries = 1;; tries++) {
    await catalog.refresh();
    const before = catalog.document("route", model.name);
    const value = change(before?.value as StoredRoute | undefined);
    const given = { ifRevision: before?.revision ?? 0, ...(reason !== undefined && { reason }) };
    try {
      const actor = subjectsOf(principal)[0]!;
      const document = await registry.setDocument(actor, "route", model.name, value, given);
      await catalog.refresh();
      return document;
    } catch (error) {
      if (!(error instanceof Changed) || tries === TRIES) throw error;
    }
  }
}
