/**
 * All writes to the registry. Each is one transaction that also writes a line of the audit feed.
 *
 * @module
 */
import type { ApiKey, NewApiKey } from "./api_key.ts";
import type { Change } from "./change.ts";
import type { Database } from "./database.ts";
import type { ModelAccess, ModelPatch, NewModel, NewVersion } from "./definition.ts";
import type { Model, Version } from "./model.ts";

export type { ApiKey, NewApiKey } from "./api_key.ts";
export type { Change, ChangeAction } from "./change.ts";
export type { ModelAccess, ModelPatch, NewModel, NewVersion } from "./definition.ts";
export { InUse, InvalidDefinition, NameTaken, NotFound, type Problem } from "./refusal.ts";

/** Everything that may be written. Actors are `user:NAME`; other words stand for the system. */
export class Registry {
  constructor(readonly database: Database, readonly options: { now?: () => number } = {}) {}

  /** Registers a model. Throws NameTaken, InvalidDefinition. */
  createModel(_actor: string, _model: NewModel): Promise<Model> {
    throw new Error("being written");
  }
  updateModel(_actor: string, _name: string, _patch: ModelPatch): Promise<Model> {
    throw new Error("being written");
  }
  deleteModel(_actor: string, _name: string): Promise<Model> {
    throw new Error("being written");
  }
  addVersion(_actor: string, _model: string, _version: NewVersion): Promise<Version> {
    throw new Error("being written");
  }
  setDefaultVersion(_actor: string, _model: string, _version: string | undefined): Promise<Model> {
    throw new Error("being written");
  }
  setAccess(_actor: string, _model: string, _access: ModelAccess): Promise<Model> {
    throw new Error("being written");
  }
  createKey(_actor: string, _key: NewApiKey): Promise<{ key: string; record: ApiKey }> {
    throw new Error("being written");
  }
  ensureKey(_key: string, _owner: NewApiKey): Promise<boolean> {
    throw new Error("being written");
  }
  hasSuperuserKey(): Promise<boolean> {
    throw new Error("being written");
  }
  revokeKey(_actor: string, _id: string): Promise<void> {
    throw new Error("being written");
  }
  keys(): Promise<ApiKey[]> {
    throw new Error("being written");
  }
  changes(_after: number, _limit: number): Promise<Change[]> {
    throw new Error("being written");
  }
}
