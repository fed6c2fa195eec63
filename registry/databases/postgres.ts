/**
 * The registry's database on a Postgres server.
 *
 * @module
 */
import type { Database, Row, SqlRunner, SqlValue } from "../database.ts";

/** A pool of connections to one Postgres database. */
export class PostgresDatabase implements Database {
  readonly dialect = "postgres";
  constructor(readonly url: string) {}
  query<R extends Row = Row>(_sql: string, _params?: readonly SqlValue[]): Promise<R[]> {
    throw new Error("being written");
  }
  transaction<T>(_body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    throw new Error("being written");
  }
  exclusively<T>(_name: string, _body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    throw new Error("being written");
  }
  [Symbol.asyncDispose](): Promise<void> {
    throw new Error("being written");
  }
}
