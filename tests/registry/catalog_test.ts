import { assertEquals, assertRejects } from "@std/assert";
import { Catalog } from "../../registry/catalog.ts";
import type { Database, Row, SqlRunner, SqlValue } from "../../registry/database.ts";
import { migrate } from "../../registry/migrate.ts";
import { Registry } from "../../registry/registry.ts";
import { type EmptyDatabase, sqlite } from "../contracts/registry_databases.ts";

Deno.test("refresh() called while another one is under way sees what was written in between", async () => {
  await using empty = await sqlite.make();
  const registry = await makeRegistry(empty);
  const database = new InterruptedDatabase(empty.connect());
  await using catalog = new Catalog(database);
  await catalog.refresh();
  let second: Promise<void> | undefined;
  database.after = async () => {
    database.after = undefined;
    await registry.createModel("user:ada", { name: "between", description: "d" });
    second = catalog.refresh();
  };
  await catalog.refresh(); // has read the feed before the write
  assertEquals(catalog.model("between"), undefined);
  await second;
  assertEquals(catalog.model("between")?.name, "between");
});

for (const table of ["changes", "models", "versions", "api_keys"]) {
  Deno.test(`what is written while a catalog loads is not missed: after it read ${table}`, async () => {
    await using empty = await sqlite.make();
    const registry = await makeRegistry(empty);
    const version = { version: "1", backend: { kind: "echo" }, inputSchema: true };
    await registry.createModel("user:ada", { name: "changed", description: "d", version });
    await registry.createModel("user:ada", { name: "deleted", description: "d", version });
    const { record, key } = await registry.createKey("user:ada", { user: "revoked" });
    const database = new InterruptedDatabase(empty.connect());
    await using catalog = new Catalog(database);
    let fresh = "";
    database.after = async (sql) => {
      if (!sql.includes(`FROM ${table}`)) return;
      database.after = undefined;
      await registry.createModel("user:ada", { name: "new", description: "d", version });
      await registry.addVersion("user:ada", "changed", { ...version, version: "2" });
      await registry.deleteModel("user:ada", "deleted");
      await registry.revokeKey("user:ada", record.id);
      fresh = (await registry.createKey("user:ada", { user: "fresh" })).key;
    };
    await catalog.refresh();
    assertEquals([...catalog.models()].map(({ name }) => name), ["changed", "new"]);
    assertEquals(catalog.resolve("changed")?.version.version, "2");
    assertEquals(catalog.resolve("new")?.version.version, "1");
    assertEquals(catalog.principal(key), undefined);
    assertEquals(catalog.principal(fresh)?.user, "fresh");
  });
}

Deno.test("a catalog that failed in the middle of its feed goes on from where it was", async () => {
  await using empty = await sqlite.make();
  const registry = await makeRegistry(empty);
  const database = new InterruptedDatabase(empty.connect());
  const errors: unknown[] = [];
  await using catalog = new Catalog(database, { onError: (error) => errors.push(error) });
  await catalog.refresh();
  await registry.createModel("user:ada", { name: "one", description: "d" });
  await registry.createModel("user:ada", { name: "two", description: "d" });
  database.after = (sql) =>
    sql.includes("FROM models") ? Promise.reject(new Error("away")) : nothing;
  for (let n = 0; n < 3; n++) await assertRejects(() => catalog.refresh(), Error, "away");
  assertEquals([catalog.stale, catalog.revision, errors.length], [true, 0, 1]);
  assertEquals([...catalog.models()], []);
  database.after = undefined;
  await catalog.refresh();
  assertEquals([catalog.stale, catalog.revision], [false, 2]);
  assertEquals([...catalog.models()].length, 2);
});

Deno.test("a listener that throws is told of, and keeps nothing from the others", async () => {
  await using empty = await sqlite.make();
  const registry = await makeRegistry(empty);
  const errors: unknown[] = [];
  await using catalog = new Catalog(empty.connect(), { onError: (error) => errors.push(error) });
  await catalog.refresh();
  const heard: string[] = [];
  catalog.onChange(() => {
    throw new Error("a listener's own fault");
  });
  catalog.onChange((subject) => heard.push(subject));
  await registry.createModel("user:ada", { name: "m", description: "d" });
  await catalog.refresh();
  assertEquals([heard, errors.length, catalog.stale], [["model:m"], 1, false]);
});

Deno.test("stop() may be called twice, before start() and in the middle of it", async () => {
  await using empty = await sqlite.make();
  await makeRegistry(empty);
  const catalog = new Catalog(empty.connect(), { pollMs: 1 });
  await catalog.stop();
  await catalog.start();
  await catalog.stop();
  await catalog.stop();
  const starting = catalog.start();
  await catalog.stop();
  await starting;
});

const nothing = Promise.resolve();

async function makeRegistry(empty: EmptyDatabase): Promise<Registry> {
  const database = empty.connect();
  await migrate(database);
  return new Registry(database);
}

/** A database in which something happens between a statement and its answer. */
class InterruptedDatabase implements Database {
  after: ((sql: string) => Promise<void>) | undefined;

  constructor(private readonly database: Database) {}

  get dialect(): "sqlite" | "postgres" {
    return this.database.dialect;
  }

  async query<R extends Row>(sql: string, params?: readonly SqlValue[]): Promise<R[]> {
    const rows = await this.database.query<R>(sql, params);
    await this.after?.(sql);
    return rows;
  }

  transaction<T>(body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.database.transaction(body);
  }

  exclusively<T>(name: string, body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.database.exclusively(name, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
  }
}
