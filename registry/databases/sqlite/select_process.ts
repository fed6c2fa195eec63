/**
 * The program that answers one question to a database file: in a process of its own, since nothing
 * but the end of its process stops a statement of SQLite. Reads {@link Question} as JSON from its
 * standard input, writes {@link Answer} to its output.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import type { SqlValue } from "../../database.ts";
import { OPEN_TABLES } from "../../select.ts";

export interface Question {
  readonly path: string;
  readonly sql: string;
}

export type Answer =
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly SqlValue[])[] }
  | { readonly refused: string };

// Of SQLite's authorizer (sqlite.org/c3ref/c_alter_table.html), which the types do not know.
const OK = 0;
const DENY = 1;
const READ = 20;
const SELECT = 21;
const FUNCTION = 31;

interface Authorized {
  setAuthorizer(
    decide: (action: number, first: string | null, second: string | null) => number,
  ): void;
}

/** Answers a question on a connection that reads alone, and of the tables the open ones. */
export function answer({ path, sql }: Question): Answer {
  const database = new DatabaseSync(path, { readOnly: true });
  const closed = closedTables(database);
  (database as unknown as Authorized).setAuthorizer((action, first, second) => {
    if (action === SELECT || action === FUNCTION) return OK;
    if (action !== READ) return DENY;
    const isSecret = first === "api_keys" && second?.endsWith("sha256");
    return isSecret || closed.has(first ?? "") ? DENY : OK;
  });
  try {
    const statement = database.prepare(sql);
    const columns = statement.columns().map(({ name }) => name ?? "");
    const rows = statement.all() as Record<string, SqlValue>[];
    return { columns, rows: rows.map((row) => columns.map((name) => row[name] ?? null)) };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  } finally {
    database.close();
  }
}

/** All tables but the open ones and the keys, of which only the digest is closed. */
function closedTables(database: DatabaseSync): ReadonlySet<string> {
  const tables = database.prepare("SELECT name FROM sqlite_schema").all() as { name: string }[];
  const closed = new Set([...tables.map(({ name }) => name), "sqlite_master", "sqlite_schema"]);
  for (const table of [...OPEN_TABLES, "api_keys"]) closed.delete(table);
  return closed;
}

/** Reads the question from the standard input, and writes the answer to the output. */
export async function answerQuestion(): Promise<void> {
  const question = JSON.parse(await new Response(Deno.stdin.readable).text()) as Question;
  const text = JSON.stringify(
    answer(question),
    (_, value) => value instanceof Uint8Array ? `${value.length} bytes` : value,
  );
  await Deno.stdout.write(new TextEncoder().encode(text));
}

if (import.meta.main) await answerQuestion();
