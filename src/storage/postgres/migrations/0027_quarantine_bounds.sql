-- Bad records that were counted as such, but of which no row was kept: there were too many.
ALTER TABLE ingest_partition ADD COLUMN quarantine_dropped bigint NOT NULL DEFAULT 0;
CREATE INDEX quarantine_age ON quarantine (part, recorded_at DESC, record_offset DESC);
