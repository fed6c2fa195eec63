/**
 * The registry's database on a Postgres server.
 *
 * @module
 */
import postgres from "postgres";
import {
  type Database,
  DatabaseUnavailable,
  type Row,
  type SqlRunner,
  type SqlValue,
  UniqueViolation,
} from "../database.ts";
import {
  type Selected,
  type SelectLimits,
  SelectRefused,
  type SelectRunner,
  selectStatement,
} from "../select.ts";

/** How long to wait for the server, in milliseconds. */
export interface PostgresOptions {
  /** To connect; 3000 where it is not set. */
  readonly connectTimeoutMs?: number;
  /** For one statement, enforced by the server; 5000 where it is not set. */
  readonly statementTimeoutMs?: number;
  /** Connections at most; 4 where it is not set. */
  readonly connections?: number;
}

const MIGRATION_LIMIT_MS = 10 * 60_000;

type Client = postgres.Sql<{ bigint: number }>;

/**
 * A pool of connections to one Postgres database. While the server is away every call fails within
 * seconds with {@link DatabaseUnavailable}; once it is back the next call works. A commit whose
 * answer is lost also ends so: the write may have taken place.
 */
export class PostgresDatabase implements Database, SelectRunner {
  readonly dialect = "postgres";
  readonly #url: string;
  readonly #connectMs: number;
  readonly #statementMs: number;
  readonly #connections: number;
  #client: Client;
  #open = true;

  constructor(url: string, options: PostgresOptions = {}) {
    this.#url = url;
    this.#connectMs = options.connectTimeoutMs ?? 3_000;
    this.#statementMs = options.statementTimeoutMs ?? 5_000;
    this.#connections = options.connections ?? 4;
    this.#client = this.#connect();
  }

  query<R extends Row = Row>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    const client = this.#client;
    return this.#bounded(client, 1, run<R>(client, sql, params));
  }

  transaction<T>(body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    const client = this.#client;
    return this.#bounded(client, 3, begin(client, body));
  }

  exclusively<T>(name: string, body: (tx: SqlRunner) => Promise<T>): Promise<T> {
    const client = this.#client;
    const work = begin(client, async (tx) => {
      await tx.query(`SET LOCAL statement_timeout = ${MIGRATION_LIMIT_MS}`);
      await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) IS NULL AS locked", [
        name,
      ]);
      return await body(tx);
    });
    return this.#bounded(client, MIGRATION_LIMIT_MS / this.#statementMs, work);
  }

  select(sql: string, { timeoutMs, maxRows }: SelectLimits): Promise<Selected> {
    const client = this.#client;
    const work = client.begin("READ ONLY", async (tx) => {
      await tx.unsafe(`SET LOCAL statement_timeout = ${timeoutMs}`);
      const tables = await tx.unsafe<{ relname: string }[]>(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'p', 'f')",
      );
      const statement = selectStatement(sql, maxRows, tables.map(({ relname }) => relname));
      const found = await tx.unsafe(statement).values();
      const columns = (found as { columns?: { name: string }[] }).columns ?? [];
      return {
        columns: columns.map(({ name }) => name),
        rows: found.slice(0, maxRows).map((row) => (row as unknown[]).map(plain)),
        cut: found.length > maxRows,
      };
    });
    return this.#bounded(client, 3 + timeoutMs / this.#statementMs, work.catch(refuse));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    await this.#client.end({ timeout: 2 });
  }

  #connect(): Client {
    return postgres(this.#url, {
      max: this.#connections,
      connect_timeout: this.#connectMs / 1000,
      // The driver's own pause between two attempts grows to 20 s, and statements wait through it.
      backoff: () => 0.1,
      idle_timeout: 60,
      fetch_types: false,
      onnotice: () => {},
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
      connection: {
        application_name: "model-gateway",
        statement_timeout: this.#statementMs,
        // A writer that is frozen in its transaction must not hold up all the others.
        idle_in_transaction_session_timeout: 2 * this.#statementMs,
      },
    });
  }

  /**
   * Gives up when a server that keeps its connections open answers nothing for longer than it would
   * let the statements run. The pool is replaced then, since its connections may stay stuck for
   * the quarter of an hour that TCP takes to notice.
   */
  async #bounded<T>(client: Client, statements: number, work: Promise<T>): Promise<T> {
    const limit = this.#connectMs + statements * this.#statementMs + 1_000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new DatabaseUnavailable(`Postgres has not answered for ${limit} ms`));
        if (this.#client === client && this.#open) this.#client = this.#connect();
        client.end({ timeout: 0 }).catch(() => {});
      }, limit);
    });
    try {
      return await Promise.race([work, tooLong]);
    } catch (error) {
      throw translateError(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function begin<T>(client: Client, body: (tx: SqlRunner) => Promise<T>): Promise<T> {
  // Boxed: the driver would await an array of queries.
  const { result } = await client.begin(async (tx) => ({
    result: await body({ query: (sql, params = []) => run(tx, sql, params) }),
  })) as { result: T };
  return result;
}

async function run<R extends Row>(
  runner: postgres.ISql<{ bigint: number }>,
  sql: string,
  params: readonly SqlValue[],
): Promise<R[]> {
  try {
    const rows = await runner.unsafe<R[]>(sql, params as postgres.ParameterOrJSON<never>[], {
      prepare: true,
    });
    return [...rows]; // a plain array: the driver's own carries more
  } catch (error) {
    throw translateError(error);
  }
}

// Of the server (SQLSTATE, appendix A of its manual): the statement was stopped by a time limit, a
// deadlock or a conflict; the server starts, stops, is full, or is a standby.
const PASSING_STATES = /^(?:08...|57014|57P0[1-5]|55P03|25P0[34]|25006|40001|40P01|53...|58030)$/;
// Of the driver and of the system below it.
const CONNECTION_CODES =
  /^(?:CONNECT_TIMEOUT|CONNECTION_.*|E(?:CONN\w+|PIPE|NOTFOUND|AI_AGAIN|TIMEDOUT|HOST\w+|NET\w+|NOENT))$/;

/** A value of a type that the registry has no columns of, such as a time, as text. */
function plain(value: unknown): SqlValue {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "boolean") return String(value);
  const isPlain = typeof value !== "object" || value === null || value instanceof Uint8Array;
  return isPlain ? value as SqlValue : JSON.stringify(value);
}

/** What the server says of a question: a fault of it, or that its time was up. */
function refuse(error: unknown): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "57014") throw new SelectRefused("the question took too long");
  if (/^(?:42|22|0A)/.test(code)) throw new SelectRefused((error as Error).message);
  throw error;
}

function translateError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const code = String(error.code);
  if (code === "23505") return new UniqueViolation(error.message, { cause: error });
  if (PASSING_STATES.test(code) || CONNECTION_CODES.test(code)) {
    return new DatabaseUnavailable(`Postgres: ${error.message}`, { cause: error });
  }
  return error;
}
