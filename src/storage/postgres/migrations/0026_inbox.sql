-- Events that were posted and are not counted yet: the log of a partition of the source http. Positions are given in the
-- order of commits, without a hole, by the one row of inbox. An older binary does not know it and is not disturbed.
CREATE TABLE inbox (
  single        boolean PRIMARY KEY DEFAULT true CHECK (single),
  next_position bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO inbox DEFAULT VALUES;

CREATE TABLE inbox_event (
  position    bigint PRIMARY KEY,
  payload     bytea NOT NULL,
  headers     jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE inbox_event ALTER COLUMN payload SET STORAGE EXTERNAL;

-- What was posted under an idempotency key, for a day: the same again is not stored again.
CREATE TABLE inbox_request (
  key         text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 256),
  body_hash   bytea NOT NULL,
  events      integer NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_request_age ON inbox_request (received_at);
