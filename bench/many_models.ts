/**
 * Many models for the bench: `model-0`, `model-1`, ..., each with one version.
 *
 * @module
 */
import type { Database } from "../registry/database.ts";
import { PostgresDatabase } from "../registry/databases/postgres.ts";
import { migrate } from "../registry/migrate.ts";
import type { BackendReference, JobSettings } from "../registry/model.ts";
import { Registry } from "../registry/registry.ts";
import { SCHEMA } from "./caffeine.ts";

export interface ManyModels {
  readonly models: number;
  /** Of the first model; the others have one. */
  readonly versions?: number;
  readonly backend?: BackendReference;
  readonly settings?: Partial<JobSettings>;
}

/** Registers them in an empty database; answers the key of their owner. */
export async function registerMany(database: Database, asked: ManyModels): Promise<string> {
  await migrate(database);
  const registry = new Registry(database);
  const { models, versions = 1, backend = { kind: "echo" }, settings } = asked;
  const version = (name: string) => ({
    version: name,
    backend,
    inputSchema: SCHEMA,
    documentation: "What it computes, from which data, and how well. ".repeat(20),
  });
  for (let n = 0; n < models; n++) {
    await registry.createModel("user:ada", {
      name: `model-${n}`,
      description: `Answers what it is given, ${n}`,
      tags: ["bench"],
      version: version("v1"),
      ...(settings && { settings }),
    });
  }
  for (let n = 2; n <= versions; n++) {
    await registry.addVersion("user:ada", "model-0", version(`v${n}`));
  }
  return (await registry.createKey("system", { user: "ada" })).key;
}

/** Registers them in an empty database of Postgres; answers the key of their owner. */
export async function registerOnPostgres(url: string, models: number): Promise<string> {
  await using database = new PostgresDatabase(url);
  return await registerMany(database, { models });
}
