/**
 * Models and their versions as rows of SQL.
 *
 * @module
 */
import type { Row, SqlValue } from "./database.ts";
import type { Model, Version, Visibility } from "./model.ts";

/** A row of `models`. */
export interface ModelRow extends Row {
  tag: number;
  key: string;
  name: string;
  description: string;
  tags: string;
  visibility: string;
  owners: string;
  readers: string;
  delegates: string | null;
  default_version: string | null;
  aliases: string | null;
  revision: number;
  settings: string;
  created_at: number;
  updated_at: number;
}

/** A row of `versions`. */
export interface VersionRow extends Row {
  model_tag: number;
  ordinal: number;
  key: string;
  version: string;
  definition: string;
  created_at: number;
  created_by: string;
  lifecycle: string | null;
}

/** The columns of {@link ModelRow}, in the order of {@link modelValues}. */
export const MODEL_COLUMNS =
  "tag, key, name, description, tags, visibility, owners, readers, default_version, settings, " +
  "created_at, updated_at, delegates, aliases, revision";

/** The columns of {@link VersionRow}, in the order of {@link versionValues}. */
export const VERSION_COLUMNS =
  "model_tag, ordinal, key, version, definition, created_at, created_by, lifecycle";

/** Parameters of a statement for as many values: `$1, $2`. */
export function placesFor(values: readonly SqlValue[]): string {
  return values.map((_, i) => `$${i + 1}`).join(", ");
}

/** What a name is compared by. */
export function keyOf(name: string): string {
  return name.toLowerCase();
}

/** Reads a row of `models`. */
export function modelFromRow(row: ModelRow): Model {
  return {
    name: row.name,
    tag: row.tag,
    description: row.description,
    tags: JSON.parse(row.tags),
    visibility: row.visibility as Visibility,
    owners: JSON.parse(row.owners),
    readers: JSON.parse(row.readers),
    ...(row.delegates !== null && { delegates: JSON.parse(row.delegates) }),
    ...(row.default_version !== null && { defaultVersion: row.default_version }),
    ...(row.aliases !== null && { aliases: JSON.parse(row.aliases) }),
    settings: JSON.parse(row.settings),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.revision,
  };
}

/** Answers a model's values for {@link MODEL_COLUMNS}. */
export function modelValues(model: Model): SqlValue[] {
  return [
    model.tag,
    keyOf(model.name),
    model.name,
    model.description,
    JSON.stringify(model.tags),
    model.visibility,
    JSON.stringify(model.owners),
    JSON.stringify(model.readers),
    model.defaultVersion ?? null,
    JSON.stringify(model.settings),
    model.createdAt,
    model.updatedAt,
    jsonText(model.delegates),
    jsonText(model.aliases),
    model.revision,
  ];
}

/** A value as JSON text; null where there is none. */
export function jsonText(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** Reads a row of `versions`. */
export function versionFromRow(row: VersionRow): Version {
  return {
    version: row.version,
    ordinal: row.ordinal,
    ...JSON.parse(row.definition),
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...(row.lifecycle !== null && { lifecycle: JSON.parse(row.lifecycle) }),
  };
}

/** Answers a version's values for {@link VERSION_COLUMNS}. */
export function versionValues(modelTag: number, version: Version): SqlValue[] {
  const { version: name, ordinal, createdAt, createdBy, lifecycle, ...definition } = version;
  return [
    modelTag,
    ordinal,
    keyOf(name),
    name,
    JSON.stringify(definition),
    createdAt,
    createdBy,
    jsonText(lifecycle),
  ];
}
