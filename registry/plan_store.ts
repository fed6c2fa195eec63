/**
 * Plans in the registry's database: changes that an agent has asked for and a person has to confirm.
 *
 * @module
 */
import { hash } from "node:crypto";
import { canonicalJson } from "./canonical_json.ts";
import type { Row, SqlRunner } from "./database.ts";
import type { Principal } from "./principal.ts";

/** The request to the gateway's own API that the plan stands for. */
export interface PlannedRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  /** Text of that type. */
  readonly body?: string;
}

/** Who asked, as far as it decides what they may do. */
export type PlannerRights = Pick<Principal, "user" | "teams" | "superuser" | "keyId">;

/** What is confirmed: exactly this. */
export interface PlanContent {
  /** It is done under these rights, as if there had been nothing to confirm. */
  readonly rights: PlannerRights;
  /** The tool that was called, such as `delete_consensus`. */
  readonly action: string;
  /** The model that it is about. */
  readonly model: string;
  /** What it would do, in one sentence. */
  readonly summary: string;
  readonly request: PlannedRequest;
  /** YAML of what is there, empty for nothing; the plan holds only while it is so. */
  readonly before: string;
  /** YAML of what would be there. */
  readonly after: string;
  /** The agent that asked. */
  readonly client?: string;
}

export type PlanState = "open" | "applying" | "applied" | "failed" | "rejected";

/** A plan as it stands. Times are epoch milliseconds. */
export interface Plan extends PlanContent {
  readonly id: string;
  /** SHA-256 in hex over the content, the planner, the id and the end. */
  readonly digest: string;
  /** Who asked, as `user:NAME`. */
  readonly planner: string;
  readonly state: PlanState;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly decidedAt?: number;
  readonly decidedBy?: string;
  /** Why it failed. */
  readonly outcome?: string;
}

/** Where a list goes on: behind a plan. */
export interface PlanPlace {
  readonly createdAt: number;
  readonly id: string;
}

interface PlanRow extends Row {
  id: string;
  digest: string;
  planner: string;
  content: string;
  state: string;
  created_at: number;
  expires_at: number;
  decided_at: number | null;
  decided_by: string | null;
  outcome: string | null;
}

const COLUMNS =
  "id, digest, planner, content, state, created_at, expires_at, decided_at, decided_by, outcome";
/** How long ended plans are kept. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** Keeps plans. Every method throws DatabaseUnavailable. */
export class PlanStore {
  constructor(
    private readonly database: SqlRunner,
    private readonly now: () => number = Date.now,
  ) {}

  /** Keeps a plan that ends after `ttlMs`. */
  async create(planner: string, content: PlanContent, ttlMs: number): Promise<Plan> {
    const createdAt = this.now();
    const expiresAt = createdAt + ttlMs;
    const id = crypto.randomUUID();
    const digest = hash("sha256", canonicalJson({ id, planner, expiresAt, content }), "hex");
    await this.database.query("DELETE FROM plans WHERE expires_at < $1", [createdAt - KEPT_MS]);
    await this.database.query(
      `INSERT INTO plans (id, digest, planner, content, state, created_at, expires_at)
       VALUES ($1, $2, $3, $4, 'open', $5, $6)`,
      [id, digest, planner, JSON.stringify(content), createdAt, expiresAt],
    );
    return { ...content, id, digest, planner, state: "open", createdAt, expiresAt };
  }

  /** How many plans of one planner wait for a confirmation. */
  async openOf(planner: string): Promise<number> {
    const [row] = await this.database.query<{ open: number }>(
      `SELECT COUNT(*) AS open FROM plans
       WHERE planner = $1 AND state = 'open' AND expires_at > $2`,
      [planner, this.now()],
    );
    return Number(row!.open);
  }

  async get(id: string): Promise<Plan | undefined> {
    const [row] = await this.database.query<PlanRow>(
      `SELECT ${COLUMNS} FROM plans WHERE id = $1`,
      [id],
    );
    return row && planFromRow(row);
  }

  /** The newest first, behind a place. */
  async list(limit: number, after?: PlanPlace): Promise<Plan[]> {
    const rows = await this.database.query<PlanRow>(
      `SELECT ${COLUMNS} FROM plans WHERE created_at < $1 OR (created_at = $2 AND id < $3)
       ORDER BY created_at DESC, id DESC LIMIT $4`,
      [
        after?.createdAt ?? Number.MAX_SAFE_INTEGER,
        after?.createdAt ?? Number.MAX_SAFE_INTEGER,
        after?.id ?? "",
        limit,
      ],
    );
    return rows.map(planFromRow);
  }

  /** Takes an open plan to be applied or rejected; false if it is open no more. */
  async decide(id: string, state: "applying" | "rejected", by: string): Promise<boolean> {
    const now = this.now();
    const rows = await this.database.query(
      `UPDATE plans SET state = $1, decided_at = $2, decided_by = $3
       WHERE id = $4 AND state = 'open' AND expires_at > $5 RETURNING id`,
      [state, now, by, id, now],
    );
    return rows.length === 1;
  }

  /** Says what became of a plan that was being applied. */
  async end(id: string, state: "applied" | "failed", outcome?: string): Promise<void> {
    await this.database.query(
      "UPDATE plans SET state = $1, outcome = $2 WHERE id = $3 AND state = 'applying'",
      [state, outcome ?? null, id],
    );
  }
}

function planFromRow(row: PlanRow): Plan {
  return {
    ...JSON.parse(row.content) as PlanContent,
    id: row.id,
    digest: row.digest,
    planner: row.planner,
    state: row.state as PlanState,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.decided_at !== null && { decidedAt: row.decided_at }),
    ...(row.decided_by !== null && { decidedBy: row.decided_by }),
    ...(row.outcome !== null && { outcome: row.outcome }),
  };
}
