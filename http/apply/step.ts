/**
 * A change that brings a model nearer to its manifest.
 *
 * @module
 */
import type { Model } from "../../registry/model.ts";
import type { Principal } from "../../registry/principal.ts";
import type { Gateway } from "../gateway.ts";
import { notFound } from "../problem.ts";
import type { AppliedStep, Manifest, VersionManifest } from "../wire/manifest.ts";

/** Who applies what to where, and why. */
export interface Applying {
  readonly gateway: Gateway;
  readonly principal: Principal;
  readonly reason: string | undefined;
  /** Names of all models of the request, in lower case. */
  readonly together: ReadonlySet<string>;
}

/** One change: what differs, and what makes it so. */
export interface Step extends AppliedStep {
  readonly run: () => Promise<unknown>;
}

/** The versions of a manifest in their order, each with the pointer to it. */
export function versionsOf(
  { version, versions }: Manifest,
): { readonly at: string; readonly asked: VersionManifest }[] {
  if (version) return [{ at: "/version", asked: version }];
  return (versions ?? []).map((asked, i) => ({ at: `/versions/${i}`, asked }));
}

/** The model as it is now. Throws 404 if it was deleted meanwhile. */
export function presentModel({ catalog }: Pick<Gateway, "catalog">, name: string): Model {
  const model = catalog.model(name);
  if (!model) throw notFound("model", name);
  return model;
}
