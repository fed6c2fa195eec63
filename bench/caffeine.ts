/**
 * What the bench submits: caffeine, for a model that an ordinary user may run because it is shared
 * with a team.
 *
 * @module
 */
import { PostgresDatabase } from "../registry/databases/postgres.ts";
import { migrate } from "../registry/migrate.ts";
import type { BackendReference, JobSettings, JsonSchema } from "../registry/model.ts";
import { Registry } from "../registry/registry.ts";

export const MODEL = "noop";
export const INPUT = { smiles: "CN1C=NC2=C1C(=O)N(C(=O)N2C)C" };
/** A submission as the API takes it. */
export const BODY = JSON.stringify({ model: MODEL, input: INPUT });

export const SCHEMA: JsonSchema = {
  type: "object",
  required: ["smiles"],
  properties: { smiles: { type: "string", minLength: 1, maxLength: 2000 } },
  additionalProperties: false,
};

/** Registers the model on a backend, in a new database; answers the headers of a user of it. */
export async function registerModel(
  databaseUrl: string,
  backend: BackendReference = { kind: "echo" },
  settings: Partial<JobSettings> = {},
): Promise<Record<string, string>> {
  await using database = new PostgresDatabase(databaseUrl);
  await migrate(database);
  const registry = new Registry(database);
  await registry.createModel("user:owner", {
    name: MODEL,
    description: "Answers at once.",
    readers: ["team:chemistry"],
    settings: { concurrency: 256, ...settings },
    version: { version: "1.0", backend, inputSchema: SCHEMA },
  });
  const { key } = await registry.createKey("system", { user: "ada", teams: ["chemistry"] });
  return { authorization: `Bearer ${key}`, "content-type": "application/json" };
}
