/**
 * The newest seal of the audit trail, kept in the registry's database: whoever cuts the trail's end
 * off in the object store would have to change it there too.
 *
 * @module
 */
import type { Row, SqlRunner } from "../../registry/database.ts";
import type { Head } from "./audit_chain.ts";

/** A seal that is known to have been made. */
export interface KnownSeal {
  readonly batch: number;
  readonly sha256: string;
  readonly sealedAt: string;
}

interface HeadRow extends Row {
  batch: number | bigint;
  sha256: string;
  sealed_at: string;
}

export class AuditHead {
  constructor(private readonly database: SqlRunner) {}

  async known(): Promise<KnownSeal | undefined> {
    const [row] = await this.database.query<HeadRow>(
      "SELECT batch, sha256, sealed_at FROM audit_head WHERE id = 1",
    );
    return row && { batch: Number(row.batch), sha256: row.sha256, sealedAt: row.sealed_at };
  }

  /** Notes a seal, unless a later one is noted. */
  async note({ seal, sha256 }: Head): Promise<void> {
    await this.database.query(
      `INSERT INTO audit_head (id, batch, sha256, sealed_at) VALUES (1, $1, $2, $3)
       ON CONFLICT (id) DO UPDATE
       SET batch = excluded.batch, sha256 = excluded.sha256, sealed_at = excluded.sealed_at
       WHERE excluded.batch > audit_head.batch`,
      [seal.batch, sha256, seal.sealedAt],
    );
  }
}
