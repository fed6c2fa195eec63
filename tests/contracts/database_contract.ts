/**
 * What every registry database promises.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Database, type SqlRunner, UniqueViolation } from "../../registry/database.ts";
import { migrate, type Migration, MigrationError, MIGRATIONS } from "../../registry/migrate.ts";
import type { DatabaseKind, EmptyDatabase } from "./registry_databases.ts";

/** Runs the contract on one kind of database. */
export function databaseContract(kind: DatabaseKind): void {
  const claim = (name: string, body: (empty: EmptyDatabase) => Promise<void>) =>
    Deno.test({
      name: `[${kind.name}] ${name}${kind.skipped ? ` [skipped: ${kind.skipped}]` : ""}`,
      ignore: kind.skipped !== undefined,
      async fn() {
        await using empty = await kind.make();
        await body(empty);
      },
    });
  statementClaims(claim);
  transactionClaims(claim);
  migrationClaims(claim);
}

type Claim = (name: string, body: (empty: EmptyDatabase) => Promise<void>) => void;

function statementClaims(claim: Claim): void {
  claim("query() answers rows by column, BIGINT as numbers and NULL as null", async (empty) => {
    const database = await withItems(empty);
    const values = ["ключ 🧪 'quoted' $1", Number.MAX_SAFE_INTEGER, 0.1, null];
    await database.query(
      "INSERT INTO items (name, big, float, note) VALUES ($1, $2, $3, $4)",
      values,
    );
    const [row] = await database.query("SELECT name, big, float, note FROM items");
    assertEquals({ ...row }, { name: values[0], big: values[1], float: values[2], note: null });
  });

  claim("query() takes a parameter more than once and out of order", async (empty) => {
    const database = await withItems(empty);
    const rows = await database.query(
      "INSERT INTO items (name, big, note) VALUES ($2, $1, $2) RETURNING big, note",
      [7, "seven"],
    );
    assertEquals({ ...rows[0] }, { big: 7, note: "seven" });
  });

  claim("a broken unique constraint is a UniqueViolation", async (empty) => {
    const database = await withItems(empty);
    await insert(database, "a");
    await assertRejects(() => insert(database, "a"), UniqueViolation);
    await assertRejects(() => database.transaction((tx) => insert(tx, "a")), UniqueViolation);
    assertEquals(await names(database), ["a"]);
  });

  claim("a wrong statement throws and the next one works", async (empty) => {
    const database = await withItems(empty);
    await assertRejects(() => database.query("SELECT nonsense FROM items"));
    assertEquals(await names(database), []);
  });
}

function transactionClaims(claim: Claim): void {
  claim("transaction() keeps all that its body wrote and answers its answer", async (empty) => {
    const database = await withItems(empty);
    const answer = await database.transaction(async (tx) => {
      await insert(tx, "a");
      await new Promise((resolve) => setTimeout(resolve, 1));
      await insert(tx, "b");
      return [await names(tx)];
    });
    assertEquals(answer, [["a", "b"]]);
    assertEquals(await names(database), ["a", "b"]);
  });

  claim("transaction() keeps nothing of a body that throws, and throws the same", async (empty) => {
    const database = await withItems(empty);
    const reason = new Error("no");
    const thrown = await assertRejects(() =>
      database.transaction(async (tx) => {
        await insert(tx, "a");
        throw reason;
      })
    );
    assert(thrown === reason);
    assertEquals(await names(database), []);
  });

  claim("a statement beside a transaction is not rolled back with it", async (empty) => {
    const database = await withItems(empty);
    let beside: Promise<void> | undefined;
    await assertRejects(() =>
      database.transaction(async (tx) => {
        await insert(tx, "within");
        beside = insert(database, "beside");
        await new Promise((resolve) => setTimeout(resolve, 5));
        throw new Error("roll back");
      })
    );
    await beside;
    assertEquals(await names(database), ["beside"]);
  });

  claim("concurrent transactions on two connections lose no update", async (empty) => {
    const first = await withItems(empty);
    const second = empty.connect();
    await insert(first, "counter");
    const raise = (database: Database) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<{ big: number }>(
          "UPDATE items SET big = big + 1 WHERE name = 'counter' RETURNING big",
        );
        await new Promise((resolve) => setTimeout(resolve, 0));
        await tx.query("UPDATE items SET float = $1 WHERE name = 'counter'", [row!.big]);
      });
    await Promise.all(Array.from({ length: 40 }, (_, n) => raise(n % 2 === 0 ? first : second)));
    const [row] = await second.query("SELECT big, float FROM items");
    assertEquals({ ...row }, { big: 40, float: 40 });
  });

  claim("exclusively() runs one body at a time over all connections", async (empty) => {
    const connections = [await withItems(empty), empty.connect(), empty.connect()];
    let inside = 0;
    await Promise.all(connections.map((database) =>
      database.exclusively("a name", async (tx) => {
        assertEquals(++inside, 1);
        await tx.query("SELECT 1 AS one");
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside--;
      })
    ));
  });
}

function migrationClaims(claim: Claim): void {
  claim("migrate() from several connections at once applies each step once", async (empty) => {
    const connections = Array.from({ length: 6 }, () => empty.connect());
    const applied = await Promise.all(connections.map((database) => migrate(database)));
    assertEquals(applied.reduce((sum, count) => sum + count), MIGRATIONS.length);
    assertEquals(await migrate(connections[0]!), 0);
  });

  claim("migrate() keeps nothing of a step that fails, and the steps before it", async (empty) => {
    const database = empty.connect();
    const good = step(1, "CREATE TABLE one (id INTEGER);\n-- a remark; with a semicolon\n");
    const bad = step(2, "CREATE TABLE two (id INTEGER);\nINSERT INTO nowhere VALUES (1);\n");
    await assertRejects(() => migrate(database, [good, bad]));
    await database.query("SELECT id FROM one");
    await assertRejects(() => database.query("SELECT id FROM two"));
    const mended = step(2, "CREATE TABLE two (id INTEGER);");
    assertEquals(await migrate(database, [good, mended]), 1);
  });

  claim("migrate() refuses a newer database and an altered step", async (empty) => {
    const database = empty.connect();
    const one = step(1, "CREATE TABLE one (id INTEGER);");
    await migrate(database, [one, step(2, "CREATE TABLE two (id INTEGER);")]);
    await assertRejects(() => migrate(database, [one]), MigrationError, "newer version");
    const altered = [
      step(1, "CREATE TABLE one (id BIGINT);"),
      step(2, "CREATE TABLE two (id INTEGER);"),
    ];
    await assertRejects(() => migrate(database, altered), MigrationError, "altered");
  });
}

function step(number: number, sql: string): Migration {
  return { number, name: `step_${number}`, sql };
}

async function withItems(empty: EmptyDatabase): Promise<Database> {
  const database = empty.connect();
  await database.query(`CREATE TABLE items (
    name TEXT PRIMARY KEY, big BIGINT, float DOUBLE PRECISION, note TEXT
  )`);
  return database;
}

async function insert(runner: SqlRunner, name: string): Promise<void> {
  await runner.query("INSERT INTO items (name, big) VALUES ($1, 0)", [name]);
}

async function names(runner: SqlRunner): Promise<string[]> {
  const rows = await runner.query<{ name: string }>("SELECT name FROM items ORDER BY name");
  return rows.map(({ name }) => name);
}
