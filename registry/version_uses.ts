/**
 * Which models the versions of other models run.
 *
 * @module
 */
import type { SqlRunner } from "./database.ts";
import type { Model } from "./model.ts";
import { keyOf } from "./model_row.ts";
import { InvalidDefinition, type Problem } from "./refusal.ts";

/**
 * Notes the children of a version that was just added; `at` is the pointer to the version. In a
 * model either all versions have children or none, for their jobs are run by different roles. Throws
 * InvalidDefinition, also if a child is gone.
 */
export async function insertUses(
  tx: SqlRunner,
  modelTag: number,
  ordinal: number,
  uses: readonly string[] | undefined,
  at: string,
): Promise<void> {
  const pointer = `${at}/backend`;
  const [first] = await tx.query<{ ordinal: number }>(
    "SELECT ordinal FROM version_uses WHERE model_tag = $1 LIMIT 1",
    [modelTag],
  );
  if (ordinal > 1 && (first === undefined) !== (uses === undefined)) {
    const expected = first ? "a consensus, as the model's other versions are" : NO_CONSENSUS;
    throw new InvalidDefinition([{ pointer: `${pointer}/kind`, expected }]);
  }
  const missing: Problem[] = [];
  for (const key of new Set(uses?.map(keyOf))) {
    const [child] = await tx.query("SELECT tag FROM models WHERE key = $1", [key]);
    if (!child) missing.push({ pointer, expected: `an existing model instead of ${key}` });
    await tx.query(
      "INSERT INTO version_uses (model_tag, ordinal, child_key) VALUES ($1, $2, $3)",
      [modelTag, ordinal, key],
    );
  }
  if (missing.length > 0) throw new InvalidDefinition(missing);
}

const NO_CONSENSUS = "no consensus, for the model's other versions are none";

/** Names of the other models with a version that runs this one, in order. */
export async function usersOf(
  tx: SqlRunner,
  model: Pick<Model, "name" | "tag">,
): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(
    `SELECT DISTINCT m.name AS name, m.key AS key FROM version_uses u
     JOIN models m ON m.tag = u.model_tag
     WHERE u.child_key = $1 AND u.model_tag <> $2 ORDER BY m.key`,
    [keyOf(model.name), model.tag],
  );
  return rows.map(({ name }) => name);
}
