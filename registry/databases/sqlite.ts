/**
 * The registry's database in one SQLite file.
 *
 * @module
 */
import type { Database, Row, SqlRunner, SqlValue } from "../database.ts";

/** A file with its own transactions; made if it does not exist. */
export class SqliteDatabase implements Database {
  readonly dialect = "sqlite";
  constructor(readonly path: string) {}
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
