/**
 * Brings a registry database up to the program's schema: numbered, forward-only steps, each in a
 * transaction, recorded with a checksum.
 *
 * To change the schema, add `migrations/NNN_<name>.sql` and its line in {@link MIGRATIONS}.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { Database, SqlRunner } from "./database.ts";
import registry from "./migrations/001_registry.sql" with { type: "text" };
import blobs from "./migrations/002_blobs.sql" with { type: "text" };
import documents from "./migrations/003_documents.sql" with { type: "text" };
import consensus from "./migrations/008_consensus.sql" with { type: "text" };
import audit from "./migrations/009_audit.sql" with { type: "text" };
import identities from "./migrations/010_identities.sql" with { type: "text" };
import lifecycle from "./migrations/011_lifecycle.sql" with { type: "text" };
import agents from "./migrations/012_agents.sql" with { type: "text" };

/** One step; what was released must not change. */
export interface Migration {
  /** Its place among the others; some numbers may be left out. */
  readonly number: number;
  readonly name: string;
  /** Statements that each end with `;` at the end of a line. */
  readonly sql: string;
}

/** The program's own steps, in order. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "registry", sql: registry },
  { number: 2, name: "blobs", sql: blobs },
  { number: 3, name: "documents", sql: documents },
  { number: 8, name: "consensus", sql: consensus },
  { number: 9, name: "audit", sql: audit },
  { number: 10, name: "identities", sql: identities },
  { number: 11, name: "lifecycle", sql: lifecycle },
  { number: 12, name: "agents", sql: agents },
];

/** The database does not fit this program: it is newer, or a step was altered after its release. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

/**
 * Applies the missing migrations; answers how many that were. Several processes may call it at
 * once. Throws {@link MigrationError}.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<number> {
  let applied = 0;
  while (await database.exclusively("migrations", (tx) => applyNext(tx, migrations))) applied++;
  return applied;
}

async function applyNext(tx: SqlRunner, migrations: readonly Migration[]): Promise<boolean> {
  await tx.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL
  )`);
  const done = await tx.query<{ number: number; name: string; checksum: string }>(
    "SELECT number, name, checksum FROM schema_migrations ORDER BY number",
  );
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const { number, name, checksum } of done) {
    const migration = known.get(number);
    if (!migration) {
      throw new MigrationError(
        `the database has migration ${number} (${name}), which this program does not know: ` +
          "start a newer version of the program",
      );
    }
    if (checksumOf(migration) !== checksum) {
      throw new MigrationError(
        `migration ${number} (${name}) was altered after it was applied to this database`,
      );
    }
  }
  const applied = new Set(done.map(({ number }) => number));
  const next = migrations.find(({ number }) => !applied.has(number));
  if (!next) return false;
  for (const statement of statementsOf(next.sql)) await tx.query(statement);
  await tx.query(
    "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
    [next.number, next.name, checksumOf(next), Date.now()],
  );
  return true;
}

// Comments and the ends of lines may differ between checkouts; they do not count.
function checksumOf(migration: Migration): string {
  return hash("sha256", statementsOf(migration.sql).join(";"), "hex");
}

function statementsOf(sql: string): string[] {
  return sql
    .replaceAll("\r", "")
    .replace(/^\s*--.*$/gm, "")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
