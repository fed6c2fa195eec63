-- Inputs and results of jobs that are too large for the queue, until they expire.
CREATE TABLE blobs (
  key TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE INDEX blobs_by_expiry ON blobs (expires_at);
