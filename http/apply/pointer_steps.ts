/**
 * The steps of a manifest that are about what stands for versions, and about when versions go out of
 * use. They come in such an order that nothing ever leads to a version that is to retire.
 *
 * @module
 */
import { lifecycleOf } from "../../registry/lifecycle.ts";
import type { Lifecycle, Model } from "../../registry/model.ts";
import { checkLifecycle } from "../../registry/lifecycle.ts";
import { InvalidDefinition } from "../../registry/registry.ts";
import { modelFor } from "../lookup.ts";
import { ageVersion, deleteAlias, moveAlias, moveDefault } from "../owner_actions.ts";
import { Problem } from "../problem.ts";
import { changesOf } from "../version_comparison.ts";
import { lifecycleFromWire, lifecycleToWire } from "../wire/lifecycle.ts";
import type { Manifest } from "../wire/manifest.ts";
import { type Applying, type Step, versionsOf } from "./step.ts";

/** The versions and aliases of a model as a manifest leaves them. */
export interface Planned {
  /** As they are spelt. */
  readonly versions: readonly PlannedVersion[];
  /** Versions by alias in lower case. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly defaultVersion: string | undefined;
}

export interface PlannedVersion {
  readonly version: string;
  readonly kind: string;
  readonly lifecycle: Lifecycle | undefined;
}

/** Answers how a manifest leaves the versions of a model. */
export function plannedVersions(
  { gateway }: Applying,
  manifest: Manifest,
  model: Model | undefined,
): Planned {
  const present = model ? gateway.catalog.versions(model.name) : [];
  const asked = new Map(
    versionsOf(manifest).map(({ asked }) => [asked.version.toLowerCase(), asked]),
  );
  const now = gateway.now();
  const lifecycles = (name: string, before?: Lifecycle) => {
    const given = asked.get(name.toLowerCase())?.lifecycle;
    if (given === undefined) return before;
    return given === null ? undefined : lifecycleOf(lifecycleFromWire(given), now);
  };
  const known = new Set(present.map(({ version }) => version.toLowerCase()));
  const added = [...asked.values()].filter(({ version }) => !known.has(version.toLowerCase()));
  const aliases = manifest.aliases ?? model?.aliases ?? {};
  const { defaultVersion = model?.defaultVersion } = manifest;
  return {
    versions: [
      ...present.map(({ version, backend, lifecycle }) => ({
        version,
        kind: backend.kind,
        lifecycle: lifecycles(version, lifecycle),
      })),
      ...added.map(({ version, backend }) => ({
        version,
        kind: backend?.kind ?? "consensus",
        lifecycle: lifecycles(version),
      })),
    ],
    aliases: new Map(Object.entries(aliases).map(([alias, to]) => [alias.toLowerCase(), to])),
    defaultVersion: defaultVersion === null ? undefined : defaultVersion as string | undefined,
  };
}

/** Answers the planned version that a name or an alias stands for. */
export function plannedVersion(planned: Planned, name: string): PlannedVersion | undefined {
  const { versions, aliases, defaultVersion } = planned;
  const key = name.toLowerCase();
  if (key === "default" && defaultVersion !== undefined) {
    return plannedVersion({ ...planned, defaultVersion: undefined }, defaultVersion);
  }
  if (key === "default" || key === "latest") {
    return versions.findLast(({ lifecycle }) => lifecycle?.retiresAt === undefined);
  }
  const found = versions.find(({ version }) => version.toLowerCase() === key);
  if (found) return found;
  const target = aliases.get(key);
  return target === undefined
    ? undefined
    : plannedVersion({ ...planned, aliases: new Map() }, target);
}

/** The steps that set and move the default and aliases. Throws 422 for what they cannot lead to. */
export function namingSteps(
  applying: Applying,
  manifest: Manifest,
  model: Model | undefined,
  planned: Planned,
): Step[] {
  const { gateway, principal, reason } = applying;
  const { name } = manifest;
  const steps: Step[] = [];
  for (const [alias, version] of Object.entries(manifest.aliases ?? {})) {
    const target = targetOf(planned, version as string, `/aliases/${alias}`);
    const before = present(model, alias);
    if (before === target) continue;
    steps.push({
      action: "set_alias",
      subject: `alias ${alias}`,
      changes: changesOf(before, target, `/aliases/${alias}`),
      run: () => moveAlias(gateway, principal, name, alias, target, { reason }),
    });
  }
  const { defaultVersion } = manifest;
  if (defaultVersion !== undefined) {
    const target = defaultVersion === null
      ? undefined
      : targetOf(planned, defaultVersion as string, "/defaultVersion");
    if (target !== model?.defaultVersion) {
      steps.push({
        action: "set_default_version",
        subject: "default version",
        changes: changesOf(model?.defaultVersion, target, "/defaultVersion"),
        run: () => moveDefault(gateway, principal, name, target, { reason }),
      });
    }
  }
  if (model && steps.length > 0) modelFor(gateway, principal, model.name, "move_default");
  return steps;
}

/** The steps that delete the aliases which the manifest does not name. */
export function aliasDeletions(applying: Applying, manifest: Manifest, model: Model): Step[] {
  if (!manifest.aliases) return [];
  const { gateway, principal, reason } = applying;
  const kept = new Set(Object.keys(manifest.aliases).map((alias) => alias.toLowerCase()));
  const gone = Object.entries(model.aliases ?? {}).filter(([alias]) =>
    !kept.has(alias.toLowerCase())
  );
  if (gone.length > 0) modelFor(gateway, principal, model.name, "move_default");
  return gone.map(([alias, version]): Step => ({
    action: "delete_alias",
    subject: `alias ${alias}`,
    changes: [{ pointer: `/aliases/${alias}`, kind: "removed", from: version }],
    run: () => deleteAlias(gateway, principal, model.name, alias, { reason }),
  }));
}

/**
 * The steps that take versions out of use or back into it: those that give a date of retirement come
 * last of all, those that take one away before anything is led to the version again.
 */
export function lifecycleSteps(
  applying: Applying,
  manifest: Manifest,
  model: Model | undefined,
  planned: Planned,
): { readonly staying: Step[]; readonly retiring: Step[] } {
  const { gateway, principal, reason } = applying;
  const now = gateway.now();
  const staying: Step[] = [];
  const retiring: Step[] = [];
  for (const { at, asked: { version, lifecycle } } of versionsOf(manifest)) {
    if (lifecycle === undefined) continue;
    const given = lifecycle === null ? undefined : lifecycleFromWire(lifecycle);
    const before = model && gateway.catalog.resolve(model.name, version)?.version.lifecycle;
    // Where the file leaves the date of deprecation open, the one that was noted stands.
    const meant = given && { ...given, deprecatedAt: given.deprecatedAt ?? before?.deprecatedAt };
    if (meant) refuseDates(planned, version, meant, `${at}/lifecycle`);
    const after = meant && lifecycleOf(meant, now);
    const shown = (each: Lifecycle | undefined) => {
      if (!each) return undefined;
      const { state: _, ...dates } = lifecycleToWire(each, now);
      return dates;
    };
    const changes = changesOf(shown(before), shown(after), `${at}/lifecycle`);
    if (changes.length === 0) continue;
    if (model) modelFor(gateway, principal, model.name, "edit");
    (after?.retiresAt === undefined ? staying : retiring).push({
      action: "set_lifecycle",
      subject: `version ${version}`,
      changes,
      run: () => ageVersion(gateway, principal, manifest.name, version, meant, { reason }),
    });
  }
  return { staying, retiring };
}

function refuseDates(
  planned: Planned,
  version: string,
  given: Parameters<typeof checkLifecycle>[0],
  at: string,
): void {
  const problems = checkLifecycle(given).map(({ pointer, expected }) => ({
    pointer: at + pointer,
    expected,
  }));
  const { successor, retiresAt } = given;
  if (successor !== undefined) {
    const next = planned.versions.find((each) =>
      each.version.toLowerCase() === successor.toLowerCase()
    );
    if (!next || next.version === version || next.lifecycle?.retiresAt !== undefined) {
      const expected = "another version of the model, which does not retire";
      problems.push({ pointer: `${at}/successor`, expected });
    }
  }
  if (retiresAt !== undefined) {
    const { defaultVersion, aliases } = planned;
    const leading = [
      ...(defaultVersion?.toLowerCase() === version.toLowerCase() ? ["the default"] : []),
      ...[...aliases].filter(([, to]) => to.toLowerCase() === version.toLowerCase())
        .map(([alias]) => `the alias ${alias}`),
    ];
    if (leading.length > 0) {
      const expected = `nothing, for ${leading.join(" and ")} leads to ${version}`;
      problems.push({ pointer: `${at}/retiresAt`, expected });
    }
  }
  if (problems.length > 0) throw new InvalidDefinition(problems);
}

/** The version that a name is to lead to, as it is spelt. */
function targetOf(planned: Planned, name: string, pointer: string): string {
  const target = plannedVersion({ ...planned, aliases: new Map() }, name);
  if (target && target.lifecycle?.retiresAt === undefined) return target.version;
  const expected = target
    ? `a version that stays: ${target.version} is to retire`
    : `a version of the model instead of ${JSON.stringify(name)}`;
  throw new Problem("invalid-definition", { errors: [{ pointer, expected }] });
}

function present(model: Model | undefined, alias: string): string | undefined {
  const key = alias.toLowerCase();
  return Object.entries(model?.aliases ?? {}).find(([name]) => name.toLowerCase() === key)?.[1];
}
