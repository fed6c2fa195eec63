/**
 * Who runs on a registered backend.
 *
 * @module
 */
import { can } from "../registry/access.ts";
import type { Document } from "../registry/document.ts";
import type { Principal } from "../registry/principal.ts";
import { modelsByBackend } from "../registry/registered_backend.ts";
import type { BackendInUse } from "../registry/registry.ts";
import type { Gateway } from "./gateway.ts";
import { Problem } from "./problem.ts";

/** Names of the models on a backend that the caller may read. */
export function modelsOn({ catalog }: Gateway, principal: Principal, { name }: Document): string[] {
  const all = indexOf(catalog).get(name.toLowerCase()) ?? [];
  return all.filter((model) => {
    const known = catalog.model(model);
    return known !== undefined && can(principal, "read", known);
  });
}

interface Index {
  readonly revision: number;
  readonly models: ReturnType<typeof modelsByBackend>;
}

const indexes = new WeakMap<Gateway["catalog"], Index>();

/** The models by backend; made anew where the registry has changed. */
function indexOf(catalog: Gateway["catalog"]): Index["models"] {
  const { revision } = catalog;
  const known = indexes.get(catalog);
  if (known?.revision === revision) return known.models;
  const models = modelsByBackend(catalog);
  indexes.set(catalog, { revision, models });
  return models;
}

/** The problem of a backend that cannot go. */
export function inUse({ message }: BackendInUse): Problem {
  const error = { parameter: "backend", expected: "a backend that no version names" };
  return new Problem("in-use", { detail: message, errors: [{ ...error, detail: message }] });
}
