-- Ids of events that a partition has counted, as 64-bit hashes, by the stretch of event time in which they came: the
-- same id again within the window is a duplicate. Rows are written by the partition's checkpoints and go with the stretch.
CREATE TABLE seen_event (
  part       integer NOT NULL REFERENCES ingest_partition ON DELETE CASCADE,
  generation bigint NOT NULL,
  up_to      bigint NOT NULL,
  hashes     bytea NOT NULL,
  PRIMARY KEY (part, generation, up_to)
);
ALTER TABLE seen_event ALTER COLUMN hashes SET STORAGE EXTERNAL;
