-- Small named settings beside the models: backends, quotas, policies, routes, saved queries. The
-- value is one JSON text, checked by whoever sets it; the revision counts the changes of a name.
CREATE TABLE documents (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  revision BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  PRIMARY KEY (kind, key)
);
