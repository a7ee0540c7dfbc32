-- What was recorded stays: lines of the audit are never changed or deleted, those of a model's record not before the model is.
-- An older binary can live with it.
CREATE TRIGGER audit_stays BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_immutable();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_immutable();

CREATE FUNCTION baseline_record_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM model WHERE id = OLD.model_id) THEN
    RAISE EXCEPTION 'the record of a model stays as long as the model does';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER baseline_event_stays BEFORE DELETE ON baseline_event
  FOR EACH ROW EXECUTE FUNCTION baseline_record_stays();
CREATE TRIGGER baseline_stays BEFORE DELETE ON baseline
  FOR EACH ROW EXECUTE FUNCTION baseline_record_stays();

-- Warnings are kept whole, so that an upload that comes again is answered as it was.
UPDATE baseline SET warnings = (
  SELECT jsonb_agg(CASE WHEN jsonb_typeof(w) = 'string'
           THEN jsonb_build_object('level', 'warning', 'check', 'earlier', 'feature', NULL, 'text', w) ELSE w END)
    FROM jsonb_array_elements(warnings) w)
 WHERE jsonb_array_length(warnings) > 0;
