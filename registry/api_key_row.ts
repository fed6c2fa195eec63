/**
 * API keys as rows of SQL.
 *
 * @module
 */
import type { ApiKey } from "./api_key.ts";
import type { Row, SqlValue } from "./database.ts";

/** A row of `api_keys`. */
export interface ApiKeyRow extends Row {
  id: string;
  sha256: string;
  user_name: string;
  teams: string;
  superuser: number;
  scopes: string | null;
  label: string | null;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  old_sha256: string | null;
  old_until: number | null;
}

/** The columns of {@link ApiKeyRow}, in the order of {@link apiKeyValues}. */
export const API_KEY_COLUMNS =
  "id, sha256, user_name, teams, superuser, scopes, label, created_at, expires_at, last_used_at, " +
  "old_sha256, old_until";

/** Reads a row of `api_keys`; the hash is left out. */
export function apiKeyFromRow(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    user: row.user_name,
    teams: JSON.parse(row.teams),
    superuser: row.superuser === 1,
    ...(row.scopes !== null && { scopes: JSON.parse(row.scopes) }),
    ...(row.label !== null && { label: row.label }),
    createdAt: row.created_at,
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
    ...(row.last_used_at !== null && { lastUsedAt: row.last_used_at }),
    ...(row.old_until !== null && { oldSecretUntil: row.old_until }),
  };
}

/** Answers a key's values for {@link API_KEY_COLUMNS}. */
export function apiKeyValues(record: ApiKey, sha256: string): SqlValue[] {
  return [
    record.id,
    sha256,
    record.user,
    JSON.stringify(record.teams),
    record.superuser ? 1 : 0,
    record.scopes ? JSON.stringify(record.scopes) : null,
    record.label ?? null,
    record.createdAt,
    record.expiresAt ?? null,
    record.lastUsedAt ?? null,
    null,
    null,
  ];
}
