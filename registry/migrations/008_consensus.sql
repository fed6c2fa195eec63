-- Which models a version runs: the children of a consensus. A model that others run cannot go.
CREATE TABLE version_uses (
  model_tag INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  child_key TEXT NOT NULL,
  PRIMARY KEY (model_tag, ordinal, child_key),
  FOREIGN KEY (model_tag, ordinal) REFERENCES versions (model_tag, ordinal) ON DELETE CASCADE
);

CREATE INDEX version_uses_by_child ON version_uses (child_key);

-- Models held against measured values. Whoever runs one holds it until `lease_until`; the tables
-- and the results are JSON texts.
CREATE TABLE evaluations (
  id TEXT PRIMARY KEY,
  model_tag INTEGER NOT NULL REFERENCES models (tag) ON DELETE CASCADE,
  version TEXT NOT NULL,
  submitter TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'completed', 'failed')),
  row_count INTEGER NOT NULL,
  rows_done INTEGER NOT NULL,
  input_table TEXT NOT NULL,
  predictions TEXT,
  error TEXT,
  runner TEXT,
  runs INTEGER NOT NULL,
  lease_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);

CREATE INDEX evaluations_by_model ON evaluations (model_tag, id);
CREATE INDEX evaluations_by_state ON evaluations (state, lease_until);
