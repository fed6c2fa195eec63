/**
 * All writes to the registry. Each is one transaction that also adds a line to the feed of changes,
 * which is the audit and what catalogs follow.
 *
 * @module
 */
import type { ApiKey, NewApiKey } from "./api_key.ts";
import { type Change, readChanges } from "./change_log.ts";
import type { Database } from "./database.ts";
import type { Document, DocumentKind } from "./document.ts";
import { type DocumentChange, DocumentStore } from "./document_store.ts";
import type { ModelAccess, ModelPatch, NewLifecycle, NewModel, NewVersion } from "./definition.ts";
import { KeyStore } from "./key_store.ts";
import type { Model, Version } from "./model.ts";
import type { ModelChange } from "./model_change.ts";
import { ModelStore } from "./model_store.ts";
import { VersionPointers } from "./version_pointers.ts";

export type { ApiKey, NewApiKey } from "./api_key.ts";
export type { Change, ChangeAction } from "./change_log.ts";
export type { Document, DocumentKind } from "./document.ts";
export type { DocumentChange } from "./document_store.ts";
export type { ModelAccess, ModelPatch, NewLifecycle, NewModel, NewVersion } from "./definition.ts";
export type { ModelChange } from "./model_change.ts";
export {
  BackendInUse,
  Changed,
  InUse,
  InvalidDefinition,
  ModelInUse,
  NameTaken,
  NotFound,
  type Problem,
} from "./refusal.ts";

/** Why something is new. */
export type Why = Pick<ModelChange, "reason">;

/**
 * Everything that may be written, on a database that is migrated. Actors are `user:NAME`, or a word
 * such as `system`; whether the actor may do it was decided before (`access.ts`). Every method also
 * throws DatabaseUnavailable.
 */
export class Registry {
  readonly #database: Database;
  readonly #models: ModelStore;
  readonly #pointers: VersionPointers;
  readonly #keys: KeyStore;
  readonly #documents: DocumentStore;

  constructor(database: Database, options: { readonly now?: () => number } = {}) {
    const now = options.now ?? Date.now;
    this.#database = database;
    this.#models = new ModelStore(database, now);
    this.#pointers = new VersionPointers(database, now);
    this.#keys = new KeyStore(database, now);
    this.#documents = new DocumentStore(database, now);
  }

  /** Makes a model, with its first version if one comes along. Throws NameTaken, InvalidDefinition. */
  createModel(actor: string, model: NewModel, why?: Why): Promise<Model> {
    return this.#models.create(actor, model, why);
  }

  /** Changes a model's description, tags or settings. Throws NotFound, InvalidDefinition. */
  updateModel(actor: string, name: string, patch: ModelPatch): Promise<Model> {
    return this.#models.update(actor, name, patch);
  }

  /** Deletes a model and its versions; answers what it was. Throws NotFound, ModelInUse. */
  deleteModel(actor: string, name: string): Promise<Model> {
    return this.#models.delete(actor, name);
  }

  /** Adds a version. Throws NotFound, NameTaken, InvalidDefinition. */
  addVersion(actor: string, model: string, version: NewVersion, why?: Why): Promise<Version> {
    return this.#models.addVersion(actor, model, version, why);
  }

  /**
   * Sets the version that answers when none is named; undefined for the latest. Throws NotFound,
   * Changed, and InvalidDefinition for one that is to retire.
   */
  setDefaultVersion(
    actor: string,
    model: string,
    version: string | undefined,
    change?: ModelChange,
  ): Promise<Model> {
    return this.#pointers.setDefault(actor, model, version, change);
  }

  /** Makes or moves an alias. Throws as {@link setDefaultVersion}, and NameTaken. */
  setAlias(
    actor: string,
    model: string,
    alias: string,
    version: string,
    change?: ModelChange,
  ): Promise<Model> {
    return this.#pointers.setAlias(actor, model, alias, version, change);
  }

  /** Deletes an alias. Throws NotFound, Changed, and InUse while the model's route names it. */
  deleteAlias(actor: string, model: string, alias: string, change?: ModelChange): Promise<Model> {
    return this.#pointers.deleteAlias(actor, model, alias, change);
  }

  /**
   * Says when a version goes out of use; undefined takes it back into use. Throws NotFound, Changed,
   * InvalidDefinition, and InUse where the default, an alias or the route would be left behind.
   */
  setLifecycle(
    actor: string,
    model: string,
    version: string,
    lifecycle: NewLifecycle | undefined,
    change?: ModelChange,
  ): Promise<Version> {
    return this.#pointers.setLifecycle(actor, model, version, lifecycle, change);
  }

  /** Changes who may see and use a model. Throws NotFound, Changed, InvalidDefinition. */
  setAccess(
    actor: string,
    model: string,
    access: ModelAccess,
    change?: ModelChange,
  ): Promise<Model> {
    return this.#models.setAccess(actor, model, access, change);
  }

  /** Makes a key; its text is answered here and never again. Throws InvalidDefinition. */
  createKey(
    actor: string,
    owner: NewApiKey,
    reason?: string,
  ): Promise<{ key: string; record: ApiKey }> {
    return this.#keys.create(actor, owner, reason);
  }

  /**
   * Gives a key a new secret, answered here and never again; the old one is taken until
   * `oldUntil` (epoch milliseconds). Throws NotFound.
   */
  rotateKey(
    actor: string,
    id: string,
    oldUntil: number,
    reason?: string,
  ): Promise<{ key: string; record: ApiKey }> {
    return this.#keys.rotate(actor, id, oldUntil, reason);
  }

  /** Adds a given key unless it is there; true if it was added. Throws InvalidDefinition. */
  ensureKey(key: string, owner: NewApiKey): Promise<boolean> {
    return this.#keys.ensure(key, owner);
  }

  /** True while some superuser's key is valid for everything. */
  hasSuperuserKey(): Promise<boolean> {
    return this.#keys.hasSuperuser();
  }

  /** Takes a key away for good. Throws NotFound, and InUse for the last superuser's key. */
  revokeKey(actor: string, id: string, reason?: string): Promise<void> {
    return this.#keys.revoke(actor, id, reason);
  }

  /** Answers the keys of a user, or of all, the newest first. */
  keys(user?: string): Promise<ApiKey[]> {
    return this.#keys.list(user);
  }

  /** Answers the key of that id. */
  key(id: string): Promise<ApiKey | undefined> {
    return this.#keys.get(id);
  }

  /** Makes or replaces a document, whose value is checked already. Throws Changed. */
  setDocument(
    actor: string,
    kind: DocumentKind,
    name: string,
    value: unknown,
    change?: DocumentChange,
  ): Promise<Document> {
    return this.#documents.set(actor, kind, name, value, change);
  }

  /**
   * Deletes a document; answers what it was. Throws NotFound, Changed, and BackendInUse for a backend
   * that versions name.
   */
  deleteDocument(
    actor: string,
    kind: DocumentKind,
    name: string,
    change?: DocumentChange,
  ): Promise<Document> {
    return this.#documents.delete(actor, kind, name, change);
  }

  /** Notes when keys were last used (epoch milliseconds by id); this is no change of the feed. */
  noteKeyUse(uses: ReadonlyMap<string, number>): Promise<void> {
    return this.#keys.noteUse(uses);
  }

  /** Answers at most `limit` changes after a sequence number, oldest first. */
  changes(after: number, limit: number): Promise<Change[]> {
    return readChanges(this.#database, after, limit);
  }
}
