/**
 * The writes of models and versions.
 *
 * @module
 */
import { requireBackend } from "./backend_uses.ts";
import { type Effect, makeChange } from "./change_log.ts";
import { type Database, type SqlRunner, UniqueViolation } from "./database.ts";
import { deleteDocumentsOfModel } from "./document_store.ts";
import type { ModelAccess, ModelPatch, NewModel, NewVersion } from "./definition.ts";
import { checkAccess, checkModel, checkPatch, checkVersion } from "./definition_check.ts";
import {
  DELEGATED_RIGHTS,
  type DelegatedRight,
  type Delegation,
  type Model,
  type Version,
} from "./model.ts";
import { aliasOf } from "./lifecycle.ts";
import { changeModel, findModel, type ModelChange, noteRevision } from "./model_change.ts";
import {
  MODEL_COLUMNS,
  modelValues,
  placesFor,
  VERSION_COLUMNS,
  versionValues,
} from "./model_row.ts";
import { SUBJECT_PATTERN } from "./principal.ts";
import { InvalidDefinition, ModelInUse, NameTaken, type Problem } from "./refusal.ts";
import { insertUses, usersOf } from "./version_uses.ts";

const MAX_TAG = 0xffffff;

/** Makes, changes and deletes models, and adds their versions. */
export class ModelStore {
  constructor(private readonly database: Database, private readonly now: () => number) {}

  /** Makes a model, with its first version if one comes along. Throws NameTaken, InvalidDefinition. */
  async create(
    actor: string,
    given: NewModel,
    why: Pick<ModelChange, "reason"> = {},
  ): Promise<Model> {
    refuseIf(checkModel(given));
    const now = this.now();
    const subject = `model:${given.name}`;
    return await nameTakenIfNotUnique(
      subject,
      makeChange(this.database, actor, now, async (tx, seq) => {
        const model = { ...newModel(actor, given, await drawTag(tx), now), revision: seq };
        const values = modelValues(model);
        await tx.query(
          `INSERT INTO models (${MODEL_COLUMNS}) VALUES (${placesFor(values)})`,
          values,
        );
        const version = given.version && newVersion(actor, given.version, 1, now);
        if (version) {
          await requireBackend(tx, version.backend, "/version");
          await insertVersion(tx, model.tag, version);
          await insertUses(tx, model.tag, version.ordinal, given.version?.uses, "/version");
        }
        const after = { ...model, version };
        return { result: model, action: "create_model", subject, after, ...reasonOf(why) };
      }),
    );
  }

  /** Changes a model's description, tags or settings. Throws NotFound, InvalidDefinition. */
  update(actor: string, name: string, patch: ModelPatch): Promise<Model> {
    const { reason, ifRevision, ...changes } = patch;
    return this.#change(actor, name, "update_model", { reason, ifRevision }, (model) => {
      refuseIf(checkPatch(patch, model.settings));
      const settings = { ...model.settings, ...changes.settings };
      const kept = Object.entries(settings).filter(([, value]) => value !== null);
      return {
        ...model,
        description: changes.description ?? model.description,
        tags: changes.tags ?? model.tags,
        settings: Object.fromEntries(kept),
      };
    });
  }

  /** Changes who may see and use a model. Throws NotFound, InvalidDefinition. */
  setAccess(
    actor: string,
    name: string,
    access: ModelAccess,
    why?: ModelChange,
  ): Promise<Model> {
    return this.#change(actor, name, "set_access", why, (model) => {
      refuseIf(checkAccess(access));
      const { visibility, owners, readers } = access;
      const { delegates: before, ...rest } = model;
      return {
        ...rest,
        visibility,
        owners: unique(owners),
        readers: unique(readers),
        ...delegatesOf(access.delegates ?? before),
      };
    });
  }

  /** Deletes a model and its versions; answers what it was. Throws NotFound, ModelInUse. */
  delete(actor: string, name: string): Promise<Model> {
    return makeChange(this.database, actor, this.now(), async (tx) => {
      const model = await findModel(tx, name);
      const users = await usersOf(tx, model);
      if (users.length > 0) throw new ModelInUse(model.name, users);
      const versions = await tx.query<{ version: string }>(
        "SELECT version FROM versions WHERE model_tag = $1 ORDER BY ordinal",
        [model.tag],
      );
      await tx.query("DELETE FROM models WHERE tag = $1", [model.tag]);
      await deleteDocumentsOfModel(tx, model.name);
      return {
        result: model,
        action: "delete_model",
        subject: `model:${model.name}`,
        before: { ...model, versions: versions.map(({ version }) => version) },
      };
    });
  }

  /** Adds a version. Throws NotFound, NameTaken, InvalidDefinition. */
  async addVersion(
    actor: string,
    name: string,
    given: NewVersion,
    why: Pick<ModelChange, "reason"> = {},
  ): Promise<Version> {
    refuseIf(checkVersion(given));
    const now = this.now();
    return await nameTakenIfNotUnique(
      `version:${name}/${given.version}`,
      makeChange(this.database, actor, now, async (tx, seq): Promise<Effect<Version>> => {
        const model = await findModel(tx, name);
        if (aliasOf(model, given.version) !== undefined) {
          throw new NameTaken(`alias:${model.name}/${given.version}`);
        }
        const [last] = await tx.query<{ ordinal: number | null }>(
          "SELECT max(ordinal) AS ordinal FROM versions WHERE model_tag = $1",
          [model.tag],
        );
        const version = newVersion(actor, given, (last!.ordinal ?? 0) + 1, now);
        await requireBackend(tx, version.backend, "");
        await insertVersion(tx, model.tag, version);
        await insertUses(tx, model.tag, version.ordinal, given.uses, "");
        await noteRevision(tx, model, seq);
        const subject = `model:${model.name}`;
        const after = version;
        return { result: version, action: "add_version", subject, after, ...reasonOf(why) };
      }),
    );
  }

  #change(
    actor: string,
    name: string,
    action: "update_model" | "set_access",
    why: ModelChange | undefined,
    change: (model: Model) => Model,
  ): Promise<Model> {
    return changeModel(this.database, actor, this.now(), name, action, why, change);
  }
}

