-- The processes that run: each says so every few seconds; one that has stopped in order is gone from here.
CREATE TABLE replica (
  owner      text PRIMARY KEY CHECK (length(owner) BETWEEN 1 AND 256),
  roles      text[] NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- What is wrong with driftd itself at the moment. One row a problem: whoever inserts it tells of it.
CREATE TABLE problem (
  kind       text NOT NULL,
  about      text NOT NULL CHECK (length(about) BETWEEN 1 AND 512),
  since      timestamptz NOT NULL DEFAULT now(),
  detail     text NOT NULL,
  PRIMARY KEY (kind, about)
);
-- Is there an older message of the group that is not delivered yet?
CREATE INDEX outbox_order ON outbox (group_key, channel, recipient, id) WHERE state = 'pending' AND group_key IS NOT NULL;
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE state <> 'pending';
CREATE INDEX outbox_dead ON outbox (channel, finished_at) WHERE state = 'dead';
