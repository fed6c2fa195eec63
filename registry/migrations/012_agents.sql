-- Changes that an agent has asked for and a person has to confirm. What is confirmed never changes
-- after it was made: it is one JSON text with its digest.
CREATE TABLE plans (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  planner TEXT NOT NULL,
  content TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'applying', 'applied', 'failed', 'rejected')),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  decided_at BIGINT,
  decided_by TEXT,
  outcome TEXT
);

CREATE INDEX plans_by_time ON plans (created_at, id);
CREATE INDEX plans_by_planner ON plans (planner, state, expires_at);

-- Events for the audit trail that come from neither a queue nor the feed of changes, such as the
-- calls of tools. They go once they are sealed.
CREATE TABLE audit_outbox (
  id TEXT PRIMARY KEY,
  event TEXT NOT NULL
);
