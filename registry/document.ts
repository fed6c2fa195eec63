/**
 * A document: a small named setting beside the models, such as a backend or a quota.
 *
 * @module
 */
import type { Row } from "./database.ts";

/**
 * What a document is about: `backend` NAME, `quota` SUBJECT, `policy` NAME, `route` MODEL,
 * `query` NAME, `pool` NAME.
 */
export type DocumentKind = "backend" | "quota" | "policy" | "route" | "query" | "pool";

export const DOCUMENT_KINDS: readonly DocumentKind[] = [
  "backend",
  "quota",
  "policy",
  "route",
  "query",
  "pool",
];

/** One document as it stands. Names are unique in their kind without regard to case. */
export interface Document {
  readonly kind: DocumentKind;
  readonly name: string;
  /** Parsed JSON; the same object until the document changes, so that it may key a cache. */
  readonly value: unknown;
  /** The number of the change that wrote it: no other writing of the same name has it. */
  readonly revision: number;
  /** Epoch milliseconds. */
  readonly updatedAt: number;
  readonly updatedBy: string;
}

export interface DocumentRow extends Row {
  kind: string;
  key: string;
  name: string;
  value: string;
  revision: number;
  updated_at: number;
  updated_by: string;
}

export const DOCUMENT_COLUMNS = "kind, key, name, value, revision, updated_at, updated_by";

/** Answers the document of a row. */
export function documentFromRow(row: DocumentRow): Document {
  return {
    kind: row.kind as DocumentKind,
    name: row.name,
    value: JSON.parse(row.value),
    revision: row.revision,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
  };
}
