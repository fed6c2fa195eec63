import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Database } from "../../registry/database.ts";
import { migrate } from "../../registry/migrate.ts";
import { Registry } from "../../registry/registry.ts";
import { SelectRefused, type SelectRunner, selectStatement } from "../../registry/select.ts";
import { postgres, sqlite } from "../contracts/registry_databases.ts";
import { testWhere } from "../services/shared.ts";

const LIMITS = { timeoutMs: 10_000, maxRows: 3 };

const TAKEN = [
  "SELECT name, count(*) FROM models GROUP BY name ORDER BY 2 DESC",
  "select * from keys;",
  "WITH a AS (SELECT 1 AS one), b (x) AS (SELECT one FROM a) SELECT x FROM b",
  "SELECT 'it''s -- no comment' AS text FROM models WHERE name IN ('a', 'b')",
  "SELECT row_number() OVER (ORDER BY at) FROM changes",
];

const REFUSED = [
  "",
  "DELETE FROM models",
  "SELECT 1; DELETE FROM models",
  "SELECT sha256 FROM api_keys",
  "SELECT old_sha256 FROM api_keys",
  'SELECT * FROM "api_keys"',
  "SELECT * FROM public.API_KEYS",
  "SELECT * FROM blobs",
  "SELECT query_to_xml('select 1', true, true, '')",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT pg_sleep(100)",
  "SELECT * FROM pg_shadow",
  "SELECT U&'x' FROM models",
  "SELECT $$x$$",
  "SELECT 1 -- comment",
  "SELECT 1 /* comment */",
  "WITH RECURSIVE n AS (SELECT 1) SELECT * FROM n",
  "SELECT * INTO t FROM models",
  "WITH gone AS (DELETE FROM models RETURNING *) SELECT * FROM gone",
];

for (const question of TAKEN) {
  Deno.test(`selectStatement() takes ${question}`, () => {
    assert(selectStatement(question, 10).endsWith("LIMIT 11"));
  });
}

for (const question of REFUSED) {
  Deno.test(`selectStatement() refuses ${JSON.stringify(question)}`, () => {
    assertThrows(() => selectStatement(question, 10), SelectRefused);
  });
}

const HERE = { available: true } as const;

for (const kind of [sqlite, postgres]) {
  const name = `select() on ${kind.name} reads alone, no digest of a key, within time and rows`;
  const can = kind.skipped ? { available: false, reason: kind.skipped } as const : HERE;
  testWhere(can, name, async () => {
    await using empty = await kind.make();
    const database = empty.connect() as Database & SelectRunner;
    await migrate(database);
    const registry = new Registry(database);
    for (const model of ["a", "b", "c", "d"]) {
      await registry.createModel("system", { name: model, description: model });
    }
    await registry.createKey("system", { user: "ada" });
    const found = await database.select("SELECT name FROM models ORDER BY name", LIMITS);
    assertEquals(found, { columns: ["name"], rows: [["a"], ["b"], ["c"]], cut: true });
    if (kind === postgres) {
      const sql =
        "SELECT settings::json AS json, 1 < 2 AS yes, to_timestamp(0) AS time FROM models";
      const { rows } = await database.select(sql, LIMITS);
      assertEquals(rows[0], ["{}", "true", "1970-01-01T00:00:00.000Z"]);
    }
    const keys = await database.select("SELECT * FROM keys", LIMITS);
    assertEquals(keys.rows.length, 1);
    assert(keys.columns.includes("user_name") && !keys.columns.includes("sha256"));
    await assertRejects(() => database.select("SELECT nothing FROM models", LIMITS), SelectRefused);
    const slow = `SELECT count(*) FROM ${"abcdefghijklmnopq".split("").map((t) => `models ${t}`)}`;
    const short = { ...LIMITS, timeoutMs: 300 };
    await assertRejects(() => database.select(slow, short), SelectRefused, "took");
  });
}
