/**
 * A model held against measured values: what is handed in, how it stands, what comes of it.
 *
 * @module
 */
import type { EvaluationReport, Predictions } from "../../consensus/evaluation_report.ts";
import type { JobError } from "../job.ts";

/** Where an evaluation stands; the last two are final. */
export type EvaluationState = "waiting" | "running" | "completed" | "failed";

/** A row that has no prediction, and why. */
export interface RowFailure {
  /** Counted from 1. */
  readonly row: number;
  readonly code: string;
  readonly message: string;
  /** The child at fault, by its key. */
  readonly child?: string;
}

/** The rows to predict, with what was measured. */
export interface EvaluationTable {
  /** By row; null for a row that was refused. */
  readonly inputs: readonly unknown[];
  /** By row; 0 for a row that was refused. */
  readonly measured: readonly number[];
  /** The rows that were refused when the table was handed in. */
  readonly refused: readonly RowFailure[];
  /** The field of the output that is held against the measured values; `value` if not set. */
  readonly output?: string;
  /** SHA-256 of the table as it was handed in. */
  readonly digest: string;
}

/** What came of it. */
export interface EvaluationResult {
  readonly predictions: Predictions;
  readonly report: EvaluationReport;
  /** Rows without a prediction, all of them. */
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly RowFailure[];
}

/** The most failures that are kept. */
export const MAX_FAILURES = 100;

/** An evaluation as it stands. */
export interface Evaluation {
  /** Made by `newJobId` with its model's tag, which tells its time. */
  readonly id: string;
  readonly modelTag: number;
  readonly version: string;
  /** `user:NAME`. */
  readonly submitter: string;
  readonly state: EvaluationState;
  readonly rows: number;
  readonly rowsDone: number;
  /** How often it was begun; more than once after the process that ran it was lost. */
  readonly runs: number;
  readonly createdAt: number;
  readonly finishedAt?: number;
  readonly error?: JobError;
}
