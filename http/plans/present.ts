/**
 * What a plan would change, as it is now: the text that a plan is compared with when it is made and
 * when it is applied.
 *
 * @module
 */
import { stringify } from "yaml";
import { consensusOf } from "../../actors/consensus/consensus_model.ts";
import type { Model } from "../../registry/model.ts";
import type { Gateway } from "../gateway.ts";
import type { PlannedAction } from "./planned.ts";

/** Answers YAML, or nothing where there is nothing yet. `job` is the state of a job to cancel. */
export function presentText(
  { catalog }: Pick<Gateway, "catalog">,
  action: PlannedAction,
  name: string,
  job = "",
): string {
  const model = catalog.model(name);
  if (!model) return "";
  switch (action) {
    case "delete_consensus": {
      const versions = catalog.versions(name);
      const latest = versions.at(-1);
      return stringify({
        name: model.name,
        description: model.description,
        ...accessOf(model),
        versions: versions.map(({ version }) => version),
        // Not its text: owners may not know of each child.
        revision: latest && consensusOf(latest)?.revision,
      });
    }
    case "set_access":
      return accessText(model);
    case "register_model":
    case "register_consensus":
    case "add_version":
      return stringify({ versions: catalog.versions(name).map(({ version }) => version) });
    case "set_default_version":
      return defaultText(model.defaultVersion);
    case "cancel_job":
      return job;
  }
}

/** Who may use a model. */
export function accessText(model: Pick<Model, "visibility" | "owners" | "readers" | "delegates">) {
  return stringify(accessOf(model));
}

/** Which version answers by default; undefined for the latest. */
export function defaultText(version: string | undefined): string {
  return stringify({ defaultVersion: version ?? null });
}

function accessOf(
  { visibility, owners, readers, delegates }: Parameters<typeof accessText>[0],
): Record<string, unknown> {
  return {
    visibility,
    owners: [...owners],
    readers: [...readers],
    ...(delegates && delegates.length > 0 && { delegates }),
  };
}
