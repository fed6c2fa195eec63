/**
 * Which children of a consensus a caller may know of.
 *
 * @module
 */
import { consensusOf, isConsensus } from "../../actors/consensus/consensus_model.ts";
import type { ConsensusSpec } from "../../consensus/spec.ts";
import { can } from "../../registry/access.ts";
import type { Catalog } from "../../registry/catalog.ts";
import type { Model, Version } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";

type Models = Pick<Catalog, "model">;

/** Whether the caller may read a model of that name. */
export function mayRead(catalog: Models, principal: Principal, name: string): boolean {
  const model = catalog.model(name);
  return model !== undefined && can(principal, "read", model);
}

/** The keys of the children whose models the caller may not read. */
export function hiddenChildren(
  catalog: Models,
  principal: Principal,
  { children }: Pick<ConsensusSpec, "children">,
): ReadonlySet<string> {
  return new Set(
    children.filter(({ model }) => !mayRead(catalog, principal, model)).map(({ key }) => key),
  );
}

/**
 * Whether the caller sees a version's backend with its settings: they may edit the model, and where
 * it is a consensus, whose text names its children, they may read all of those.
 */
export function maySeeBackend(
  catalog: Models,
  principal: Principal,
  model: Model,
  version: Version,
): boolean {
  if (!can(principal, "edit", model)) return false;
  if (!isConsensus(version)) return true;
  return hiddenChildren(catalog, principal, consensusOf(version)!.spec).size === 0;
}
