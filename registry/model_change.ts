/**
 * The writing of a change to a model: found, changed, written and audited in one transaction.
 *
 * @module
 */
import { type ChangeAction, makeChange } from "./change_log.ts";
import type { Database, SqlRunner } from "./database.ts";
import type { Model } from "./model.ts";
import { jsonText, keyOf, MODEL_COLUMNS, modelFromRow, type ModelRow } from "./model_row.ts";
import { Changed, NotFound } from "./refusal.ts";

/** Beside what is written. */
export interface ModelChange {
  readonly reason?: string | undefined;
  /** The revision of the model that is to be changed; any where it is not set. */
  readonly ifRevision?: number | undefined;
}

/** Changes a model. Throws NotFound, Changed, and what `change` throws. */
export function changeModel(
  database: Database,
  actor: string,
  now: number,
  name: string,
  action: ChangeAction,
  why: ModelChange | undefined,
  change: (model: Model, tx: SqlRunner) => Model | Promise<Model>,
): Promise<Model> {
  const { reason, ifRevision } = why ?? {};
  return makeChange(database, actor, now, async (tx, seq) => {
    const before = await findModel(tx, name, ifRevision);
    const after = { ...await change(before, tx), updatedAt: now, revision: seq };
    await writeModel(tx, after);
    return {
      result: after,
      action,
      subject: `model:${before.name}`,
      before,
      after,
      ...(reason !== undefined && { reason }),
    };
  });
}

/** Answers a model by its name. Throws NotFound, and Changed for another revision. */
export async function findModel(
  tx: SqlRunner,
  name: string,
  ifRevision?: number,
): Promise<Model> {
  const [row] = await tx.query<ModelRow>(`SELECT ${MODEL_COLUMNS} FROM models WHERE key = $1`, [
    keyOf(name),
  ]);
  if (!row) throw new NotFound("model", name);
  if (ifRevision !== undefined && row.revision !== ifRevision) throw new Changed("model", row.name);
  return modelFromRow(row);
}

/** Notes that a model's versions have changed. */
export async function noteRevision(
  tx: SqlRunner,
  { tag }: Pick<Model, "tag">,
  revision: number,
): Promise<void> {
  await tx.query("UPDATE models SET revision = $2 WHERE tag = $1", [tag, revision]);
}

async function writeModel(tx: SqlRunner, model: Model): Promise<void> {
  await tx.query(
    `UPDATE models SET description = $2, tags = $3, visibility = $4, owners = $5, readers = $6,
       default_version = $7, settings = $8, updated_at = $9, delegates = $10, aliases = $11,
       revision = $12
     WHERE tag = $1`,
    [
      model.tag,
      model.description,
      JSON.stringify(model.tags),
      model.visibility,
      JSON.stringify(model.owners),
      JSON.stringify(model.readers),
      model.defaultVersion ?? null,
      JSON.stringify(model.settings),
      model.updatedAt,
      jsonText(model.delegates),
      jsonText(model.aliases),
      model.revision,
    ],
  );
}
