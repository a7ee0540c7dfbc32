-- Windows of a monitor up to here have been looked at: what is counted behind it is late.
ALTER TABLE monitor ADD COLUMN judged_until timestamptz;

-- Slices of 5 minutes that were counted into after a monitor had looked at them.
CREATE TABLE late_tile (
  monitor_id integer NOT NULL REFERENCES monitor ON DELETE CASCADE,
  start      timestamptz NOT NULL,
  marked_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (monitor_id, start)
);

-- Late data has come for the windows of this evaluation: they are to be judged again.
ALTER TABLE evaluation ADD COLUMN stale_since timestamptz;
CREATE INDEX evaluation_stale ON evaluation (monitor_id, window_end) WHERE stale_since IS NOT NULL;
