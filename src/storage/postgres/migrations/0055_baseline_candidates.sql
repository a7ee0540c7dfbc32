-- A candidate changes nothing of the live features: what it says of their kind, role and tier is kept with it, and holds
-- once it is active. What the configuration declares wins, and is kept here so that every process that activates knows it.
-- An older binary writes live features when it stores a candidate, and does not retire what an active version lacks.
ALTER TABLE baseline_feature ADD COLUMN tier text CHECK (tier IN ('critical', 'standard', 'ignore'));

CREATE TABLE feature_declaration (
  model_id  integer NOT NULL REFERENCES model ON DELETE CASCADE,
  name      text NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
  role      text CHECK (role IN ('input', 'prediction', 'label')),
  tier      text CHECK (tier IN ('critical', 'standard', 'ignore')),
  PRIMARY KEY (model_id, name)
);

-- Tiers that hold now are kept with the version that is active.
ALTER TABLE baseline_feature DISABLE TRIGGER baseline_feature_immutable;
UPDATE baseline_feature bf SET tier = f.tier FROM baseline b, feature f
 WHERE b.id = bf.baseline_id AND b.state = 'active' AND f.id = bf.feature_id AND f.tier <> 'standard';
ALTER TABLE baseline_feature ENABLE TRIGGER baseline_feature_immutable;

-- Features that the active version lacks are watched no longer.
UPDATE feature f SET retired_at = now()
 WHERE retired_at IS NULL
   AND EXISTS (SELECT 1 FROM baseline b WHERE b.model_id = f.model_id AND b.state = 'active')
   AND NOT EXISTS (SELECT 1 FROM baseline b JOIN baseline_feature bf ON bf.baseline_id = b.id
                    WHERE b.model_id = f.model_id AND b.state = 'active' AND bf.segment = 'all' AND bf.feature_id = f.id);

ALTER TABLE baseline_event DROP CONSTRAINT baseline_event_action_check;
ALTER TABLE baseline_event ADD CONSTRAINT baseline_event_action_check
  CHECK (action IN ('added', 'activated', 'rolled-back', 'scheduled', 'unscheduled', 'discarded'));

-- Versions that are counted beside the active one are looked up at every refresh of what is counted.
CREATE INDEX baseline_state ON baseline (model_id, state);
