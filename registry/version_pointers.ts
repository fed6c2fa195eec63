/**
 * The writes of what stands for a version of a model: its default and its aliases; and of when
 * versions go out of use, which must not leave one of those pointing at nothing.
 *
 * @module
 */
import { makeChange } from "./change_log.ts";
import type { Database, SqlRunner } from "./database.ts";
import type { NewLifecycle } from "./definition.ts";
import { checkVersionName } from "./definition_check.ts";
import { documentFromRow } from "./document.ts";
import { aliasOf, checkLifecycle, lifecycleOf } from "./lifecycle.ts";
import type { Lifecycle, Model, Version } from "./model.ts";
import { changeModel, findModel, type ModelChange, noteRevision } from "./model_change.ts";
import { keyOf, VERSION_COLUMNS, versionFromRow, type VersionRow } from "./model_row.ts";
import { jsonText } from "./model_row.ts";
import { InUse, InvalidDefinition, NameTaken, NotFound } from "./refusal.ts";
import { readDocument } from "./registry_reader.ts";
import type { StoredRoute } from "./route.ts";
import { targetsOf } from "./route/targets.ts";

/** Most aliases of one model. */
const MAX_ALIASES = 100;

/** Moves defaults and aliases, deprecates and retires versions. */
export class VersionPointers {
  constructor(private readonly database: Database, private readonly now: () => number) {}

  /**
   * Sets the version that answers when none is named; undefined for the latest. Throws NotFound,
   * Changed, and InvalidDefinition for one that is to retire.
   */
  setDefault(
    actor: string,
    name: string,
    version: string | undefined,
    why?: ModelChange,
  ): Promise<Model> {
    return this.#change(actor, name, "set_default_version", why, async (model, tx) => {
      const { defaultVersion: _, ...rest } = model;
      if (version === undefined) return rest;
      return { ...rest, defaultVersion: (await lastingVersion(tx, model, version)).version };
    });
  }

  /** Makes or moves an alias. Throws as {@link setDefault}, and NameTaken for a version's name. */
  setAlias(
    actor: string,
    name: string,
    alias: string,
    version: string,
    why?: ModelChange,
  ): Promise<Model> {
    return this.#change(actor, name, "set_alias", why, async (model, tx) => {
      const problems = checkVersionName(alias, "/alias");
      if (problems.length > 0) throw new InvalidDefinition(problems);
      if (await findVersion(tx, model, alias)) {
        throw new NameTaken(`version:${model.name}/${alias}`);
      }
      const target = await lastingVersion(tx, model, version);
      const before = model.aliases ?? {};
      const known = aliasOf(model, alias)?.alias;
      if (known === undefined && Object.keys(before).length >= MAX_ALIASES) {
        const expected = `at most ${MAX_ALIASES} aliases of a model`;
        throw new InvalidDefinition([{ pointer: "/alias", expected }]);
      }
      return { ...model, aliases: { ...before, [known ?? alias]: target.version } };
    });
  }

  /** Deletes an alias. Throws NotFound, Changed, and InUse while the model's route names it. */
  deleteAlias(actor: string, name: string, alias: string, why?: ModelChange): Promise<Model> {
    return this.#change(actor, name, "delete_alias", why, async (model, tx) => {
      const known = aliasOf(model, alias)?.alias;
      if (known === undefined) throw new NotFound("alias", `${model.name}/${alias}`);
      if ((await routeTargets(tx, model)).some((target) => keyOf(target) === keyOf(known))) {
        throw new InUse(`the route of ${model.name} leads to the alias ${known}`);
      }
      const { aliases, ...rest } = model;
      const left = Object.entries(aliases!).filter(([name]) => name !== known);
      return left.length === 0 ? rest : { ...rest, aliases: Object.fromEntries(left) };
    });
  }

  /**
   * Says when a version goes out of use; undefined takes it back into use. Throws NotFound, Changed,
   * InvalidDefinition, and InUse where the default, an alias or the route would be left behind.
   */
  setLifecycle(
    actor: string,
    name: string,
    version: string,
    given: NewLifecycle | undefined,
    { reason, ifRevision }: ModelChange = {},
  ): Promise<Version> {
    const now = this.now();
    const problems = given ? checkLifecycle(given) : [];
    if (problems.length > 0) return Promise.reject(new InvalidDefinition(problems));
    return makeChange(this.database, actor, now, async (tx, seq) => {
      const model = await findModel(tx, name, ifRevision);
      const found = await findVersion(tx, model, version);
      if (!found) throw new NotFound("version", `${model.name}/${version}`);
      const { lifecycle: before, ...rest } = found;
      const after = given && await checkedLifecycle(tx, model, found, lifecycleOf(given, now));
      await tx.query(
        "UPDATE versions SET lifecycle = $3 WHERE model_tag = $1 AND ordinal = $2",
        [model.tag, found.ordinal, jsonText(after)],
      );
      await noteRevision(tx, model, seq);
      return {
        result: { ...rest, ...(after && { lifecycle: after }) },
        action: "set_lifecycle",
        subject: `model:${model.name}`,
        before: { version: found.version, lifecycle: before ?? null },
        after: { version: found.version, lifecycle: after ?? null },
        ...(reason !== undefined && { reason }),
      };
    });
  }

  #change(
    actor: string,
    name: string,
    action: "set_default_version" | "set_alias" | "delete_alias",
    why: ModelChange | undefined,
    change: (model: Model, tx: SqlRunner) => Promise<Model>,
  ): Promise<Model> {
    return changeModel(this.database, actor, this.now(), name, action, why, change);
  }
}