/** Draws a tag that no model has or ever had. */
async function drawTag(tx: SqlRunner): Promise<number> {
  while (true) {
    const [random] = crypto.getRandomValues(new Uint32Array(1));
    const drawn = await tx.query<{ tag: number }>(
      "INSERT INTO used_tags (tag) VALUES ($1) ON CONFLICT DO NOTHING RETURNING tag",
      [random! & MAX_TAG],
    );
    if (drawn[0]) return drawn[0].tag;
  }
}

function newModel(
  actor: string,
  given: NewModel,
  tag: number,
  now: number,
): Omit<Model, "revision"> {
  return {
    name: given.name,
    tag,
    description: given.description,
    tags: given.tags ?? [],
    visibility: given.visibility ?? "private",
    owners: unique(given.owners ?? (SUBJECT_PATTERN.test(actor) ? [actor] : [])),
    readers: unique(given.readers ?? []),
    ...delegatesOf(given.delegates),
    settings: given.settings ?? {},
    createdAt: now,
    updatedAt: now,
  };
}

function newVersion(actor: string, given: NewVersion, ordinal: number, now: number): Version {
  const { version, backend, inputSchema, outputSchema, documentation, source, units, example } =
    given;
  const { resources, prices, deterministic, cache } = given;
  return {
    version,
    ordinal,
    backend,
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    ...(documentation !== undefined && { documentation }),
    ...(source !== undefined && { source }),
    ...(units !== undefined && { units }),
    ...(resources && { resources }),
    ...(prices && { prices }),
    ...(deterministic !== undefined && { deterministic }),
    ...(cache && { cache }),
    tags: given.tags ?? [],
    ...(example !== undefined && { example }),
    createdAt: now,
    createdBy: actor,
  };
}

async function insertVersion(tx: SqlRunner, modelTag: number, version: Version): Promise<void> {
  const values = versionValues(modelTag, version);
  await tx.query(
    `INSERT INTO versions (${VERSION_COLUMNS}) VALUES (${placesFor(values)})`,
    values,
  );
}

async function nameTakenIfNotUnique<T>(subject: string, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (cause) {
    throw cause instanceof UniqueViolation ? new NameTaken(subject, { cause }) : cause;
  }
}

function reasonOf({ reason }: Pick<ModelChange, "reason">): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}

function refuseIf(problems: Problem[]): void {
  if (problems.length > 0) throw new InvalidDefinition(problems);
}

/** One entry for each user and team, in the order of the first; nothing where nobody has a right. */
function delegatesOf(given: readonly Delegation[] = []): Pick<Model, "delegates"> {
  const rights = new Map<string, readonly DelegatedRight[]>();
  for (const { to, rights: more } of given) {
    const all = [...rights.get(to) ?? [], ...more];
    if (all.length > 0) rights.set(to, DELEGATED_RIGHTS.filter((right) => all.includes(right)));
  }
  if (rights.size === 0) return {};
  return { delegates: [...rights].map(([to, rights]) => ({ to, rights })) };
}

function unique(entries: readonly string[]): string[] {
  return [...new Set(entries)];
}
