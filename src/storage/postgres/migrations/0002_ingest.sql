-- Where each partition of each source stands. The stored offset is the only truth; broker commits are a courtesy.
CREATE TABLE ingest_partition (
  id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source          text NOT NULL CHECK (length(source) BETWEEN 1 AND 128),
  topic           text NOT NULL CHECK (length(topic) BETWEEN 1 AND 249),
  partition       integer NOT NULL CHECK (partition >= 0),
  next_offset     bigint NOT NULL CHECK (next_offset >= 0),
  epoch           bigint NOT NULL DEFAULT 0,
  owner           text,
  anchor_offset   bigint,
  anchor_hash     bytea,
  state           text NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'halted')),
  reason          text,
  -- What became of every offset so far: the five add up to the offsets covered since start_offset.
  start_offset    bigint NOT NULL,
  counted         bigint NOT NULL DEFAULT 0,
  quarantined     bigint NOT NULL DEFAULT 0,
  too_late        bigint NOT NULL DEFAULT 0,
  duplicate       bigint NOT NULL DEFAULT 0,
  filtered        bigint NOT NULL DEFAULT 0,
  -- Database time up to which the owner has read everything there was: a commit, or an idle look at the log end.
  progressed_at   timestamptz NOT NULL DEFAULT now(),
  claimed_at      timestamptz,
  UNIQUE (source, topic, partition)
) WITH (fillfactor = 50);

-- Event-time progress of one model in one partition; written with the tiles, one writer per row.
CREATE TABLE model_progress (
  model_id         integer NOT NULL REFERENCES model ON DELETE CASCADE,
  part             integer NOT NULL REFERENCES ingest_partition ON DELETE CASCADE,
  events           bigint NOT NULL DEFAULT 0,
  min_event_time   timestamptz NOT NULL,
  max_event_time   timestamptz NOT NULL,
  last_event_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (model_id, part)
) WITH (fillfactor = 50);

-- Which binnings, in which order, the blobs of a tile row pack (up to 32 features).
CREATE TABLE binning_set (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id    integer NOT NULL REFERENCES model ON DELETE CASCADE,
  binning_ids integer[] NOT NULL CHECK (cardinality(binning_ids) BETWEEN 1 AND 32),
  UNIQUE (model_id, binning_ids)
);

-- Counts of one slice of event time. part 0: sealed, the sum over all partitions; else one ingest_partition, its only writer.
CREATE TABLE tile (
  start          timestamptz NOT NULL,
  span_minutes   smallint NOT NULL CHECK (span_minutes IN (5, 60, 1440)),
  model_id       integer NOT NULL,
  binning_set_id integer NOT NULL,
  segment_id     integer NOT NULL,
  part           integer NOT NULL,
  events         bigint NOT NULL,
  counts         bytea NOT NULL,
  PRIMARY KEY (start, span_minutes, model_id, segment_id, binning_set_id, part)
) PARTITION BY RANGE (start);
ALTER TABLE tile ALTER COLUMN counts SET STORAGE MAIN;

CREATE TABLE quarantine (
  part        integer NOT NULL REFERENCES ingest_partition ON DELETE CASCADE,
  record_offset bigint NOT NULL,
  reason      text NOT NULL,
  detail      text NOT NULL,
  payload     bytea,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (part, record_offset)
);

-- Offsets [from_offset, to_offset) that can never be counted, e.g. deleted by retention before they were read.
CREATE TABLE gap (
  part        integer NOT NULL REFERENCES ingest_partition ON DELETE CASCADE,
  from_offset bigint NOT NULL,
  to_offset   bigint NOT NULL CHECK (to_offset > from_offset),
  reason      text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (part, from_offset)
);
