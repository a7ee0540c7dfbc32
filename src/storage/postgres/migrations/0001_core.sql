-- Names live in dictionary tables; everything else refers to integers.
CREATE TABLE model (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
  created_at  timestamptz NOT NULL DEFAULT now(),
  retired_at  timestamptz
);

CREATE TABLE feature (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id    integer NOT NULL REFERENCES model ON DELETE CASCADE,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  kind        text NOT NULL CHECK (kind IN ('numeric', 'categorical', 'boolean')),
  role        text NOT NULL CHECK (role IN ('input', 'prediction', 'label')),
  tier        text NOT NULL DEFAULT 'standard' CHECK (tier IN ('critical', 'standard', 'ignore')),
  retired_at  timestamptz,
  UNIQUE (model_id, name)
);

-- A segment is one value of one declared attribute ('origin=JFK'); 'all' holds every event.
CREATE TABLE segment (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id    integer NOT NULL REFERENCES model ON DELETE CASCADE,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 256),
  UNIQUE (model_id, name)
);

-- Bin edges or category lists. A binning belongs to the feature, not to a baseline, and never changes.
CREATE TABLE binning (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feature_id  integer NOT NULL REFERENCES feature ON DELETE CASCADE,
  fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{32}$'),
  definition  text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (feature_id, fingerprint)
);

CREATE TABLE baseline (
  id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id     integer NOT NULL REFERENCES model ON DELETE CASCADE,
  version      integer NOT NULL CHECK (version > 0),
  state        text NOT NULL CHECK (state IN ('candidate', 'active', 'retired')),
  fingerprint  text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  row_count    bigint NOT NULL CHECK (row_count >= 0),
  range_from   timestamptz,
  range_to     timestamptz,
  provenance   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  activated_at timestamptz,
  retired_at   timestamptz,
  UNIQUE (model_id, version),
  UNIQUE (model_id, fingerprint)
);
CREATE UNIQUE INDEX baseline_one_active ON baseline (model_id) WHERE state = 'active';

-- document: the feature's entry of the histogram document (counts, moments, blocks, slots), readable by people.
CREATE TABLE baseline_feature (
  baseline_id integer NOT NULL REFERENCES baseline ON DELETE CASCADE,
  segment     text NOT NULL,
  feature_id  integer NOT NULL REFERENCES feature ON DELETE CASCADE,
  binning_id  integer NOT NULL REFERENCES binning,
  document    jsonb NOT NULL,
  PRIMARY KEY (baseline_id, segment, feature_id)
);
