/**
 * The feed of changes to the registry: the audit, and what catalogs follow.
 *
 * @module
 */
import type { Database, Row, SqlRunner } from "./database.ts";
import type { DocumentKind } from "./document.ts";

/** What was done to the registry. */
export type ChangeAction =
  | "create_model"
  | "update_model"
  | "delete_model"
  | "add_version"
  | "set_default_version"
  | "set_alias"
  | "delete_alias"
  | "set_lifecycle"
  | "set_access"
  | "create_key"
  | "rotate_key"
  | "revoke_key"
  | `set_${DocumentKind}`
  | `delete_${DocumentKind}`;

/** One change. Sequence numbers have no gaps and ascend in the order of commits. */
export interface Change {
  readonly seq: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Who did it, such as `user:ada`. */
  readonly actor: string;
  readonly action: ChangeAction;
  /** What it was done to: `model:NAME`, `key:ID`, or `KIND:NAME` of a document. */
  readonly subject: string;
  /** What there was, without secrets; not set for what is new. */
  readonly before?: unknown;
  /** What there is now, without secrets; not set for what is gone. */
  readonly after?: unknown;
  readonly reason?: string;
}

/** What a write did, and what its caller gets. */
export interface Effect<T> {
  readonly result: T;
  readonly action: ChangeAction;
  readonly subject: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly reason?: string;
}

/**
 * Runs a write and adds its line to the feed, in one transaction. The counter is raised first: its
 * lock is held until the commit, so writers go one by one, each sees what the one before it wrote,
 * and a follower that has seen a number has seen all below it.
 */
export function makeChange<T>(
  database: Database,
  actor: string,
  at: number,
  body: (tx: SqlRunner, seq: number) => Promise<Effect<T>>,
): Promise<T> {
  return database.transaction(async (tx) => {
    const [counter] = await tx.query<{ seq: number }>(
      "UPDATE change_counter SET seq = seq + 1 WHERE id = 1 RETURNING seq",
    );
    const { result, action, subject, before, after, reason } = await body(tx, counter!.seq);
    await tx.query(
      `INSERT INTO changes (seq, at, actor, action, subject, before_json, after_json, reason)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [counter!.seq, at, actor, action, subject, toJson(before), toJson(after), reason ?? null],
    );
    return result;
  });
}

/** Answers the changes after a number, oldest first. */
export async function readChanges(
  database: SqlRunner,
  after: number,
  limit: number,
): Promise<Change[]> {
  const rows = await database.query<ChangeRow>(
    `SELECT seq, at, actor, action, subject, before_json, after_json, reason FROM changes
     WHERE seq > $1 ORDER BY seq LIMIT $2`,
    [after, limit],
  );
  return rows.map((row) => ({
    seq: row.seq,
    at: row.at,
    actor: row.actor,
    action: row.action as ChangeAction,
    subject: row.subject,
    ...(row.before_json !== null && { before: JSON.parse(row.before_json) }),
    ...(row.after_json !== null && { after: JSON.parse(row.after_json) }),
    ...(row.reason !== null && { reason: row.reason }),
  }));
}

interface ChangeRow extends Row {
  seq: number;
  at: number;
  actor: string;
  action: string;
  subject: string;
  before_json: string | null;
  after_json: string | null;
  reason: string | null;
}

function toJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
