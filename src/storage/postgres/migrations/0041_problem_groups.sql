-- A problem may have many parts (partitions, topics) and last for long: which ones were told, and when last. An older release
-- leaves the columns as they are.
ALTER TABLE problem
  ADD COLUMN parts   text[] NOT NULL DEFAULT '{}',
  ADD COLUMN told_at timestamptz NOT NULL DEFAULT now();

-- When a message was first tried: one that waited for its group or its channel's turn before that was not late by it.
-- Of messages from before this: as the retries begin.
ALTER TABLE outbox ADD COLUMN first_attempt_at timestamptz;
