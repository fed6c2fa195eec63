/**
 * Events for the audit trail that come from neither a queue nor the registry's feed of changes: the
 * calls of tools, and what became of plans. They wait in the registry's database until they are
 * sealed; while that is away a bounded number waits in memory, and then no more are taken.
 *
 * @module
 */
import { DatabaseUnavailable, type Row, type SqlRunner } from "../../registry/database.ts";
import type { AuditEvent } from "./audit_event.ts";
import { AuditBufferFull } from "../job_queue.ts";

/** What an event is made of; its id and its time are made here. */
export type NewAuditEvent = Omit<AuditEvent, "id" | "at">;

export interface AuditOutboxOptions {
  /** Events that wait in memory while the database is away; 1,000 where it is not set. */
  readonly buffer?: number;
  /** Events that wait in the database while the trail is away; 100,000 where it is not set. */
  readonly limit?: number;
  readonly now?: () => number;
}

const RETRY_MS = 500;
const COUNT_MS = 1000;
/** Parameters of one statement stay far below what the databases take. */
const CHUNK = 200;

export class AuditOutbox implements AsyncDisposable {
  readonly #database: SqlRunner;
  readonly #buffer: number;
  readonly #limit: number;
  readonly #now: () => number;
  readonly #waiting: AuditEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<boolean> | undefined;
  #countedAt = -Infinity;
  #full = false;

  constructor(database: SqlRunner, options: AuditOutboxOptions = {}) {
    this.#database = database;
    this.#buffer = options.buffer ?? 1000;
    this.#limit = options.limit ?? 100_000;
    this.#now = options.now ?? Date.now;
  }

  /** Throws AuditBufferFull where no further event can be kept: then nothing is to be begun. */
  async ready(): Promise<void> {
    if (this.#waiting.length >= this.#buffer) throw new AuditBufferFull();
    if (this.#now() - this.#countedAt > COUNT_MS && this.#waiting.length === 0) await this.#count();
    if (this.#full) throw new AuditBufferFull();
  }

  /** Keeps an event: in the database, or in memory while that is away. */
  async add(event: NewAuditEvent): Promise<void> {
    const id = `event:${crypto.randomUUID()}`;
    this.#waiting.push({ id, at: new Date(this.#now()).toISOString(), ...event });
    await this.#flush();
  }

  /** The events that are not sealed yet, in no order. */
  async unaudited(limit: number): Promise<AuditEvent[]> {
    const rows = await this.#database.query<EventRow>(
      "SELECT id, event FROM audit_outbox ORDER BY id LIMIT $1",
      [limit],
    );
    return rows.map(({ event }) => JSON.parse(event) as AuditEvent);
  }

  /** Forgets events that are sealed. */
  async audited(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += CHUNK) {
      const some = ids.slice(at, at + CHUNK);
      const places = some.map((_, i) => `$${i + 1}`).join(", ");
      await this.#database.query(`DELETE FROM audit_outbox WHERE id IN (${places})`, some);
    }
  }

  /** Writes what waits in memory, if the database answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush();
    clearTimeout(this.#timer);
  }

  /** One at a time; who comes meanwhile has the next one written with theirs. */
  async #flush(): Promise<void> {
    while (this.#sending) await this.#sending;
    if (this.#waiting.length === 0) return;
    this.#sending = this.#send();
    const sent = await this.#sending.finally(() => this.#sending = undefined);
    clearTimeout(this.#timer);
    if (sent) return;
    this.#timer = setTimeout(() => void this.#flush().catch(() => {}), RETRY_MS);
  }

  /** Writes all that waits; false while the database is away. */
  async #send(): Promise<boolean> {
    try {
      while (this.#waiting.length > 0) {
        const some = this.#waiting.slice(0, CHUNK);
        const places = some.map((_, i) => `($${2 * i + 1}, $${2 * i + 2})`).join(", ");
        await this.#database.query(
          `INSERT INTO audit_outbox (id, event) VALUES ${places} ON CONFLICT (id) DO NOTHING`,
          some.flatMap((event) => [event.id, JSON.stringify(event)]),
        );
        this.#waiting.splice(0, some.length);
      }
      return true;
    } catch (error) {
      if (error instanceof DatabaseUnavailable) return false;
      throw error;
    }
  }

  async #count(): Promise<void> {
    try {
      const [row] = await this.#database.query<{ held: number }>(
        "SELECT COUNT(*) AS held FROM (SELECT id FROM audit_outbox LIMIT $1) AS first_rows",
        [this.#limit],
      );
      this.#full = Number(row!.held) >= this.#limit;
      this.#countedAt = this.#now();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
    }
  }
}

interface EventRow extends Row {
  id: string;
  event: string;
}
