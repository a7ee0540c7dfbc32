-- Tokens of the HTTP API. Only SHA-256 of a token is kept; key_id is its public part, by which it is found. After a
-- rotation the earlier one holds until previous_until. models NULL: all of them.
CREATE TABLE api_token (
  id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name            text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
  scopes          text[] NOT NULL CHECK (cardinality(scopes) > 0
                    AND scopes <@ ARRAY['read', 'baseline:write', 'events:write', 'admin']),
  models          text[],
  key_id          text NOT NULL UNIQUE CHECK (key_id ~ '^[0-9a-f]{16}$'),
  hash            bytea NOT NULL CHECK (length(hash) = 32),
  previous_key_id text UNIQUE,
  previous_hash   bytea CHECK (length(previous_hash) = 32),
  previous_until  timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  created_by      text NOT NULL,
  rotated_at      timestamptz,
  expires_at      timestamptz,
  revoked_at      timestamptz,
  last_used_at    timestamptz
) WITH (fillfactor = 70);

-- Who changed what, when. No reference: a line stays when its model or token goes.
CREATE TABLE audit (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  happened_at timestamptz NOT NULL DEFAULT now(),
  actor       text NOT NULL CHECK (length(actor) BETWEEN 1 AND 256),
  action      text NOT NULL,
  target      text NOT NULL,
  detail      jsonb NOT NULL DEFAULT '{}',
  request_id  text
);
CREATE FUNCTION audit_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was done is done: a line of the audit never changes';
END $$;
CREATE TRIGGER audit_immutable BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_immutable();

-- The pages of the API read evaluations by their age, and a feature's scores over time.
CREATE INDEX score_feature ON score (feature_id, evaluation_id);
CREATE INDEX evaluation_monitor_id ON evaluation (monitor_id, id);
