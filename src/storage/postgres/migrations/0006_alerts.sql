-- How often an alert opened again within a week of closing; who took an incident on.
ALTER TABLE alert
  ADD COLUMN flaps integer NOT NULL DEFAULT 0,
  ADD COLUMN acknowledged_incident integer,
  ADD COLUMN acknowledged_by text CHECK (length(acknowledged_by) BETWEEN 1 AND 128),
  ADD COLUMN acknowledged_note text CHECK (length(acknowledged_note) <= 1000),
  ADD COLUMN acknowledged_at timestamptz;

-- When each receiver was last told of a monitor's alerts, on the monitor's clock: repeats count from here.
CREATE TABLE alert_told (
  monitor_id integer NOT NULL REFERENCES monitor ON DELETE CASCADE,
  receiver   text NOT NULL,
  told_at    timestamptz NOT NULL,
  PRIMARY KEY (monitor_id, receiver)
);

-- Alerts that all matchers fit are not told between begin and end. Rows stay as a record after their end.
CREATE TABLE silence (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  matchers   jsonb NOT NULL,
  author     text NOT NULL CHECK (length(author) BETWEEN 1 AND 128),
  reason     text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
  starts_at  timestamptz NOT NULL,
  ends_at    timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expired_by text,
  CHECK (ends_at >= starts_at)
);
CREATE INDEX silence_ends_at ON silence (ends_at);

-- Messages of one group that wait for more of it are merged; group_key null: never.
ALTER TABLE outbox ADD COLUMN group_key text;
CREATE INDEX outbox_group ON outbox (group_key, channel, recipient, id) WHERE group_key IS NOT NULL;
