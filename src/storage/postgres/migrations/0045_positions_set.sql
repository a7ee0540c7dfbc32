-- A position that somebody has set (driftd source reset) begins anew: what was covered before is kept, so that
-- covered_before + next_offset - start_offset stays the number of offsets whose outcomes are counted here. An older
-- binary leaves it alone and can live with it.
ALTER TABLE ingest_partition ADD COLUMN covered_before bigint NOT NULL DEFAULT 0;
