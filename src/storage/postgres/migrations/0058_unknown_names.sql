-- Names of features that events bring and nobody counts: up to 100 of a model (core/quality/unknown-names.ts), with the least
-- and the greatest event time that brought them. An older binary writes none, and can live with it.
CREATE TABLE unknown_feature (
  model_id   integer NOT NULL REFERENCES model ON DELETE CASCADE,
  name       text NOT NULL CHECK (length(name) <= 128),
  first_seen timestamptz NOT NULL,
  last_seen  timestamptz NOT NULL,
  PRIMARY KEY (model_id, name)
);
