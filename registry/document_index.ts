/**
 * The documents in memory.
 *
 * @module
 */
import { type Document, documentFromRow, type DocumentKind, type DocumentRow } from "./document.ts";
import { keyOf } from "./model_row.ts";

const NONE: ReadonlyMap<string, Document> = new Map();

/** Finds documents by kind and name in any case. */
export class DocumentIndex {
  readonly #byKind = new Map<string, Map<string, Document>>();

  /** Adds or replaces a document. */
  put(row: DocumentRow): void {
    let documents = this.#byKind.get(row.kind);
    if (!documents) this.#byKind.set(row.kind, documents = new Map());
    documents.set(row.key, documentFromRow(row));
  }

  /** Removes a document, if it is there. */
  remove(kind: string, name: string): void {
    const documents = this.#byKind.get(kind);
    documents?.delete(keyOf(name));
    if (documents?.size === 0) this.#byKind.delete(kind);
  }

  /** The document of that name. */
  get(kind: DocumentKind, name: string): Document | undefined {
    const documents = this.#byKind.get(kind);
    return documents && (documents.get(name) ?? documents.get(keyOf(name)));
  }

  /** All documents of a kind, by their names in lower case. */
  ofKind(kind: DocumentKind): ReadonlyMap<string, Document> {
    return this.#byKind.get(kind) ?? NONE;
  }

  /** `kind:NAME` of all documents. */
  subjects(): string[] {
    return [...this.#byKind.values()].flatMap((documents) =>
      [...documents.values()].map(({ kind, name }) => `${kind}:${name}`)
    );
  }
}
