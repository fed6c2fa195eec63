/**
 * Evaluations in the registry's database. One process runs each, by a lease: once it is past, another
 * takes it up.
 *
 * @module
 */
import type { Row, SqlRunner } from "../../registry/database.ts";
import type { JobError } from "../job.ts";
import type {
  Evaluation,
  EvaluationResult,
  EvaluationState,
  EvaluationTable,
} from "./evaluation.ts";

/** What is handed in to make one. */
export interface NewEvaluation
  extends Pick<Evaluation, "id" | "modelTag" | "version" | "submitter" | "createdAt"> {
  readonly table: EvaluationTable;
}

interface EvaluationRow extends Row {
  id: string;
  model_tag: number;
  version: string;
  submitter: string;
  state: string;
  row_count: number;
  rows_done: number;
  error: string | null;
  runs: number;
  created_at: number;
  finished_at: number | null;
}

const COLUMNS =
  "id, model_tag, version, submitter, state, row_count, rows_done, error, runs, created_at, " +
  "finished_at";

export class EvaluationStore {
  constructor(private readonly database: SqlRunner) {}

  async create(given: NewEvaluation): Promise<Evaluation> {
    const { id, modelTag, version, submitter, createdAt, table } = given;
    const rows = table.inputs.length;
    await this.database.query(
      `INSERT INTO evaluations (id, model_tag, version, submitter, state, row_count, rows_done,
         input_table, runs, lease_until, created_at)
       VALUES ($1, $2, $3, $4, 'waiting', $5, 0, $6, 0, 0, $7)`,
      [id, modelTag, version, submitter, rows, JSON.stringify(table), createdAt],
    );
    const facts = { id, modelTag, version, submitter, createdAt };
    return { ...facts, state: "waiting", rows, rowsDone: 0, runs: 0 };
  }

  async get(id: string): Promise<Evaluation | undefined> {
    const [row] = await this.database.query<EvaluationRow>(
      `SELECT ${COLUMNS} FROM evaluations WHERE id = $1`,
      [id],
    );
    return row && evaluationFromRow(row);
  }

  /** The newest first: those of one submitter, or all. */
  async list(
    modelTag: number,
    { submitter, limit, before }: {
      readonly submitter: string | undefined;
      readonly limit: number;
      readonly before: string | undefined;
    },
  ): Promise<Evaluation[]> {
    const rows = await this.database.query<EvaluationRow>(
      `SELECT ${COLUMNS} FROM evaluations
       WHERE model_tag = $1 AND id < $2 AND (submitter = $3 OR $4 = 1)
       ORDER BY id DESC LIMIT $5`,
      // Ids are hexadecimal and begin with their time.
      [modelTag, before ?? "g", submitter ?? "", submitter === undefined ? 1 : 0, limit],
    );
    return rows.map(evaluationFromRow);
  }

  /** What came of a completed one. */
  async result(id: string): Promise<EvaluationResult | undefined> {
    const [row] = await this.database.query<{ predictions: string | null }>(
      "SELECT predictions FROM evaluations WHERE id = $1",
      [id],
    );
    const text = row?.predictions ?? undefined;
    return text === undefined ? undefined : JSON.parse(text);
  }

  async table(id: string): Promise<EvaluationTable | undefined> {
    const [row] = await this.database.query<{ input_table: string }>(
      "SELECT input_table FROM evaluations WHERE id = $1",
      [id],
    );
    return row && JSON.parse(row.input_table);
  }

  /** How many of a submitter's have not ended. */
  async unfinished(submitter: string): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*) AS count FROM evaluations
       WHERE submitter = $1 AND state IN ('waiting', 'running')`,
      [submitter],
    );
    return Number(row!.count);
  }

  /** Takes the oldest that nobody holds, for `leaseMs`. */
  async claim(runner: string, now: number, leaseMs: number): Promise<Evaluation | undefined> {
    const [row] = await this.database.query<EvaluationRow>(
      `UPDATE evaluations SET state = 'running', runner = $1, lease_until = $2, runs = runs + 1
       WHERE id = (
         SELECT id FROM evaluations
         WHERE state IN ('waiting', 'running') AND lease_until <= $3 ORDER BY id LIMIT 1
       ) AND lease_until <= $3
       RETURNING ${COLUMNS}`,
      [runner, now + leaseMs, now],
    );
    return row && evaluationFromRow(row);
  }

  /** Holds on to it until a time, and notes how far it is; false once it is someone else's or gone. */
  async renew(id: string, runner: string, rowsDone: number, until: number): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE evaluations SET rows_done = $3, lease_until = $4
       WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING id`,
      [id, runner, rowsDone, until],
    );
    return rows.length > 0;
  }

  /** Records how it ended, if it is still the runner's. */
  async finish(
    id: string,
    runner: string,
    now: number,
    end: { readonly result: EvaluationResult } | { readonly error: JobError },
  ): Promise<boolean> {
    const [state, result, error] = "result" in end
      ? ["completed", JSON.stringify(end.result), null]
      : ["failed", null, JSON.stringify(end.error)];
    const rows = await this.database.query(
      `UPDATE evaluations SET state = $3, predictions = $4, error = $5, finished_at = $6,
         rows_done = CASE WHEN $3 = 'completed' THEN row_count ELSE rows_done END
       WHERE id = $1 AND runner = $2 AND state = 'running' RETURNING id`,
      [id, runner, state, result, error, now],
    );
    return rows.length > 0;
  }

  /** Stops it, if it goes on, and forgets it; false if there is none. */
  async delete(id: string): Promise<boolean> {
    const rows = await this.database.query("DELETE FROM evaluations WHERE id = $1 RETURNING id", [
      id,
    ]);
    return rows.length > 0;
  }

  /** Forgets those that ended before a time; answers how many. */
  async sweep(before: number): Promise<number> {
    const rows = await this.database.query(
      "DELETE FROM evaluations WHERE finished_at < $1 RETURNING id",
      [before],
    );
    return rows.length;
  }
}

function evaluationFromRow(row: EvaluationRow): Evaluation {
  return {
    id: row.id,
    modelTag: row.model_tag,
    version: row.version,
    submitter: row.submitter,
    state: row.state as EvaluationState,
    rows: row.row_count,
    rowsDone: row.rows_done,
    runs: row.runs,
    createdAt: row.created_at,
    ...(row.finished_at !== null && { finishedAt: row.finished_at }),
    ...(row.error !== null && { error: JSON.parse(row.error) }),
  };
}
