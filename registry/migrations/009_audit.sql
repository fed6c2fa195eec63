-- The newest seal of the audit trail, kept apart from it: its end cannot be cut off unseen.
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY,
  batch BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  sealed_at TEXT NOT NULL
);
