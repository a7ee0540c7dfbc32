-- Who did what to a baseline, when and why. Several binnings a feature: a baseline whose values need a binning of their
-- own is counted on the feature's earlier one, too, so that what is stored can be judged against it at once.
-- A binary from before this cannot read baselines that are added after it.

-- rank 0: the baseline's own binning; above: those of the feature's history. checksum: SHA-256 of the document's text.
ALTER TABLE baseline_feature ADD COLUMN rank smallint NOT NULL DEFAULT 0 CHECK (rank >= 0);
ALTER TABLE baseline_feature ADD COLUMN checksum text CHECK (checksum ~ '^[0-9a-f]{64}$');
ALTER TABLE baseline_feature DROP CONSTRAINT baseline_feature_pkey;
ALTER TABLE baseline_feature ADD PRIMARY KEY (baseline_id, segment, feature_id, rank);

-- source_fingerprint: of the bytes and declarations that it was made of: the same upload is known again, whatever the
-- binnings of the moment. warnings: what the checks found. activate_at: when it becomes active by itself.
ALTER TABLE baseline ADD COLUMN source_fingerprint text CHECK (source_fingerprint ~ '^[0-9a-f]{64}$');
ALTER TABLE baseline ADD COLUMN warnings jsonb NOT NULL DEFAULT '[]';
ALTER TABLE baseline ADD COLUMN activate_at timestamptz;
CREATE UNIQUE INDEX baseline_source ON baseline (model_id, source_fingerprint);
CREATE INDEX baseline_scheduled ON baseline (activate_at) WHERE activate_at IS NOT NULL;

CREATE TABLE baseline_event (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  model_id    integer NOT NULL REFERENCES model ON DELETE CASCADE,
  version     integer NOT NULL,
  action      text NOT NULL CHECK (action IN ('added', 'activated', 'rolled-back', 'scheduled', 'unscheduled')),
  actor       text NOT NULL,
  reason      text NOT NULL,
  happened_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX baseline_event_model ON baseline_event (model_id, id);

INSERT INTO baseline_event (model_id, version, action, actor, reason, happened_at)
SELECT model_id, version, action, 'driftd', '', at
FROM (SELECT model_id, version, 'added' AS action, created_at AS at FROM baseline
      UNION ALL SELECT model_id, version, 'activated', activated_at FROM baseline WHERE activated_at IS NOT NULL) e
ORDER BY at, version;

-- What is stored of a baseline never changes; only its state does.
CREATE FUNCTION baseline_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a stored baseline never changes: add another version';
END $$;
CREATE TRIGGER baseline_feature_immutable BEFORE UPDATE ON baseline_feature
  FOR EACH ROW EXECUTE FUNCTION baseline_is_immutable();
CREATE TRIGGER baseline_immutable BEFORE UPDATE ON baseline FOR EACH ROW
  WHEN (OLD.model_id <> NEW.model_id OR OLD.version <> NEW.version OR OLD.fingerprint <> NEW.fingerprint
        OR OLD.row_count <> NEW.row_count OR OLD.provenance <> NEW.provenance)
  EXECUTE FUNCTION baseline_is_immutable();
CREATE TRIGGER baseline_event_immutable BEFORE UPDATE ON baseline_event
  FOR EACH ROW EXECUTE FUNCTION baseline_is_immutable();
