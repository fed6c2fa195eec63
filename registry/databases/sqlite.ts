/**
 * The registry's database in one SQLite file.
 *
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type Database,
  DatabaseUnavailable,
  type Row,
  type SqlRunner,
  type SqlValue,
  UniqueViolation,
} from "../database.ts";
import type { Selected, SelectLimits, SelectRunner } from "../select.ts";
import { selectFromFile } from "./sqlite/select.ts";

const MAX_STATEMENTS = 200;
const BUSY_PAUSE_MS = 5;
const BUSY_LIMIT_MS = 10_000;

// Result codes of SQLite (sqlite.org/rescode.html), the primary ones in the low eight bits.
const CONSTRAINT_UNIQUE = 2067;
const CONSTRAINT_PRIMARYKEY = 1555;
const BUSY = 5;
const UNAVAILABLE = new Set([BUSY, 6, 8, 10, 13, 14]); // busy, locked, readonly, I/O, full, cannot open

/**
 * A file, made if it does not exist, in WAL mode with every commit on the disk. Within one object
 * transactions and statements run one after the other; a body must use its `tx` alone, since a call
 * on the database waits for the body itself.
 */
export class SqliteDatabase implements Database, SelectRunner {
  readonly dialect = "sqlite";
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #queue: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #open = true;

  constructor(readonly path: string) {
    try {
      this.#db = new DatabaseSync(path);
      this.#db.exec("PRAGMA busy_timeout = 5000");
      this.#db.exec("PRAGMA journal_mode = WAL");
      this.#db.exec("PRAGMA synchronous = FULL");
      this.#db.exec("PRAGMA foreign_keys = ON");
      // From here on this class waits for other writers itself: SQLite would block the whole thread.
      this.#db.exec("PRAGMA busy_timeout = 0");
    } catch (error) {
      throw translateError(error);
    }
  }

  async query<R extends Row = Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    if (this.#queued === 0) {
      try {
        return this.#run<R>(sql, params);
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    }
    return await this.#inTurn(() => this.#runWhenFree<R>(sql, params));
  }

  transaction<T>(body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#runWhenFree("BEGIN IMMEDIATE");
      let open = true;
      const tx: SqlRunner = {
        query: <R extends Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> => {
          if (!open) return Promise.reject(new Error("the transaction is over"));
          // A throw inside the executor rejects the promise.
          return new Promise((resolve) => resolve(this.#run<R>(sql, params)));
        },
      };
      try {
        const result = await body(tx);
        open = false;
        await this.#runWhenFree("COMMIT");
        return result;
      } catch (error) {
        open = false;
        if (this.#db.isTransaction) this.#run("ROLLBACK");
        throw error;
      }
    });
  }

  /** A writing transaction of SQLite is exclusive under every name. */
  exclusively<T>(_name: string, body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    return this.transaction(body);
  }

  select(sql: string, limits: SelectLimits): Promise<Selected> {
    return selectFromFile(this.path, sql, limits);
  }

  /** Closes the file once what was begun is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#inTurn(() => Promise.resolve());
    this.#statements.clear();
    this.#db.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#queued++;
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {}).finally(() => this.#queued--);
    return result;
  }

  async #runWhenFree<R extends Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    const limit = performance.now() + BUSY_LIMIT_MS;
    while (true) {
      try {
        return this.#run<R>(sql, params);
      } catch (error) {
        if (!isBusy(error) || performance.now() > limit) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
    }
  }

  #run<R extends Row>(sql: string, params: readonly SqlValue[] = []): R[] {
    try {
      return this.#prepare(sql).all(...params) as R[];
    } catch (error) {
      throw translateError(error);
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql.replace(/\$(\d+)/g, "?$1"));
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof DatabaseUnavailable && resultCode(error.cause) === BUSY;
}

function resultCode(error: unknown): number | undefined {
  const { errcode, message } = error as { errcode?: number; message: string };
  // Some errors come without their code.
  return errcode ?? (message === "database is locked" ? BUSY : undefined);
}

function translateError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = resultCode(error);
  if (code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARYKEY) {
    return new UniqueViolation(error.message, { cause: error });
  }
  if (code !== undefined && UNAVAILABLE.has(code & 0xff)) {
    return new DatabaseUnavailable(`SQLite: ${error.message}`, { cause: error });
  }
  return error;
}
