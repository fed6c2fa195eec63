/**
 * The reads of a catalog: the whole registry in pages, then only what changed.
 *
 * @module
 */
import { API_KEY_COLUMNS, type ApiKeyRow } from "./api_key_row.ts";
import type { Row, SqlRunner, SqlValue } from "./database.ts";
import { DOCUMENT_COLUMNS, type DocumentRow } from "./document.ts";
import { MODEL_COLUMNS, type ModelRow, VERSION_COLUMNS, type VersionRow } from "./model_row.ts";

/** Rows of a page. */
const PAGE = 1_000;

/** A place in the feed of changes; the time tells two histories with the same numbers apart. */
export interface FeedPosition {
  readonly seq: number;
  readonly at: number;
}

/** A line of the feed, as far as a catalog needs it. */
export interface FeedLine extends FeedPosition {
  readonly subject: string;
}

/** Answers where the feed ends now. */
export async function readFeedEnd(database: SqlRunner): Promise<FeedPosition> {
  const [last] = await database.query<{ seq: number; at: number }>(
    "SELECT seq, at FROM changes ORDER BY seq DESC LIMIT 1",
  );
  return last ?? { seq: 0, at: 0 };
}

/**
 * Answers the lines after a position, at most a page of them; undefined if the position is not part
 * of this database's history, as after a restore or the failover to a replica that was behind.
 */
export async function readFeed(
  database: SqlRunner,
  from: FeedPosition,
): Promise<FeedLine[] | undefined> {
  const lines = await database.query<{ seq: number; at: number; subject: string }>(
    "SELECT seq, at, subject FROM changes WHERE seq >= $1 ORDER BY seq LIMIT $2",
    [from.seq, PAGE + 1],
  );
  if (from.seq === 0) return lines;
  const first = lines.shift();
  return first?.seq === from.seq && first.at === from.at ? lines : undefined;
}

/** Reads every model. */
export function readModels(database: SqlRunner): AsyncGenerator<ModelRow[]> {
  return pages<ModelRow>(
    database,
    `SELECT ${MODEL_COLUMNS} FROM models WHERE tag > $1 ORDER BY tag LIMIT $2`,
    [-1],
    ({ tag }) => [tag],
  );
}

/** Reads every version, grouped by model and in order. */
export function readVersions(database: SqlRunner): AsyncGenerator<VersionRow[]> {
  return pages<VersionRow>(
    database,
    `SELECT ${VERSION_COLUMNS} FROM versions
     WHERE (model_tag, ordinal) > ($1, $2)
     ORDER BY model_tag, ordinal LIMIT $3`,
    [-1, 0],
    ({ model_tag, ordinal }) => [model_tag, ordinal],
  );
}

/** Reads every key. */
export function readKeys(database: SqlRunner): AsyncGenerator<ApiKeyRow[]> {
  return pages<ApiKeyRow>(
    database,
    `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE id > $1 ORDER BY id LIMIT $2`,
    [""],
    ({ id }) => [id],
  );
}

/** Reads every document. */
export function readDocuments(database: SqlRunner): AsyncGenerator<DocumentRow[]> {
  return pages<DocumentRow>(
    database,
    `SELECT ${DOCUMENT_COLUMNS} FROM documents WHERE (kind, key) > ($1, $2)
     ORDER BY kind, key LIMIT $3`,
    ["", ""],
    ({ kind, key }) => [kind, key],
  );
}

/** Reads one model by its key. */
export async function readModel(database: SqlRunner, key: string): Promise<ModelRow | undefined> {
  const rows = await database.query<ModelRow>(
    `SELECT ${MODEL_COLUMNS} FROM models WHERE key = $1`,
    [key],
  );
  return rows[0];
}

/** Reads a model's versions after an ordinal, in order. */
export function readVersionsAfter(
  database: SqlRunner,
  modelTag: number,
  ordinal: number,
): Promise<VersionRow[]> {
  return database.query<VersionRow>(
    `SELECT ${VERSION_COLUMNS} FROM versions WHERE model_tag = $1 AND ordinal > $2
     ORDER BY ordinal`,
    [modelTag, ordinal],
  );
}

/** Reads which of a model's versions go out of use, by ordinal. */
export async function readLifecycles(
  database: SqlRunner,
  modelTag: number,
): Promise<Map<number, string>> {
  const rows = await database.query<{ ordinal: number; lifecycle: string }>(
    "SELECT ordinal, lifecycle FROM versions WHERE model_tag = $1 AND lifecycle IS NOT NULL",
    [modelTag],
  );
  return new Map(rows.map(({ ordinal, lifecycle }) => [ordinal, lifecycle]));
}

/** Reads one key by its id. */
export async function readKey(database: SqlRunner, id: string): Promise<ApiKeyRow | undefined> {
  const rows = await database.query<ApiKeyRow>(
    `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE id = $1`,
    [id],
  );
  return rows[0];
}

/** Reads one document by its kind and key. */
export async function readDocument(
  database: SqlRunner,
  kind: string,
  key: string,
): Promise<DocumentRow | undefined> {
  const rows = await database.query<DocumentRow>(
    `SELECT ${DOCUMENT_COLUMNS} FROM documents WHERE kind = $1 AND key = $2`,
    [kind, key],
  );
  return rows[0];
}

async function* pages<R extends Row>(
  database: SqlRunner,
  sql: string,
  start: SqlValue[],
  next: (last: R) => SqlValue[],
): AsyncGenerator<R[]> {
  let after = start;
  while (true) {
    const rows = await database.query<R>(sql, [...after, PAGE]);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = next(rows.at(-1)!);
  }
}
