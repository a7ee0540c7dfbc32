-- What numbers of a feature are, as people write it ("°F"): said with a version or by the configuration, as tiers are.
ALTER TABLE feature ADD COLUMN unit text CHECK (length(unit) BETWEEN 1 AND 32);
ALTER TABLE baseline_feature ADD COLUMN unit text CHECK (length(unit) BETWEEN 1 AND 32);
ALTER TABLE feature_declaration ADD COLUMN unit text CHECK (length(unit) BETWEEN 1 AND 32);
