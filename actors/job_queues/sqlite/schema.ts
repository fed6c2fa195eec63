/**
 * The embedded queue's tables.
 *
 * `jobs.seq` is the place in line: given anew when a job is made ready, kept when it is handed back.
 * The partial indexes hold only what their state needs, so a million finished jobs slow no claim.
 *
 * @module
 */
import type { GroupCommit } from "./group_commit.ts";

/**
 * What each version of the tables adds to the one before. A file of an older version is brought up
 * to date when it is opened; what is in this list is never changed.
 */
export const SCHEMA: readonly string[] = [
  `
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, tag INTEGER NOT NULL, lane TEXT NOT NULL, state TEXT NOT NULL,
  seq INTEGER NOT NULL, ready_at INTEGER NOT NULL, queue_deadline INTEGER NOT NULL,
  model TEXT NOT NULL, version TEXT NOT NULL, submitter TEXT NOT NULL, input TEXT NOT NULL,
  limits TEXT NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, stalls INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0, lease_until INTEGER, worker TEXT, due_at INTEGER,
  started_at INTEGER, finished_at INTEGER, delete_at INTEGER, result TEXT, error TEXT,
  dead INTEGER NOT NULL DEFAULT 0, cancel INTEGER NOT NULL DEFAULT 0, progress TEXT,
  callback TEXT, parent TEXT, traceparent TEXT, idempotency_key TEXT, fingerprint TEXT
) WITHOUT ROWID;
CREATE INDEX jobs_by_tag ON jobs (tag, id);
CREATE INDEX jobs_ready ON jobs (tag, lane, seq) WHERE state = 'queued';
CREATE INDEX jobs_deadline ON jobs (tag, queue_deadline) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (tag, lease_until) WHERE state = 'running';
CREATE INDEX jobs_delayed ON jobs (tag, due_at) WHERE state = 'retrying';
CREATE INDEX jobs_dead ON jobs (tag, finished_at) WHERE dead = 1;
CREATE INDEX jobs_gone ON jobs (delete_at) WHERE delete_at IS NOT NULL;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (tag, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE events (
  job_id TEXT NOT NULL, n INTEGER NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL,
  PRIMARY KEY (job_id, n)
) WITHOUT ROWID;

CREATE TABLE deliveries (
  id TEXT PRIMARY KEY, tag INTEGER NOT NULL, job_id TEXT NOT NULL, url TEXT NOT NULL, type TEXT NOT NULL,
  at INTEGER NOT NULL, data TEXT NOT NULL, state TEXT NOT NULL, due_at INTEGER, delete_at INTEGER,
  attempts TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (tag, due_at) WHERE state = 'due';
CREATE INDEX deliveries_by_job ON deliveries (job_id);
CREATE INDEX deliveries_gone ON deliveries (delete_at) WHERE delete_at IS NOT NULL;

CREATE TABLE counters (
  tag INTEGER NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (tag, name)
) WITHOUT ROWID;
CREATE TABLE owners (
  tag INTEGER PRIMARY KEY, n INTEGER NOT NULL, who TEXT, until INTEGER NOT NULL, epoch TEXT
);
CREATE TABLE schedulers (name TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
`,
  `
CREATE INDEX jobs_by_state ON jobs (tag, state, id);
CREATE INDEX jobs_by_submitter ON jobs (tag, submitter, id);
`,
  `
ALTER TABLE jobs ADD COLUMN trace TEXT;
`,
  `
ALTER TABLE jobs ADD COLUMN provenance TEXT;
`,
  `
ALTER TABLE jobs ADD COLUMN cohort TEXT;
CREATE TABLE cohorts (
  tag INTEGER NOT NULL, name TEXT NOT NULL, field TEXT NOT NULL, value INTEGER NOT NULL,
  until INTEGER NOT NULL, PRIMARY KEY (tag, name, field)
) WITHOUT ROWID;
CREATE TABLE cohort_members (
  tag INTEGER NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL, job_id TEXT NOT NULL, note TEXT,
  PRIMARY KEY (tag, name, n)
) WITHOUT ROWID;
CREATE INDEX cohort_members_by_job ON cohort_members (tag, name, job_id);
`,
  `
ALTER TABLE jobs ADD COLUMN account TEXT;
ALTER TABLE jobs ADD COLUMN spent_ms INTEGER NOT NULL DEFAULT 0;
CREATE TABLE quota_holds (job_id TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (job_id, subject)) WITHOUT ROWID;
CREATE INDEX quota_holds_by_subject ON quota_holds (subject);
CREATE TABLE quota_days (
  subject TEXT NOT NULL, day INTEGER NOT NULL, jobs INTEGER NOT NULL, ms INTEGER NOT NULL,
  PRIMARY KEY (subject, day)
) WITHOUT ROWID;
CREATE TABLE usage (
  tag INTEGER NOT NULL, day INTEGER NOT NULL, payer TEXT NOT NULL, version TEXT NOT NULL, model TEXT NOT NULL,
  jobs INTEGER NOT NULL, completed INTEGER NOT NULL, compute_ms INTEGER NOT NULL, cpu_ms INTEGER NOT NULL,
  gpu_ms INTEGER NOT NULL, cost INTEGER NOT NULL, PRIMARY KEY (tag, day, payer, version)
) WITHOUT ROWID;
CREATE TABLE dropped (tag INTEGER PRIMARY KEY);
`,
  // `n` is the step's event; 0 stands for the wish to cancel a running job, -1 for a sharing.
  `
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, tag INTEGER NOT NULL, job_id TEXT NOT NULL, n INTEGER NOT NULL,
  at INTEGER NOT NULL, note TEXT
);
CREATE INDEX audit_by_tag ON audit (tag, seq);
ALTER TABLE jobs ADD COLUMN cancelled_by TEXT;
`,
  `
ALTER TABLE jobs ADD COLUMN shared_with TEXT;
`,
  // Kept by triggers, so that no way to share or to forget a job can pass it by. Jobs without shares
  // fire none of them: a submission is no update, and only `share` sets that column.
  `
CREATE TABLE shares (
  subject TEXT NOT NULL, job_id TEXT NOT NULL, tag INTEGER NOT NULL, PRIMARY KEY (subject, job_id)
) WITHOUT ROWID;
INSERT INTO shares SELECT DISTINCT value, jobs.id, tag FROM jobs, json_each(jobs.shared_with);
CREATE TRIGGER jobs_shared AFTER UPDATE OF shared_with ON jobs BEGIN
  DELETE FROM shares WHERE job_id = OLD.id AND subject IN (SELECT value FROM json_each(OLD.shared_with));
  INSERT OR IGNORE INTO shares SELECT value, NEW.id, NEW.tag FROM json_each(NEW.shared_with);
END;
CREATE TRIGGER jobs_unshared AFTER DELETE ON jobs WHEN OLD.shared_with IS NOT NULL BEGIN
  DELETE FROM shares WHERE job_id = OLD.id AND subject IN (SELECT value FROM json_each(OLD.shared_with));
END;
`,
];

/** Brings a queue's file up to date, step by step; throws where a newer version wrote it. */
export function upgrade(store: Pick<GroupCommit, "get" | "exec">, path: string): void {
  const version = store.get("PRAGMA user_version")!.user_version as number;
  if (version > SCHEMA.length) throw new Error(`${path} was written by a newer version`);
  for (const [i, step] of SCHEMA.entries()) {
    if (i >= version) store.exec(`BEGIN; ${step} PRAGMA user_version = ${i + 1}; COMMIT`);
  }
}
