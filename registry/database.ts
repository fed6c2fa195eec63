/**
 * The port to the registry's SQL database. Statements are one portable text for SQLite and
 * Postgres: `$1` parameters, `TEXT`, `BIGINT` and `DOUBLE PRECISION` columns, times in epoch
 * milliseconds, JSON as text.
 *
 * @module
 */

/** A value that goes into a statement or comes out of a column. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A row by column name. `BIGINT` columns come as numbers. */
export type Row = Record<string, SqlValue>;

/** Runs statements, alone or inside a transaction. */
export interface SqlRunner {
  /** Runs one statement with `$1`-style parameters and answers its rows. */
  query<R extends Row = Row>(sql: string, params?: readonly SqlValue[]): Promise<R[]>;
}

/** A statement broke a unique constraint: someone else has that name. */
export class UniqueViolation extends Error {
  override readonly name = "UniqueViolation";
}

/** The database cannot be reached now; the same call may work later. */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
}

/** The registry's database. Throws {@link UniqueViolation} and {@link DatabaseUnavailable}. */
export interface Database extends SqlRunner, AsyncDisposable {
  readonly dialect: "sqlite" | "postgres";
  /** Runs `body` in one serialisable-enough transaction: all of it or nothing. */
  transaction<T>(body: (tx: SqlRunner) => Promise<T>): Promise<T>;
  /** Runs `body` while no other process runs one under the same name (migrations). */
  exclusively<T>(name: string, body: (tx: SqlRunner) => Promise<T>): Promise<T>;
}
