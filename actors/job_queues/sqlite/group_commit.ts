/**
 * A SQLite file whose writes of one event-loop turn share one transaction, and so one wait for the
 * disk. A caller's promise resolves after the commit: what it was told is on disk.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { QueueUnavailable } from "../../job_queue.ts";

export type Value = SQLInputValue;
export type SqliteRow = Record<string, null | number | bigint | string | Uint8Array>;

/** What is kept in memory beside a transaction, and shares its fate. */
export interface Companion {
  /** The write that just ran stands. */
  keep(): void;
  /** The write that just ran is undone. */
  undo(): void;
  /** Runs inside the transaction, after its writes. */
  flush(store: GroupCommit): void;
  /** The whole transaction is undone. */
  clear(): void;
}

/** Result codes by which SQLite says that it cannot now: busy, locked, out of memory, I/O, full, ... */
const UNAVAILABLE = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26]);

/** How long what nobody waits for waits for others. */
const LATER_MS = 10;

interface Write {
  readonly body: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #writes: Write[] = [];
  #scheduled: ReturnType<typeof setImmediate> | undefined;
  #later: ReturnType<typeof setTimeout> | undefined;
  /** Transactions committed, and the writes in them. */
  commits = 0;
  grouped = 0;

  constructor(path: string, readonly companions: readonly Companion[] = []) {
    this.#database = new DatabaseSync(path);
    this.#database.exec("PRAGMA journal_mode = WAL");
    this.#database.exec("PRAGMA synchronous = FULL");
    this.#database.exec("PRAGMA busy_timeout = 5000");
    this.#database.exec("PRAGMA cache_size = -65536");
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  all(sql: string, ...params: Value[]): SqliteRow[] {
    return this.#prepared(sql).all(...params) as SqliteRow[];
  }

  get(sql: string, ...params: Value[]): SqliteRow | undefined {
    return this.#prepared(sql).get(...params) as SqliteRow | undefined;
  }

  /** Answers how many rows were changed. */
  run(sql: string, ...params: Value[]): number {
    return Number(this.#prepared(sql).run(...params).changes);
  }

  /** Runs `body` in this turn's transaction. A body that throws undoes its own writes only. */
  write<T>(body: () => T): Promise<T> {
    const written = this.#add(body);
    this.#scheduled ??= setImmediate(() => this.flush());
    return written;
  }

  /**
   * As {@link write}, for what no caller waits for, such as rounds and heartbeats: it shares the
   * transaction of others, or waits a moment for more of its kind. Thousands of models under way
   * would else have the disk to themselves.
   */
  writeLater<T>(body: () => T): Promise<T> {
    const written = this.#add(body);
    this.#later ??= setTimeout(() => this.flush(), LATER_MS);
    return written;
  }

  #add<T>(body: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#writes.push({ body, resolve: resolve as (result: unknown) => void, reject });
    });
  }

  /** Commits what was asked for so far. */
  flush(): void {
    clearImmediate(this.#scheduled);
    clearTimeout(this.#later);
    this.#scheduled = undefined;
    this.#later = undefined;
    const writes = this.#writes;
    if (writes.length === 0) return;
    this.#writes = [];
    const done: (() => void)[] = [];
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const write of writes) done.push(this.#runOne(write));
      for (const companion of this.companions) companion.flush(this);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      for (const companion of this.companions) companion.clear();
      const unavailable = new QueueUnavailable("the queue's file cannot be written", {
        cause: error,
      });
      for (const write of writes) write.reject(unavailable);
      return;
    }
    this.commits++;
    this.grouped += writes.length;
    for (const tell of done) tell();
  }

  close(): void {
    if (!this.#database.isOpen) return;
    this.flush();
    this.#database.close();
  }

  #runOne(write: Write): () => void {
    this.#database.exec("SAVEPOINT one");
    try {
      const result = write.body();
      this.#database.exec("RELEASE one");
      for (const companion of this.companions) companion.keep();
      return () => write.resolve(result);
    } catch (error) {
      this.#database.exec("ROLLBACK TO one; RELEASE one");
      for (const companion of this.companions) companion.undo();
      return () => write.reject(surprise(error));
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // BEGIN itself failed, or SQLite rolled back already: there is nothing to undo.
    }
  }

  #prepared(sql: string): StatementSync {
    if (!this.#database.isOpen) throw new QueueUnavailable("the queue's file is closed");
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#database.prepare(sql));
    return statement;
  }
}

/** The error as the port tells it. */
function surprise(error: unknown): unknown {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" && UNAVAILABLE.has(code & 255)
    ? new QueueUnavailable("the queue's file cannot be written", { cause: error })
    : error;
}
