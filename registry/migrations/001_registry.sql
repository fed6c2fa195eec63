-- The registry: one portable text for SQLite and Postgres. Times are epoch milliseconds, JSON is
-- text, names are unique without regard to case by a `key` column in lower case.

-- One row: the number of the last change. Each writing transaction raises it first, so that the
-- row's lock puts the writers in a row and changes are numbered in the order of their commits.
CREATE TABLE change_counter (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq BIGINT NOT NULL
);

INSERT INTO change_counter (id, seq) VALUES (1, 0);

-- The audit, and the feed that catalogs follow.
CREATE TABLE changes (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  before_json TEXT,
  after_json TEXT,
  reason TEXT
);

CREATE INDEX changes_by_subject ON changes (subject, seq);

-- Every tag that was ever given to a model; it outlives the model, so that no tag is used again.
CREATE TABLE used_tags (
  tag INTEGER PRIMARY KEY
);

CREATE TABLE models (
  tag INTEGER PRIMARY KEY REFERENCES used_tags (tag),
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  tags TEXT NOT NULL,
  visibility TEXT NOT NULL CHECK (visibility IN ('private', 'public')),
  owners TEXT NOT NULL,
  readers TEXT NOT NULL,
  default_version TEXT,
  settings TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- Versions never change; all but their name is one JSON document.
CREATE TABLE versions (
  model_tag INTEGER NOT NULL REFERENCES models (tag) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  key TEXT NOT NULL,
  version TEXT NOT NULL,
  definition TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (model_tag, ordinal),
  UNIQUE (model_tag, key)
);

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  user_name TEXT NOT NULL,
  teams TEXT NOT NULL,
  superuser INTEGER NOT NULL CHECK (superuser IN (0, 1)),
  scopes TEXT,
  label TEXT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  last_used_at BIGINT
);
