// A Postgres of its own, since it is killed and frozen here.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Catalog } from "../../registry/catalog.ts";
import { DatabaseUnavailable } from "../../registry/database.ts";
import { PostgresDatabase } from "../../registry/databases/postgres.ts";
import { migrate } from "../../registry/migrate.ts";
import { Registry } from "../../registry/registry.ts";
import { type Postgres, startPostgres } from "../services/postgres.ts";
import { findPrograms } from "../services/programs.ts";

const QUICK = { connectTimeoutMs: 300, statementTimeoutMs: 300, connections: 2 };
const skipped = (await findPrograms()).postgresBin ? undefined : "postgres is not installed";

function claim(name: string, body: (server: Postgres) => Promise<void>): void {
  Deno.test({
    name: skipped ? `${name} [skipped: ${skipped}]` : name,
    ignore: skipped !== undefined,
    async fn() {
      await using server = await startPostgres();
      await body(server);
    },
  });
}

claim(
  "while Postgres is down the catalog goes on, and catches up once it is back",
  async (server) => {
    await using calm = await migrated(server);
    const first = new Registry(calm);
    await first.createModel("user:ada", { name: "before", description: "d" });
    const { key } = await first.createKey("system", { user: "ada" });
    await using database = new PostgresDatabase(server.url, QUICK);
    const registry = new Registry(database);
    const errors: unknown[] = [];
    const options = { pollMs: 10, onError: (error: unknown) => errors.push(error) };
    await using catalog = new Catalog(database, options);
    await eventually(() => catalog.start());

    await server.kill();
    await until(() => catalog.stale);
    for (let n = 0; n < 3; n++) {
      await assertRejects(() => registry.keys(), DatabaseUnavailable);
      await assertRejects(
        () => registry.createModel("user:ada", { name: "no", description: "d" }),
        DatabaseUnavailable,
      );
      await assertRejects(() => catalog.refresh(), DatabaseUnavailable);
    }
    assertEquals(catalog.model("before")?.name, "before");
    assertEquals(catalog.principal(key)?.user, "ada");
    assertEquals(errors.length, 1);

    await server.restart();
    await eventually(() => registry.createModel("user:ada", { name: "after", description: "d" }));
    // What was read is seen before the end of the feed is reached.
    await until(() => catalog.model("after") !== undefined && !catalog.stale);
    assertEquals([...catalog.models()].map(({ name }) => name), ["after", "before"]);
  },
);

claim("connections that answer no more are given up, and new ones are made", async (server) => {
  await using database = new PostgresDatabase(server.url, { ...QUICK, connections: 1 });
  const [row] = await database.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  Deno.kill(row!.pid, "SIGSTOP");
  try {
    await assertRejects(() => database.query("SELECT 1 AS one"), DatabaseUnavailable);
    const [fresh] = await database.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    assert(fresh!.pid !== row!.pid);
  } finally {
    Deno.kill(row!.pid, "SIGCONT");
  }
});

claim("a server that takes connections and says nothing is unavailable", async (server) => {
  await using database = new PostgresDatabase(server.url, QUICK);
  await server.kill("SIGSTOP");
  await assertRejects(() => database.query("SELECT 1 AS one"), DatabaseUnavailable);
  await assertRejects(() => migrate(database), DatabaseUnavailable);
  await server.kill("SIGCONT");
  await eventually(() => database.query("SELECT 1 AS one"));
});

claim(
  "a writer that is frozen in its transaction does not hold up the others for ever",
  async (server) => {
    await using _calm = await migrated(server);
    await using frozen = new PostgresDatabase(server.url, QUICK);
    await using database = new PostgresDatabase(server.url, QUICK);
    const holding = Promise.withResolvers<void>();
    const thrownOut = assertRejects(() =>
      frozen.transaction(async (tx) => {
        await tx.query("UPDATE change_counter SET seq = seq + 1 RETURNING seq");
        holding.resolve();
        await new Promise(() => {});
      }), DatabaseUnavailable);
    await holding.promise;
    const registry = new Registry(database);
    const write = () => registry.createModel("user:ada", { name: "m", description: "d" });
    await assertRejects(write, DatabaseUnavailable);
    await eventually(write);
    await thrownOut;
    assertEquals((await registry.changes(0, 10)).map(({ seq }) => seq), [1]);
  },
);

/** A connection that has the time which a busy machine takes. */
async function migrated(server: Postgres): Promise<PostgresDatabase> {
  const database = new PostgresDatabase(server.url);
  await migrate(database);
  return database;
}

/** Tries again while the database is unavailable. */
async function eventually<T>(call: () => Promise<T>, deadline = Date.now() + 10_000): Promise<T> {
  while (true) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || Date.now() > deadline) throw error;
    }
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

async function until(condition: () => boolean, deadline = Date.now() + 10_000): Promise<void> {
  while (!condition()) {
    assert(Date.now() < deadline, "waited ten seconds in vain");
    await new Promise((wake) => setTimeout(wake, 5));
  }
}
