/**
 * Which models have versions on a registered backend, as the database has it: neither can a version
 * be added to one that is gone, nor can one go that a version names.
 *
 * @module
 */
import type { SqlRunner } from "./database.ts";
import type { BackendReference, Version } from "./model.ts";
import { keyOf } from "./model_row.ts";
import { BackendInUse, InvalidDefinition } from "./refusal.ts";
import { REGISTERED_KIND } from "./registered_backend.ts";

/**
 * Throws InvalidDefinition for a version on a registered backend that is not there; `at` is the
 * pointer to the version.
 */
export async function requireBackend(
  tx: SqlRunner,
  backend: BackendReference,
  at: string,
): Promise<void> {
  const name = registeredName(backend);
  if (name === undefined) return;
  const [row] = await tx.query(
    "SELECT key FROM documents WHERE kind = 'backend' AND key = $1",
    [keyOf(name)],
  );
  if (row) return;
  const expected = "the name of a registered backend";
  throw new InvalidDefinition([{ pointer: `${at}/backend/backend`, expected }]);
}

/** Throws BackendInUse for a registered backend that a version names. It reads all definitions. */
export async function refuseBackendInUse(tx: SqlRunner, backend: string): Promise<void> {
  const rows = await tx.query<{ name: string; definition: string }>(
    `SELECT m.name AS name, v.definition AS definition FROM versions v
     JOIN models m ON m.tag = v.model_tag
     WHERE v.definition LIKE '%"${REGISTERED_KIND}"%' ORDER BY m.key`,
  );
  const users = rows.filter(({ definition }) => {
    const name = registeredName((JSON.parse(definition) as Version).backend);
    return name !== undefined && keyOf(name) === keyOf(backend);
  });
  if (users.length === 0) return;
  throw new BackendInUse(backend, [...new Set(users.map(({ name }) => name))]);
}

function registeredName({ kind, backend }: BackendReference): string | undefined {
  return kind === REGISTERED_KIND && typeof backend === "string" ? backend : undefined;
}
