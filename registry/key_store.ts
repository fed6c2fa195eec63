/**
 * The writes of API keys.
 *
 * @module
 */
import { type ApiKey, hashApiKey, makeApiKey, type NewApiKey } from "./api_key.ts";
import { API_KEY_COLUMNS, apiKeyFromRow, type ApiKeyRow, apiKeyValues } from "./api_key_row.ts";
import { makeChange } from "./change_log.ts";
import { type Database, type SqlRunner, UniqueViolation } from "./database.ts";
import { checkKey } from "./definition_check.ts";
import { InUse, InvalidDefinition, NotFound } from "./refusal.ts";

/** Makes, lists and revokes keys. Only a key's SHA-256 is kept. */
export class KeyStore {
  constructor(private readonly database: Database, private readonly now: () => number) {}

  /** Makes a key; its text is answered here and never again. Throws InvalidDefinition. */
  async create(
    actor: string,
    owner: NewApiKey,
    reason?: string,
  ): Promise<{ key: string; record: ApiKey }> {
    const key = makeApiKey();
    return { key, record: await this.#add(actor, owner, key, reason) };
  }

  /** Adds a given key unless it is there; true if it was added. Throws InvalidDefinition. */
  async ensure(key: string, owner: NewApiKey): Promise<boolean> {
    const known = await this.database.query(
      // One that was rotated away does not come back.
      "SELECT id FROM api_keys WHERE sha256 = $1 OR old_sha256 = $1",
      [hashApiKey(key)],
    );
    if (known.length > 0) return false;
    try {
      await this.#add("system", owner, key);
      return true;
    } catch (error) {
      if (error instanceof UniqueViolation) return false;
      throw error;
    }
  }

  /** True while some superuser's key is valid for everything. */
  async hasSuperuser(): Promise<boolean> {
    return await this.#superusers(this.database, "") > 0;
  }

  /**
   * Gives a key a new secret, answered here and never again; the old one is taken until
   * `oldUntil` (epoch milliseconds). Throws NotFound.
   */
  async rotate(
    actor: string,
    id: string,
    oldUntil: number,
    reason?: string,
  ): Promise<{ key: string; record: ApiKey }> {
    const key = makeApiKey();
    const record = await makeChange(this.database, actor, this.now(), async (tx) => {
      const [row] = await tx.query<ApiKeyRow>(
        `UPDATE api_keys SET old_sha256 = sha256, old_until = $2, sha256 = $3
         WHERE id = $1 RETURNING ${API_KEY_COLUMNS}`,
        [id, oldUntil, hashApiKey(key)],
      );
      if (!row) throw new NotFound("key", id);
      const result = apiKeyFromRow(row);
      const after = { ...audited(result), oldSecretUntil: oldUntil };
      return { result, action: "rotate_key", subject: `key:${id}`, after, ...why(reason) };
    });
    return { key, record };
  }

  /** Takes a key away for good. Throws NotFound, and InUse for the last superuser's key. */
  async revoke(actor: string, id: string, reason?: string): Promise<void> {
    await makeChange(this.database, actor, this.now(), async (tx) => {
      const [row] = await tx.query<ApiKeyRow>(
        `DELETE FROM api_keys WHERE id = $1 RETURNING ${API_KEY_COLUMNS}`,
        [id],
      );
      if (!row) throw new NotFound("key", id);
      const record = apiKeyFromRow(row);
      if (record.superuser && await this.#superusers(tx, id) === 0) {
        throw new InUse("the last superuser's key cannot be revoked: make another one first");
      }
      return {
        result: undefined,
        action: "revoke_key",
        subject: `key:${id}`,
        before: audited(record),
        ...why(reason),
      };
    });
  }

  /** Answers the keys of a user, or of all, the newest first. */
  async list(user?: string): Promise<ApiKey[]> {
    const [where, values] = user === undefined ? ["", []] : ["WHERE user_name = $1", [user]];
    const rows = await this.database.query<ApiKeyRow>(
      `SELECT ${API_KEY_COLUMNS} FROM api_keys ${where} ORDER BY created_at DESC, id`,
      values,
    );
    return rows.map(apiKeyFromRow);
  }

  /** Answers the key of that id. */
  async get(id: string): Promise<ApiKey | undefined> {
    const [row] = await this.database.query<ApiKeyRow>(
      `SELECT ${API_KEY_COLUMNS} FROM api_keys WHERE id = $1`,
      [id],
    );
    return row && apiKeyFromRow(row);
  }

  /** Notes when keys were last used, by id; this is no change and has no line in the feed. */
  async noteUse(uses: ReadonlyMap<string, number>): Promise<void> {
    if (uses.size === 0) return;
    await this.database.transaction(async (tx) => {
      // In one order everywhere: two processes that note the same keys must not wait in a circle.
      for (const [id, at] of [...uses].sort(([a], [b]) => a < b ? -1 : 1)) {
        await tx.query(
          `UPDATE api_keys SET last_used_at = $2
           WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
          [id, at],
        );
      }
    });
  }

  #add(actor: string, owner: NewApiKey, key: string, reason?: string): Promise<ApiKey> {
    const problems = checkKey(owner);
    if (problems.length > 0) return Promise.reject(new InvalidDefinition(problems));
    const record: ApiKey = {
      id: crypto.randomUUID(),
      user: owner.user,
      teams: owner.teams ?? [],
      superuser: owner.superuser ?? false,
      ...(owner.scopes && { scopes: owner.scopes }),
      ...(owner.label !== undefined && { label: owner.label }),
      createdAt: this.now(),
      ...(owner.expiresAt !== undefined && { expiresAt: owner.expiresAt }),
    };
    return makeChange(this.database, actor, record.createdAt, async (tx) => {
      await tx.query(
        `INSERT INTO api_keys (${API_KEY_COLUMNS})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        apiKeyValues(record, hashApiKey(key)),
      );
      const subject = `key:${record.id}`;
      return {
        result: record,
        action: "create_key",
        subject,
        after: audited(record),
        ...why(reason),
      };
    });
  }

  async #superusers(runner: SqlRunner, exceptId: string): Promise<number> {
    const [row] = await runner.query<{ count: number }>(
      `SELECT count(*) AS count FROM api_keys
       WHERE superuser = 1 AND id <> $1 AND (expires_at IS NULL OR expires_at > $2)
         AND (scopes IS NULL OR scopes LIKE '%"admin"%')`,
      [exceptId, this.now()],
    );
    return row!.count;
  }
}

function audited({ id, user, teams, superuser, scopes, expiresAt }: ApiKey) {
  return { id, user, teams, superuser, scopes, expiresAt };
}

function why(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason };
}
