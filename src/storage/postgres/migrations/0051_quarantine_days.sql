-- What each partition has kept of bad records on a day (UTC), so that the partitions of a source keep to one limit together.
-- One writer per row. An older binary keeps its rows past the limit of the day, and can live with the table.
CREATE TABLE quarantine_day (
  part       integer NOT NULL REFERENCES ingest_partition ON DELETE CASCADE,
  day        date NOT NULL,
  kept_rows  bigint NOT NULL,
  kept_bytes bigint NOT NULL,
  PRIMARY KEY (part, day)
) WITH (fillfactor = 50);
