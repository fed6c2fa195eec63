/**
 * The steps of a manifest that are about the model itself: its words, its settings, its access.
 *
 * @module
 */
import { can } from "../../registry/access.ts";
import { checkAccess, checkModel, checkPatch } from "../../registry/definition_check.ts";
import type { Model } from "../../registry/model.ts";
import { subjectsOf } from "../../registry/principal.ts";
import type { ModelAccess, NewModel, SettingsPatch } from "../../registry/definition.ts";
import { InvalidDefinition, type Problem as Fault } from "../../registry/registry.ts";
import { modelFor } from "../lookup.ts";
import { refuseChange, shareModel } from "../owner_actions.ts";
import { checkOwners } from "../owners_check.ts";
import { checkSettingsPolicy } from "../policy_check.ts";
import { Problem } from "../problem.ts";
import { requireScope } from "../scope_check.ts";
import { changesOf } from "../version_comparison.ts";
import { delegatesToWire } from "../wire/model.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { Applying, Step } from "./step.ts";

/** Answers the model that a manifest is about, if it is there. Throws 409 for a hidden one. */
export function knownModel({ gateway, principal }: Applying, name: string): Model | undefined {
  const model = gateway.catalog.model(name);
  if (!model || can(principal, "read", model)) return model;
  throw new Problem("name-taken", {
    detail: `model:${name} exists already`,
    errors: [{ pointer: "/name", expected: "another name: this one is taken" }],
  });
}

/** The step that makes a model, without its versions. */
export function creation(applying: Applying, manifest: Manifest): Step[] {
  const { gateway, principal, reason } = applying;
  const { name, description, tags, visibility, owners, readers, delegates, settings } = manifest;
  const given = {
    name,
    description: description ?? "",
    ...(tags && { tags }),
    ...(visibility && { visibility }),
    ...(owners && { owners }),
    ...(readers && { readers }),
    ...(delegates && { delegates }),
    ...(settings && { settings }),
  } as NewModel;
  refuse(checkModel(given));
  checkOwners(principal, owners);
  checkSettingsPolicy(gateway, given.settings);
  return [{
    action: "create_model",
    subject: "model",
    changes: changesOf({}, given),
    run: async () => {
      await gateway.registry.createModel(subjectsOf(principal)[0]!, given, { reason });
      await gateway.catalog.refresh();
    },
  }];
}

/** The step that changes what a model says of itself; none where it says it already. */
export function wordSteps(applying: Applying, manifest: Manifest, model: Model): Step[] {
  const { gateway, principal, reason } = applying;
  const before = { description: model.description, tags: model.tags, settings: model.settings };
  const after = {
    description: manifest.description ?? model.description,
    tags: manifest.tags ?? model.tags,
    settings: manifest.settings ?? model.settings,
  };
  const changes = changesOf(before, after);
  if (changes.length === 0) return [];
  modelFor(gateway, principal, model.name, "edit");
  // A setting that the file does not name is the gateway's default again.
  const gone = Object.keys(model.settings).filter((name) => !Object.hasOwn(after.settings, name));
  const settings = {
    ...after.settings,
    ...Object.fromEntries(gone.map((name) => [name, null])),
  } as SettingsPatch;
  const patch = { description: after.description, tags: after.tags, settings };
  refuse(checkPatch(patch, model.settings));
  checkSettingsPolicy(gateway, settings);
  return [{
    action: "update_model",
    subject: "model",
    changes,
    run: async () => {
      const actor = subjectsOf(principal)[0]!;
      await gateway.registry.updateModel(actor, model.name, { ...patch, reason });
      await gateway.catalog.refresh();
    },
  }];
}

/** The step that changes who may see and use a model; none where they are the same. */
export function accessSteps(applying: Applying, manifest: Manifest, model: Model): Step[] {
  const { gateway, principal, reason } = applying;
  const before = {
    visibility: model.visibility,
    owners: model.owners,
    readers: model.readers,
    delegates: delegatesToWire(model),
  };
  const access = {
    visibility: manifest.visibility ?? before.visibility,
    owners: manifest.owners ?? before.owners,
    readers: manifest.readers ?? before.readers,
    delegates: manifest.delegates ?? before.delegates,
  } as ModelAccess;
  const changes = changesOf(before, access);
  if (changes.length === 0) return [];
  requireScope(principal, "access:write");
  modelFor(gateway, principal, model.name, "manage_access");
  refuse(checkAccess(access));
  refuseChange(principal, model, access);
  return [{
    action: "set_access",
    subject: "access",
    changes,
    run: () => shareModel(gateway, principal, model.name, access, { reason }),
  }];
}

function refuse(problems: Fault[]): void {
  if (problems.length > 0) throw new InvalidDefinition(problems);
}
