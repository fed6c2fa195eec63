/**
 * The databases that the registry's contracts are run on.
 *
 * @module
 */
import { PGlite } from "@electric-sql/pglite";
import type { Database } from "../../registry/database.ts";
import { PostgresDatabase } from "../../registry/databases/postgres.ts";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";
import { PgliteDatabase } from "./pglite_database.ts";

/** An empty database for one test. */
export interface EmptyDatabase extends AsyncDisposable {
  /** Opens a connection of its own, as another process would; closed with the database. */
  connect(): Database;
}

/** A kind of database. */
export interface DatabaseKind {
  readonly name: string;
  /** Why it cannot be tested here. */
  readonly skipped?: string;
  make(): Promise<EmptyDatabase>;
}

/** A file in a temporary folder. */
export const sqlite: DatabaseKind = {
  name: "sqlite",
  async make() {
    const folder = await Deno.makeTempDir();
    const open: Database[] = [];
    return {
      connect: () => remember(open, new SqliteDatabase(`${folder}/registry.sqlite`)),
      async [Symbol.asyncDispose]() {
        await closeAll(open);
        await Deno.remove(folder, { recursive: true });
      },
    };
  },
};

let started: Promise<PGlite> | undefined;
let schemas = 0;

/** A schema of its own in one PGlite, which takes a second to start. */
export const pglite: DatabaseKind = {
  name: "pglite",
  async make() {
    started ??= PGlite.create();
    const engine = await started;
    const schema = `test_${++schemas}`;
    await engine.exec(`CREATE SCHEMA ${schema}; SET search_path TO ${schema}`);
    return {
      connect: () => new PgliteDatabase(engine),
      async [Symbol.asyncDispose]() {
        await engine.exec(`DROP SCHEMA ${schema} CASCADE`);
      },
    };
  },
};

/** Ends PGlite, if it was started. */
export async function closePglite(): Promise<void> {
  await (await started)?.close();
  started = undefined;
}

const url = Deno.env.get("TEST_DATABASE_URL");

/** A schema of its own on the Postgres server of TEST_DATABASE_URL. */
export const postgres: DatabaseKind = {
  name: "postgres",
  ...(url ? {} : { skipped: "TEST_DATABASE_URL is not set" }),
  make: () => makePostgresSchema(url!),
};

/** Makes a schema on a server; connections see nothing else. */
export async function makePostgresSchema(url: string): Promise<EmptyDatabase> {
  const schema = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  await using admin = new PostgresDatabase(url);
  await admin.query(`CREATE SCHEMA ${schema}`);
  const within = new URL(url);
  within.searchParams.set("search_path", schema);
  const open: Database[] = [];
  return {
    connect: () => remember(open, new PostgresDatabase(within.href)),
    async [Symbol.asyncDispose]() {
      await closeAll(open);
      await using admin = new PostgresDatabase(url);
      await admin.query(`DROP SCHEMA ${schema} CASCADE`);
    },
  };
}

function remember(open: Database[], database: Database): Database {
  open.push(database);
  return database;
}

async function closeAll(open: Database[]): Promise<void> {
  await Promise.all(open.map((database) => database[Symbol.asyncDispose]()));
}