async function findVersion(
  tx: SqlRunner,
  { tag }: Pick<Model, "tag">,
  version: string,
): Promise<Version | undefined> {
  const [row] = await tx.query<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM versions WHERE model_tag = $1 AND key = $2`,
    [tag, keyOf(version)],
  );
  return row && versionFromRow(row);
}

/** A version that something may point at: one without a date of retirement. */
async function lastingVersion(tx: SqlRunner, model: Model, name: string): Promise<Version> {
  const version = await findVersion(tx, model, name);
  if (!version) throw new NotFound("version", `${model.name}/${name}`);
  const retiresAt = version.lifecycle?.retiresAt;
  if (retiresAt === undefined) return version;
  const expected = `a version that stays; ${version.version} retires at ${
    new Date(retiresAt).toISOString()
  }`;
  throw new InvalidDefinition([{ pointer: "/version", expected }]);
}

async function checkedLifecycle(
  tx: SqlRunner,
  model: Model,
  { version }: Version,
  lifecycle: Lifecycle,
): Promise<Lifecycle> {
  const { successor } = lifecycle;
  const next = successor === undefined ? undefined : await findVersion(tx, model, successor);
  const isFit = next && next.version !== version && next.lifecycle?.retiresAt === undefined;
  if (successor !== undefined && !isFit) {
    const expected = "another version of the model, which does not retire";
    throw new InvalidDefinition([{ pointer: "/successor", expected }]);
  }
  if (lifecycle.retiresAt !== undefined) {
    const users = await pointersTo(tx, model, version);
    if (users.length > 0) {
      throw new InUse(
        `${version} of ${model.name} is led to by ${users.join(", ")}: move them first`,
      );
    }
  }
  return { ...lifecycle, ...(next && { successor: next.version }) };
}

/** What leads to a version, in words. */
async function pointersTo(tx: SqlRunner, model: Model, version: string): Promise<string[]> {
  const aliases = Object.entries(model.aliases ?? {}).filter(([, target]) => target === version);
  const key = keyOf(version);
  const routed = (await routeTargets(tx, model)).some((target) => keyOf(target) === key);
  return [
    ...(model.defaultVersion === version ? ["the default"] : []),
    ...aliases.map(([alias]) => `the alias ${alias}`),
    ...(routed ? ["the route"] : []),
  ];
}

async function routeTargets(tx: SqlRunner, model: Model): Promise<string[]> {
  const row = await readDocument(tx, "route", keyOf(model.name));
  return row ? targetsOf((documentFromRow(row).value as StoredRoute).spec) : [];
}
