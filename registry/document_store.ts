/**
 * The writes of documents. What a value must look like is for the file of its kind to check.
 *
 * @module
 */
import { refuseBackendInUse } from "./backend_uses.ts";
import { makeChange } from "./change_log.ts";
import type { Database, SqlRunner } from "./database.ts";
import {
  type Document,
  DOCUMENT_COLUMNS,
  documentFromRow,
  type DocumentKind,
  type DocumentRow,
} from "./document.ts";
import { keyOf } from "./model_row.ts";
import { Changed, NotFound } from "./refusal.ts";

/** Beside what is written. */
export interface DocumentChange {
  readonly reason?: string;
  /** The revision that is to be replaced, 0 for none; any where it is not set. */
  readonly ifRevision?: number;
}

/** Sets and deletes documents. */
export class DocumentStore {
  constructor(private readonly database: Database, private readonly now: () => number) {}

  /** Makes or replaces a document. Throws Changed. */
  set(
    actor: string,
    kind: DocumentKind,
    name: string,
    value: unknown,
    { reason, ifRevision }: DocumentChange = {},
  ): Promise<Document> {
    const now = this.now();
    return makeChange(this.database, actor, now, async (tx, seq) => {
      const before = await find(tx, kind, name);
      refuseUnless(before, kind, name, ifRevision);
      const row: DocumentRow = {
        kind,
        key: keyOf(name),
        name: before?.name ?? name,
        value: JSON.stringify(value),
        revision: seq,
        updated_at: now,
        updated_by: actor,
      };
      await tx.query(
        `INSERT INTO documents (${DOCUMENT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value,
           revision = excluded.revision, updated_at = excluded.updated_at,
           updated_by = excluded.updated_by`,
        [row.kind, row.key, row.name, row.value, row.revision, row.updated_at, row.updated_by],
      );
      return {
        result: documentFromRow(row),
        action: `set_${kind}`,
        subject: `${kind}:${row.name}`,
        ...(before && { before: before.value }),
        after: value,
        ...(reason !== undefined && { reason }),
      };
    });
  }

  /** Deletes a document; answers what it was. Throws NotFound, Changed, BackendInUse. */
  delete(
    actor: string,
    kind: DocumentKind,
    name: string,
    { reason, ifRevision }: DocumentChange = {},
  ): Promise<Document> {
    return makeChange(this.database, actor, this.now(), async (tx) => {
      const before = await find(tx, kind, name);
      if (!before) throw new NotFound(kind, name);
      refuseUnless(before, kind, name, ifRevision);
      if (kind === "backend") await refuseBackendInUse(tx, before.name);
      await tx.query("DELETE FROM documents WHERE kind = $1 AND key = $2", [kind, keyOf(name)]);
      return {
        result: before,
        action: `delete_${kind}`,
        subject: `${kind}:${before.name}`,
        before: before.value,
        ...(reason !== undefined && { reason }),
      };
    });
  }
}

/** Forgets what is about a model that goes: its route and its quota. */
export async function deleteDocumentsOfModel(tx: SqlRunner, name: string): Promise<void> {
  await tx.query(
    `DELETE FROM documents WHERE (kind = 'route' AND key = $1) OR (kind = 'quota' AND key = $2)`,
    [keyOf(name), keyOf(`model:${name}`)],
  );
}

async function find(
  tx: SqlRunner,
  kind: DocumentKind,
  name: string,
): Promise<Document | undefined> {
  const [row] = await tx.query<DocumentRow>(
    `SELECT ${DOCUMENT_COLUMNS} FROM documents WHERE kind = $1 AND key = $2`,
    [kind, keyOf(name)],
  );
  return row && documentFromRow(row);
}

function refuseUnless(
  before: Document | undefined,
  kind: DocumentKind,
  name: string,
  ifRevision: number | undefined,
): void {
  if (ifRevision !== undefined && (before?.revision ?? 0) !== ifRevision) {
    throw new Changed(kind, name);
  }
}
