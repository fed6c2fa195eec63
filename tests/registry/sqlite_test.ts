import { assertEquals, assertRejects } from "@std/assert";
import { SqliteDatabase } from "../../registry/databases/sqlite.ts";

Deno.test("a transaction waits for another connection's without holding up the thread", async () => {
  await using file = await temporaryFile();
  await using first = new SqliteDatabase(file.path);
  await using second = new SqliteDatabase(file.path);
  await using reader = new SqliteDatabase(file.path);
  await first.query("CREATE TABLE t (n INTEGER)");
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const holder = first.transaction(async (tx) => {
    begun.resolve();
    await go.promise;
    await tx.query("INSERT INTO t VALUES (1)");
    order.push("first");
  });
  await begun.promise;
  const waiter = second.query("INSERT INTO t VALUES (2)").then(() => order.push("second"));
  assertEquals(await reader.query("SELECT n FROM t"), []); // readers do not wait
  go.resolve();
  await Promise.all([holder, waiter]);
  assertEquals(order, ["first", "second"]);
});

Deno.test("a transaction that is over takes no more statements", async () => {
  await using file = await temporaryFile();
  await using database = new SqliteDatabase(file.path);
  const tx = await database.transaction((tx) => Promise.resolve(tx));
  await assertRejects(() => tx.query("SELECT 1"), Error, "is over");
});

Deno.test("what was committed is there when the file is opened again", async () => {
  await using file = await temporaryFile();
  {
    await using database = new SqliteDatabase(file.path);
    await database.query("CREATE TABLE t (n INTEGER)");
    void database.transaction((tx) => tx.query("INSERT INTO t VALUES (1)"));
  }
  await using database = new SqliteDatabase(file.path);
  assertEquals((await database.query("SELECT n FROM t")).length, 1);
});

Deno.test("any number of different statements may be run", async () => {
  await using file = await temporaryFile();
  await using database = new SqliteDatabase(file.path);
  for (let n = 0; n < 1_000; n++) {
    assertEquals((await database.query(`SELECT ${n} AS n`))[0]!.n, n);
  }
});

async function temporaryFile(): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir();
  return {
    path: `${folder}/registry.sqlite`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
