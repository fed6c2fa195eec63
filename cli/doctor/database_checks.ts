/**
 * Checks of the registry's database: version, rights, and whether it fits this program.
 *
 * @module
 */
import type { Config } from "../../program/config.ts";
import type { Database } from "../../registry/database.ts";
import { MIGRATIONS } from "../../registry/migrate.ts";
import { openDatabase } from "../../program/stores.ts";
import { judgeClock } from "./clock.ts";
import { type Finding, Findings } from "./finding.ts";

const LEAST_VERSION = 14;

/** Looks at the database that is configured. */
export async function checkDatabase(config: Config): Promise<readonly Finding[]> {
  const findings = new Findings(config.databaseUrl ? "postgres" : "registry");
  try {
    await using stack = new AsyncDisposableStack();
    const database = await openDatabase(config, stack);
    if (!database) findings.ok("file", "none yet; it is made at the first start");
    else if (database.dialect === "postgres") await checkPostgres(findings, database);
    else await checkSqlite(findings, database);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.add("connection", "fault", reason, connectionAdvice(reason));
  }
  return findings.all;
}

// A type, not an interface: rows ask for an index signature.
type ServerRow = {
  version: number;
  standby: number;
  read_only: number;
  may_create: number;
  schema: string;
  encoding: string;
  most: number;
  used: number;
  now: number;
};

async function checkPostgres(findings: Findings, database: Database): Promise<void> {
  const begun = performance.now();
  const [server] = await database.query<ServerRow>(`SELECT
    current_setting('server_version_num')::int AS version,
    pg_is_in_recovery()::int AS standby,
    (current_setting('transaction_read_only') = 'on')::int AS read_only,
    COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)::int AS may_create,
    COALESCE(current_schema(), '') AS schema,
    pg_encoding_to_char(encoding) AS encoding,
    current_setting('max_connections')::int AS most,
    (SELECT count(*) FROM pg_stat_activity)::int AS used,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now
    FROM pg_database WHERE datname = current_database()`);
  const tookMs = performance.now() - begun;
  const here = Date.now();
  const { version, standby, read_only, schema, encoding, most, used } = server!;
  const major = Math.floor(version / 10_000);
  findings.judge(
    "version",
    `Postgres ${major}.${version % 10_000}`,
    major < LEAST_VERSION && "fault",
    `use Postgres ${LEAST_VERSION} or later`,
  );
  findings.judge(
    "writes",
    standby ? "a standby" : read_only ? "read-only" : "takes writes",
    (standby || read_only) ? "fault" : undefined,
    standby
      ? "let DATABASE_URL name the primary: this one only follows it"
      : "ALTER ROLE or ALTER DATABASE ... SET default_transaction_read_only = off",
  );
  findings.judge(
    "encoding",
    encoding,
    encoding !== "UTF8" && "fault",
    "make the database anew with ENCODING 'UTF8': descriptions hold any character",
  );
  findings.judge(
    "connections",
    `${used} of ${most} in use`,
    used > 0.8 * most && "warning",
    "raise max_connections, or put a pooler before it: every process of the gateway holds up to 4",
  );
  judgeClock(findings, { at: server!.now, here, tookMs });
  const waiting = await checkMigrations(findings, database);
  await checkRights(findings, database, schema, server!.may_create === 1, waiting);
}

async function checkSqlite(findings: Findings, database: Database): Promise<void> {
  const [row] = await database.query<{ quick_check: string }>("PRAGMA quick_check");
  findings.judge(
    "file",
    row!.quick_check === "ok" ? "whole" : row!.quick_check,
    row!.quick_check !== "ok" && "fault",
    "the file is damaged: stop the gateway, keep a copy, and put back a backup",
  );
  await checkMigrations(findings, database);
}

/** Answers whether steps are waiting to be applied. */
async function checkMigrations(findings: Findings, database: Database): Promise<boolean> {
  let done: readonly { number: number }[] = [];
  try {
    done = await database.query<{ number: number }>("SELECT number FROM schema_migrations");
  } catch (error) {
    const text = error instanceof Error ? error.message : "";
    if (!/does not exist|no such table/.test(text)) throw error;
  }
  const numbers = new Set(done.map(({ number }) => number));
  const waiting = MIGRATIONS.filter(({ number }) => !numbers.has(number));
  const newest = MIGRATIONS[MIGRATIONS.length - 1]!.number;
  const unknown = [...numbers].filter((number) => !MIGRATIONS.some((m) => m.number === number));
  if (unknown.length > 0) {
    findings.add(
      "migrations",
      "fault",
      `${unknown.length} are not known to this program: ${unknown.join(", ")}`,
      "start a newer version of the program: this database was brought up to date by one",
    );
  } else if (numbers.size === 0) {
    findings.ok("migrations", "an empty database; the first start fills it");
  } else {
    findings.judge(
      "migrations",
      waiting.length === 0 ? `up to date (${newest})` : `${waiting.length} to come`,
      waiting.length > 0 && "warning",
      "they are applied at the next start, or by `model-gateway start --migrate`",
    );
  }
  return waiting.length > 0;
}

const PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE"];

async function checkRights(
  findings: Findings,
  database: Database,
  schema: string,
  mayCreate: boolean,
  waiting: boolean,
): Promise<void> {
  const tables = await database.query<{ name: string; missing: string }>(
    `SELECT t.name, t.missing FROM (
      SELECT tablename AS name, concat_ws(' ', ${
      PRIVILEGES.map((privilege) =>
        `CASE WHEN NOT has_table_privilege(format('%I.%I', schemaname, tablename), '${privilege}')
          THEN '${privilege}' END`
      ).join(", ")
    }) AS missing FROM pg_tables WHERE schemaname = $1) t WHERE t.missing <> ''`,
    [schema],
  );
  const privileges = new Set(tables.flatMap(({ missing }) => missing.split(" ")));
  findings.judge(
    "rights",
    tables.length === 0
      ? "on all tables"
      : `without ${[...privileges].join(", ")} on ${tables.length} tables, such as ${
        tables[0]!.name
      }`,
    tables.length > 0 && "fault",
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema || "public"} TO <user>`,
  );
  findings.judge(
    "schema",
    schema === "" ? "none that may be used" : mayCreate ? `${schema}, may be changed` : schema,
    schema === "" ? "fault" : mayCreate ? undefined : waiting ? "fault" : "warning",
    schema === ""
      ? "name one by ?search_path= in DATABASE_URL, and GRANT USAGE, CREATE on it"
      : `GRANT CREATE ON SCHEMA ${schema} TO <user>, or run \`start --migrate\` as its owner before ` +
        "each new version",
  );
}

function connectionAdvice(reason: string): string {
  if (/password|authentication|role .* does not exist/i.test(reason)) {
    return "put the user and the password into DATABASE_URL: postgres://USER:PASSWORD@HOST/DATABASE";
  }
  if (/database .* does not exist/i.test(reason)) return "CREATE DATABASE, or correct DATABASE_URL";
  if (/permission denied/i.test(reason)) return "GRANT the user USAGE on the schema and its tables";
  return "look whether DATABASE_URL names the right host and port, and whether it listens there";
}
