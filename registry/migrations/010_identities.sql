-- The secret that a key had before its rotation, valid until a time in epoch milliseconds.
ALTER TABLE api_keys ADD COLUMN old_sha256 TEXT;
ALTER TABLE api_keys ADD COLUMN old_until BIGINT;

-- Who has single rights on a model, as a JSON list; null for nobody.
ALTER TABLE models ADD COLUMN delegates TEXT;
