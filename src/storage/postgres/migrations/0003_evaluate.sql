CREATE TABLE monitor (
  id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name           text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
  model_id       integer NOT NULL REFERENCES model ON DELETE CASCADE,
  -- Ticks before this instant (on the monitor's clock) are not due; null until the clock first ticks.
  scheduled_from timestamptz,
  created_at     timestamptz NOT NULL DEFAULT now()
);

-- One row a due tick; lease and epoch make one replica run it.
CREATE TABLE monitor_tick (
  monitor_id  integer NOT NULL REFERENCES monitor ON DELETE CASCADE,
  due         timestamptz NOT NULL,
  state       text NOT NULL CHECK (state IN ('running', 'done', 'missed')),
  epoch       bigint NOT NULL DEFAULT 1,
  owner       text,
  lease_until timestamptz,
  attempts    integer NOT NULL DEFAULT 1,
  finished_at timestamptz,
  PRIMARY KEY (monitor_id, due)
) WITH (fillfactor = 50);

CREATE TABLE evaluation (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  monitor_id  integer NOT NULL REFERENCES monitor ON DELETE CASCADE,
  window_end  timestamptz NOT NULL,
  revision    integer NOT NULL DEFAULT 0,
  due         timestamptz NOT NULL,
  baseline_id integer REFERENCES baseline,
  complete    boolean NOT NULL,
  watermark   timestamptz,
  -- Everything needed to recompute: alert budget share q, evaluations a day, the policy.
  settings    jsonb NOT NULL,
  summary     jsonb NOT NULL,
  duration_ms double precision NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (monitor_id, window_end, revision)
);

-- window_name: '1h', '6h', '24h', '7d'. result: the whole FeatureResult; the columns are what people and gauges ask for.
CREATE TABLE score (
  evaluation_id  bigint NOT NULL REFERENCES evaluation ON DELETE CASCADE,
  feature_id     integer NOT NULL REFERENCES feature ON DELETE CASCADE,
  segment        text NOT NULL,
  window_name    text NOT NULL,
  verdict        text NOT NULL,
  n              bigint NOT NULL,
  m              bigint NOT NULL,
  psi            double precision,
  ks             double precision,
  ks_low         double precision,
  ks_high        double precision,
  ks_log_p       double precision,
  result         jsonb NOT NULL,
  PRIMARY KEY (evaluation_id, feature_id, segment, window_name)
);

CREATE TABLE alert (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  monitor_id    integer NOT NULL REFERENCES monitor ON DELETE CASCADE,
  feature_id    integer NOT NULL REFERENCES feature ON DELETE CASCADE,
  segment       text NOT NULL,
  state         text NOT NULL CHECK (state IN ('inactive', 'pending', 'firing')),
  severity      text CHECK (severity IN ('warning', 'critical')),
  incident      integer NOT NULL DEFAULT 0,
  -- The verdicts of the last evaluations, newest last: what k-of-n opening and closing look at.
  recent        text[] NOT NULL DEFAULT '{}',
  pending_since timestamptz,
  firing_since  timestamptz,
  resolved_at   timestamptz,
  notified_severity text,
  evaluation_id bigint REFERENCES evaluation ON DELETE SET NULL,
  UNIQUE (monitor_id, feature_id, segment)
);

-- Nothing is sent that is not first here. One row a recipient; dedup_key is the same on every attempt.
CREATE TABLE outbox (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dedup_key       text NOT NULL UNIQUE,
  receiver        text NOT NULL,
  channel         text NOT NULL,
  recipient       text NOT NULL,
  reason          text NOT NULL CHECK (reason IN ('first', 'escalated', 'added', 'resolved', 'repeat', 'test')),
  message         jsonb NOT NULL,
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  lease_epoch     bigint NOT NULL DEFAULT 0,
  lease_until     timestamptz,
  last_error      text,
  created_at      timestamptz NOT NULL DEFAULT now(),
  finished_at     timestamptz
) WITH (fillfactor = 50);
CREATE INDEX outbox_pending ON outbox (next_attempt_at) WHERE state = 'pending';
