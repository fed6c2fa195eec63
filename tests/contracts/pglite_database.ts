/**
 * PGlite as a registry database, to test the Postgres dialect where no server is installed. It is no
 * store for users: it never syncs its files.
 *
 * @module
 */
import { PGlite } from "@electric-sql/pglite";
import {
  type Database,
  type Row,
  type SqlRunner,
  type SqlValue,
  UniqueViolation,
} from "../../registry/database.ts";

type Runner = Pick<PGlite, "query">;

/** A view of one PGlite, which has a single connection; the PGlite is closed by who made it. */
export class PgliteDatabase implements Database {
  readonly dialect = "postgres";

  constructor(private readonly pglite: PGlite) {}

  query<R extends Row = Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    return run<R>(this.pglite, sql, params);
  }

  transaction<T>(body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.pglite.transaction((tx) =>
      body({ query: (sql, params = []) => run(tx, sql, params) })
    );
  }

  exclusively<T>(_name: string, body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.transaction(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function run<R extends Row>(
  runner: Runner,
  sql: string,
  params: readonly SqlValue[],
): Promise<R[]> {
  try {
    return (await runner.query<R>(sql, [...params])).rows;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "23505") {
      throw new UniqueViolation(error.message, { cause: error });
    }
    throw error;
  }
}
