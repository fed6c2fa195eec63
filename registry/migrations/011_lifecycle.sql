-- Names that stand for versions, as a JSON object; null without any. The number of the change that
-- wrote the model or its versions last.
ALTER TABLE models ADD COLUMN aliases TEXT;
ALTER TABLE models ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

-- When a version goes out of use, as JSON: set beside what never changes; null for most.
ALTER TABLE versions ADD COLUMN lifecycle TEXT;

CREATE INDEX versions_with_lifecycle ON versions (model_tag, ordinal) WHERE lifecycle IS NOT NULL;
